/* What all functions of the border share, and the device that networks are loaded on. Plain C99. */
#ifndef STZ_TORCH_TORCH_H
#define STZ_TORCH_TORCH_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#define STZ_TORCH_API __attribute__((visibility("default")))
#define STZ_NOEXCEPT  noexcept
#else
#define STZ_TORCH_API
#define STZ_NOEXCEPT
#endif

/* Rises with every change of a header that shim.h includes. */
#define STZ_TORCH_ABI 4

/* Codes; the numbers are those of stylize_status. */
enum {
    STZ_TORCH_OK = 0,
    STZ_TORCH_INVALID = 1,
    STZ_TORCH_NOMEM = 2,
    STZ_TORCH_MODEL = 8,
    STZ_TORCH_UNSUPPORTED = 9,
    STZ_TORCH_ENGINE = 10
};

typedef struct stz_torch_error {
    char *text; /* receives one line, terminated, cut if too long */
    size_t size;
} stz_torch_error;

/* How a network computes. Convolutions and memory in half precision, sums of norms in fp32 all the same. */
enum { STZ_TORCH_FP32, STZ_TORCH_HALF, STZ_TORCH_TF32 };

typedef struct stz_torch stz_torch; /* a device with its settings */

/* Interleaved RGB: bytes from 0 to 255, or floats from 0 to 1. */
typedef struct stz_torch_picture {
    void *data;
    ptrdiff_t stride; /* bytes from row to row; a multiple of 4 for floats */
    int is_float;
} stz_torch_picture;

STZ_TORCH_API int stz_torch_abi(void) STZ_NOEXCEPT;

/* CUDA devices that can be used. libtorch looks for its CUDA half once, at the first call of this or
 * of open: libtorch_cuda must be in the process before. */
STZ_TORCH_API int stz_torch_cuda_count(void) STZ_NOEXCEPT;

/* cuda: a device's index, or -1 for the CPU. threads: for each thread that calls apply or encode.
 * version receives that of the libtorch that runs. UNSUPPORTED: it is not the one built with. TF32 or
 * not is a setting of the process: the last open of a device counts. */
STZ_TORCH_API int stz_torch_open(int cuda, int threads, int precision, stz_torch **out, char *version,
                                 size_t size, const stz_torch_error *error) STZ_NOEXCEPT;
STZ_TORCH_API void stz_torch_close(stz_torch *torch) STZ_NOEXCEPT; /* after its nets; NULL is fine */

#ifdef __cplusplus
}
#endif
#endif
