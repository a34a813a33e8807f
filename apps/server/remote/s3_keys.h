/* Credentials for S3: from the usual variables, or from a file as the AWS tools have it. */
#ifndef SERVER_S3_KEYS_H
#define SERVER_S3_KEYS_H

#include "base/text.h"

typedef struct s3_keys {
    char access[192], secret[256], token[4096]; /* token "": none */
} s3_keys;

/* path NULL: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN. False with a message. */
bool s3_keys_read(s3_keys *k, const char *path, char *message, size_t size);
/* The section [default] of such a file; false if it holds no pair. */
bool s3_keys_parse(slice text, s3_keys *k);

#endif
