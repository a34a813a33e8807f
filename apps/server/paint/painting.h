/* A finished picture. Shared by everyone who waits for it and by the cache; never changed once made. */
#ifndef SERVER_PAINTING_H
#define SERVER_PAINTING_H

#include <stdatomic.h>
#include <stylize/stylize.h>

#include "paint/params.h"

typedef struct painting_key {
    uint8_t bytes[32];
} painting_key;

typedef struct painting {
    atomic_int references;
    stylize_image image; /* encoded */
    uint32_t width, height;
    char engine[16], model[64];
    char style[512]; /* "starry_night", "a:0.5,b:0.5", "picture" */
    char subject[OWNER_MAX + SUBJECT_MAX + 1];
    uint32_t tiles, batch_size;
    bool degraded;
    bool damaged;   /* the photograph was, and is painted as far as it goes */
    float strength; /* that was used; below 0: not known */
    int64_t made;   /* when, in seconds of now_seconds; below 0: before this machine was started */
    double queue_seconds, prepare_seconds, engine_seconds, finish_seconds;
} painting;

painting *painting_hold(painting *p);
void painting_release(void *p); /* a painting, or NULL; typed as a free callback */
/* Takes the picture over. The library encodes into a buffer that is up to several times as large; a
 * picture may be kept for long, so that it moves to memory of its own size if there is some. */
void painting_take(painting *p, stylize_image *result);

/* As one block of bytes with everything but the references, for a file. */
bool painting_write(const painting *p, const painting_key *key, buf *out);
/* The same with another subject. */
bool painting_write_as(const painting *p, const painting_key *key, const char subject[STORED_SUBJECT],
                       buf *out);
/* From such a block; NULL if it is damaged or of another key. */
painting *painting_read(const painting_key *key, slice block);

#endif
