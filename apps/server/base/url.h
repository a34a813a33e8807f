/* Addresses of other services, and the secrets that go with them. */
#ifndef SERVER_URL_H
#define SERVER_URL_H

#include "base/text.h"

/* The text with *** for a password, whether it is a right address or not. */
void url_mask(const char *text, char *out, size_t size);
/* As it goes into a URL's path or query: all but letters, digits and -._~ (and / if asked for) as %XX. */
void url_encode(slice text, bool keep_slash, buf *out);

#define SECRET_MAX 1024

/* The first line of a file, without blanks around it. */
bool secret_read(const char *path, char out[SECRET_MAX], char *message, size_t size);

#endif
