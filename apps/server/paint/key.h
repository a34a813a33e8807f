/* The key of a painting: a digest of its pictures and of all that it depends on. */
#ifndef SERVER_KEY_H
#define SERVER_KEY_H

#include "paint/work.h"

/* What is the same for all paintings of a server. */
typedef struct keying {
    const char *precision; /* its name */
    /* Digest of a style that was added at run time, by its id; false: it is one of the library. */
    bool (*added_style)(void *user, const char *id, uint8_t digest[32]);
    void *added_user;
} keying;

/* Digests the pictures of styles and masks, for works that have them in common. */
void params_digest(params *p);
/* The key of a work as it is now; false without memory. Digests what was not digested yet, which takes its time. */
bool work_key(const keying *k, work *w);

#endif
