/*
 * Reader of safetensors files: an 8-byte length, a JSON header, raw little-endian tensors.
 * Strict: every length, offset, shape and type is checked before anything is used; nothing in a
 * file can make it read outside of it. The file is mapped, tensors point into the map.
 */
#ifndef STZ_SAFETENSORS_H
#define STZ_SAFETENSORS_H

#include "base/bundle.h"

#define STZ_TENSOR_DIMS 8

typedef enum stz_dtype {
    STZ_DTYPE_F32,
    STZ_DTYPE_F16,
    STZ_DTYPE_I8,
    STZ_DTYPE_I32,
    STZ_DTYPE_OTHER
} stz_dtype;

typedef struct stz_tensor {
    const char *name;
    stz_dtype dtype;
    int dims;
    size_t shape[STZ_TENSOR_DIMS];
    size_t count;     /* elements */
    const void *data; /* aligned for its type, or the file is refused */
} stz_tensor;

typedef struct stz_safetensors stz_safetensors;

stylize_status stz_safetensors_open(const char *path, stz_safetensors **out, stylize_error *err);
/* Over memory of the caller's, which must stay; used by tests and the fuzzer. */
stylize_status stz_safetensors_parse(const void *data, size_t size, stz_safetensors **out,
                                     stylize_error *err);
/* The file of a path in a bundle, used as it lies there, or of a path of the system without a bundle. */
stylize_status stz_safetensors_find_file(const stz_bundle *bundle, const char *path, stz_safetensors **out,
                                         stylize_error *err);
void stz_safetensors_close(stz_safetensors *file);                                     /* NULL is fine */
const stz_tensor *stz_safetensors_find(const stz_safetensors *file, const char *name); /* or NULL */
int stz_safetensors_count(const stz_safetensors *file);
const stz_tensor *stz_safetensors_at(const stz_safetensors *file, int index);
/* All of the file; its tensors lie in there. */
const void *stz_safetensors_bytes(const stz_safetensors *file, size_t *size);
const char *stz_safetensors_meta(const stz_safetensors *file, const char *key); /* or NULL */

#endif
