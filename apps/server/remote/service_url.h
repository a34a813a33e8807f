/* Addresses of other services, read by libcurl. */
#ifndef SERVER_SERVICE_URL_H
#define SERVER_SERVICE_URL_H

#include "base/text.h"

typedef struct service_url {
    char scheme[16];
    char user[128], password[256]; /* decoded; "" if not given */
    char host[256];                /* without the brackets of IPv6 */
    unsigned port;                 /* 0: not given */
    char path[512];                /* "" or from its slash on, as it was written; not "/" alone */
} service_url;

/* "scheme://[user[:password]@]host[:port][/path]". A message shows nothing of the address. */
bool url_parse(slice text, service_url *out, char *message, size_t size);

#endif
