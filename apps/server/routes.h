/* The table of routes: what is answered at which address. */
#ifndef SERVER_ROUTES_H
#define SERVER_ROUTES_H

#include "http/route.h"

extern const route routes[];
extern const int route_count;

#endif
