/*
 * What a GPU has to offer, as a table of functions. Two things fill it: the plugin's CUDA half,
 * libstylize_torch_cuda.so (shim/cuda), and a double over ordinary memory and threads (tests/gpu), by
 * which all that decides about buffers, streams and batches is tested without a GPU.
 *
 * Plain C99. Every function may be called by several threads at once, except close, the last call on its
 * device. Functions that can fail return a code of shim.h and copy one line of text. Handles are
 * CUDA's own in the CUDA half: a stream is a cudaStream_t, so a program's streams can be passed in.
 */
#ifndef STZ_DEVICE_H
#define STZ_DEVICE_H

#include "ops.h"
#include "shim.h"

/* Rises with every change of this header, ops.h or pixel.h. */
#define STZ_DEVICE_ABI 2

typedef struct stz_device stz_device; /* an open device */

/* Copy in, compute and copy out lie on streams of their own, so that they overlap. */
enum { STZ_STREAM_IN, STZ_STREAM_RUN, STZ_STREAM_OUT, STZ_STREAMS };

typedef struct stz_device_info {
    char name[48];
    size_t total, free; /* bytes; with MPS or MIG what this process may have */
} stz_device_info;

/* Rows from one memory to another; each side may be the host's or the device's. */
typedef struct stz_copy {
    void *to;
    const void *from;
    size_t to_pitch, from_pitch, row, rows;
} stz_copy;

typedef int (*stz_device_fn)(void *arg); /* returns a code */

typedef struct stz_device_table {
    int abi;
    int host_tensors; /* the device's memory is the host's, and networks run on the CPU: the double */

    /* Devices that can be used, at least 0; -1 and a text that says why none can. */
    int (*count)(const stz_torch_error *error);
    int (*info)(int index, stz_device_info *out, const stz_torch_error *error);
    int (*open)(int index, stz_device **out, const stz_torch_error *error);
    void (*close)(stz_device *device); /* NULL is fine */
    void *(*stream)(stz_device *device, int which);

    int (*alloc)(stz_device *device, size_t size, void **out, const stz_torch_error *error);
    void (*free)(stz_device *device, void *data); /* what used it is over */
    void (*trim)(stz_device *device);             /* gives back what allocators keep in reserve */
    void *(*pinned_alloc)(size_t size);           /* host memory that devices read by themselves; or NULL */
    void (*pinned_free)(void *data);
    /* Where an address lies: the index of a device, -1: pinned host memory, -2: other host memory. */
    int (*where)(const void *data);

    int (*copy)(stz_device *device, void *stream, const stz_copy *copy, const stz_torch_error *error);
    int (*launch)(stz_device *device, void *stream, int op, const void *args, const stz_torch_error *error);
    int (*event_create)(stz_device *device, void **out, const stz_torch_error *error);
    void (*event_destroy)(stz_device *device, void *event); /* NULL is fine */
    int (*record)(stz_device *device, void *event, void *stream, const stz_torch_error *error);
    /* What comes later on the stream waits until the event's last record is reached. */
    int (*wait)(stz_device *device, void *stream, void *event, const stz_torch_error *error);
    int (*finish)(stz_device *device, void *event, const stz_torch_error *error); /* the caller waits */

    /* Runs fn at once on the calling thread, with libtorch working on that stream. */
    int (*run)(stz_device *device, void *stream, stz_device_fn fn, void *arg);
    /* The same, but what fn would do is kept as a graph, and not done. arg must outlive the graph. */
    int (*capture)(stz_device *device, void *stream, stz_device_fn fn, void *arg, void **graph,
                   const stz_torch_error *error);
    int (*replay)(stz_device *device, void *stream, void *graph, const stz_torch_error *error);
    void (*graph_destroy)(stz_device *device, void *graph); /* its last replay is over; NULL is fine */
} stz_device_table;

#ifdef __cplusplus
extern "C" {
#endif
/* The one function of libstylize_torch_cuda.so; the table lives for ever. */
STZ_TORCH_API const stz_device_table *stz_device_table_get(void) STZ_NOEXCEPT;
#ifdef __cplusplus
}
#endif
#endif
