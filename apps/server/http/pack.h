/* Answers that are text, sent as gzip to clients that take it. */
#ifndef SERVER_PACK_H
#define SERVER_PACK_H

#include "http/exchange.h"

/* Whether a list such as "br, gzip;q=0.8" allows gzip. */
bool pack_allowed(slice accept_encoding);
/* Whether this request does. */
bool pack_wanted(const exchange *x);
/* False, and out stays empty, if memory ran out or it would not get smaller. */
bool pack_gzip(slice in, buf *out);

#endif
