/*
 * A device that is none: its memory is the host's, each stream is a thread that does what is queued, in
 * order and with random delays, and an event is a number that a stream reaches. Streams share nothing but
 * events, so ThreadSanitizer sees every wait that is missing. Memory runs out where it is told to, and any
 * call can be made to fail.
 */
#ifndef TEST_GPU_DOUBLE_H
#define TEST_GPU_DOUBLE_H

#include <stdatomic.h>

#include "../../shim/device.h"

typedef struct double_state {
    atomic_int devices;    /* that there are; -1: none, and `reason` says why */
    const char *reason;    /* static text */
    atomic_int delay_us;   /* longest delay of a queued operation */
    atomic_long limit;     /* bytes of device memory */
    atomic_long bytes;     /* in use */
    atomic_long pinned;    /* bytes of pinned memory in use */
    atomic_int no_pinned;  /* there is no pinned memory to be had */
    atomic_int fail_in;    /* that many calls from now, one fails; 0: none */
    atomic_int no_capture; /* capturing fails */
    atomic_int trims, captures, replays, events, graphs, open; /* the last three: that exist now */
    atomic_int calls;
} double_state;

extern double_state device_double;

void double_reset(void);
const stz_device_table *double_table(void);

/* CUDA's legacy default stream, as DLPack names it. */
#define DOUBLE_DEFAULT_STREAM ((void *)1)

/* A program's own stream and memory. */
void *double_stream_create(void);
void double_stream_destroy(void *stream); /* does what is queued first */
void double_stream_write(void *stream, void *to, const void *from, size_t size); /* queued */
void double_stream_follow(void *later,
                          void *earlier);    /* what comes on the one waits for what is on the other */
void *double_alloc(int device, size_t size); /* not counted in bytes */
void double_free(void *data);

#endif
