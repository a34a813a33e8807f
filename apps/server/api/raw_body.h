/*
 * A picture as the body itself, with the other fields in the address: `curl --data-binary @photo.jpg -H 'Content-Type:
 * image/jpeg' '.../style-transfer?style_id=udnie'`. It becomes the form that it stands for, so that whatever reads a body
 * reads and keeps one kind.
 */
#ifndef SERVER_RAW_BODY_H
#define SERVER_RAW_BODY_H

#include "http/exchange.h"

/* Nothing is done to a body of another type. False: no memory, or the address has a picture. */
bool raw_body_wrap(exchange *x, problem *wrong);

#endif
