/*
 * Pooled, reference-counted buffers. A pool keeps returned buffers and hands them out again, so
 * that a run in the steady state asks the system for nothing. Buffers may be returned in any
 * order, from any thread, and after the pool was ended: the last one frees the pool.
 */
#ifndef STZ_MEM_H
#define STZ_MEM_H

#include "base/common.h"

/* What a buffer is for: counted apart, and only reused for the same purpose. */
typedef enum stz_purpose {
    STZ_MEM_PICTURE, /* pixels */
    STZ_MEM_ENCODED, /* encoded files */
    STZ_MEM_ARENA,   /* activations of an engine run */
    STZ_MEM_SCRATCH, /* resize rows, tile statistics and the like */
    STZ_MEM_PURPOSES
} stz_purpose;

typedef struct stz_pool stz_pool;

typedef struct stz_buf {
    uint8_t *data; /* aligned to 64 bytes, from 4 MiB on to 2 MiB with huge pages asked for;
                      contents undefined */
    size_t size;   /* usable bytes, at least what was asked for */
} stz_buf;

typedef struct stz_pool_stats {
    uint64_t bytes, peak, allocs, reuses; /* as in stylize_stats */
} stz_pool_stats;

/* Where buffers come from, if not from malloc: memory of a device, or pages that a device can read. It
 * must outlive the last buffer. */
typedef struct stz_allocator {
    void *(*alloc)(void *user, size_t size); /* NULL: none to be had */
    void (*free)(void *user, void *data);
    void *user;
    bool or_malloc; /* ordinary memory will do where there is none of this kind */
} stz_allocator;

/* NULL if there is no memory. keep: bytes of idle buffers that are kept at most. */
stz_pool *stz_pool_create(uint64_t keep);
/* New buffers of a purpose come from there; those that exist stay what they are. */
void stz_pool_set_allocator(stz_pool *pool, stz_purpose purpose, const stz_allocator *allocator);
/* No more buffers will be asked for. */
void stz_pool_end(stz_pool *pool);
/* A buffer with one reference, or NULL if there is no memory. */
stz_buf *stz_pool_get(stz_pool *pool, stz_purpose purpose, size_t size);
void stz_pool_get_stats(stz_pool *pool, stz_purpose purpose, stz_pool_stats *out); /* PURPOSES: all */
void stz_pool_trim(stz_pool *pool); /* frees all idle buffers */

void stz_buf_ref(stz_buf *buf);
void stz_buf_unref(stz_buf *buf); /* NULL is fine; with the last reference it goes back to its pool */

#endif
