/* What is stored under a subject: shown, and removed. */
#ifndef SERVER_PRIVACY_H
#define SERVER_PRIVACY_H

#include "http/exchange.h"

/* The subject of the address as it is stored; false: x has an answer. */
bool privacy_subject(exchange *x, char out[STORED_SUBJECT]);
void privacy_erase(exchange *x);

#endif
