/* Seals of what is kept where others may write: Redis, a store, folders. With a key that only the servers have, nobody
 * else can make one (HMAC-SHA256, RFC 2104); without a key it is a SHA-256, and finds damage only. */
#ifndef SERVER_SEAL_H
#define SERVER_SEAL_H

#include "base/text.h"

#define SEAL_SIZE      32
#define SEAL_KEY_LEAST 16   /* bytes of the file, without the end of its line */
#define SEAL_KEY_MOST  4096

/* The key of the whole process, before anything is sealed; data NULL: none. */
void seal_with(slice key);
/* From a file. False with a message. */
bool seal_load(const char *path, char *message, size_t size);
bool seal_keyed(void);
/* Of two pieces as one. False: memory ran out, or the library does not work. */
bool seal_of(slice head, slice body, uint8_t out[SEAL_SIZE]);
/* In a time that does not tell how much of it is right. */
bool seal_equal(const uint8_t a[SEAL_SIZE], const uint8_t b[SEAL_SIZE]);

#endif
