/* What is decided by the header of a request alone. */
#ifndef SERVER_ADMIT_H
#define SERVER_ADMIT_H

#include "http/exchange.h"

#define HEADER_MAX (16 << 10) /* bytes of a request's header, its first line included */

/* Finds the route and decides. False: x has an answer. */
bool admit(exchange *x, const char *url, const char *method);

#endif
