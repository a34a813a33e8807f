/* What the server answers at one address. The table of all of them is main's. */
#ifndef SERVER_ROUTE_H
#define SERVER_ROUTE_H

#include <stdbool.h>

typedef struct exchange exchange;

typedef enum route_access {
    ACCESS_OPEN, /* everyone */
    ACCESS_USER, /* a key, if there are keys and --anonymous is not given */
    ACCESS_OPERATOR, /* a key, if there are keys; without any, whoever reaches the server itself, not by a proxy */
    ACCESS_ADMIN /* an admin's key, or, without any keys, a client on this machine */
} route_access;

typedef struct route {
    const char *name; /* label of the metrics */
    const char *method;
    const char *path; /* "*" stands for one part, kept in exchange.part */
    route_access access;
    bool body;    /* takes one */
    bool limited; /* by the rate limit */
    bool works;   /* paints: refused while draining or with a full queue */
    void (*start)(exchange *x);
    void (*finish)(exchange *x); /* NULL: never waits */
} route;

#endif
