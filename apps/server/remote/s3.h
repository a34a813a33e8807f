/* An S3 bucket as a store: objects, also in parts. */
#ifndef SERVER_S3_H
#define SERVER_S3_H

#include "remote/store.h"

/* False with a message. */
bool s3_open(store *s, const store_options *o, char *message, size_t size);

#endif
