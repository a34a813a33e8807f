/* Reads .npy files of float32 in C order, as numpy.save writes them. */
#ifndef TESTS_NPY_H
#define TESTS_NPY_H

#include <stdbool.h>
#include <stddef.h>

#define NPY_DIMS 4

typedef struct npy {
    int dims;
    size_t shape[NPY_DIMS];
    size_t count;
    float *data; /* release with npy_free */
} npy;

/* false, with nothing to release, if the file is missing, damaged or of another type. */
bool npy_read(const char *path, npy *out);
void npy_free(npy *array);

#endif
