/* Safetensors files in memory, for tests. Memory is from malloc, of exactly the file's size, so that
 * a sanitizer sees what reads past the end. */
#ifndef TESTS_BLOB_H
#define TESTS_BLOB_H

#include <stddef.h>
#include <stdint.h>

typedef struct blob {
    uint8_t *data;
    size_t size;
} blob;

/* Any header text, padded with blanks to a multiple of 8 as all writers do; data: zero bytes. */
blob blob_make(const char *header, size_t data_size);

typedef struct blob_tensor {
    const char *name, *dtype;
    int dims;
    size_t shape[4];
    const void *data; /* NULL: zeros */
} blob_tensor;

/* A correct file. meta: key, text, key, text, ..., NULL. The tensors lie in the order given: put those
 * of large elements first, or they are not aligned. */
blob blob_file(const char *const *meta, const blob_tensor *tensors, int count);

#endif
