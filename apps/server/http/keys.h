/*
 * API keys. The file holds one line a key, "ROLE NAME SHA256": the digest of the key, never the key
 * itself; ROLE is user or admin. Lines that begin with # are comments.
 */
#ifndef SERVER_KEYS_H
#define SERVER_KEYS_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/text.h"

#define KEYS_MAX 4096

typedef struct api_key {
    uint8_t digest[32];
    char name[40];
    bool admin;
} api_key;

typedef struct keys {
    pthread_rwlock_t lock;
    api_key *list;
    size_t count;
    atomic_bool needed; /* a file was given */
} keys;

void keys_init(keys *k);
/* Reads the file; keeps the keys that were there before if it is bad. False with a message. */
bool keys_load(keys *k, const char *path, char *message, size_t size);
/* From the text of a file; NULL or the list with *count entries, which the caller frees. */
api_key *keys_parse(slice text, size_t *count, char *message, size_t size);
/* Whether that is a key; as slow for all that are wrong. */
bool keys_find(keys *k, slice presented, api_key *out);
void keys_free(keys *k);
/* Prints a new key for a person and its line for the file. */
int keys_print_new(const char *name);

#endif
