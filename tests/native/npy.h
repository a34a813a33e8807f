/* Reader of little .npy files (float32, C order) for golden data. */
#ifndef NPY_H
#define NPY_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct npy {
    float *data;
    int dims, shape[8];
    size_t count;
} npy;

/* False if the file is not there or is something else. data is freed by the caller. */
static inline int npy_read(const char *path, npy *out)
{
    FILE *f = fopen(path, "rb");
    unsigned char head[10];
    char text[1024];
    memset(out, 0, sizeof *out);
    if (!f)
        return 0;
    if (fread(head, 1, 10, f) != 10 || memcmp(head, "\x93NUMPY\x01", 7) != 0)
        goto bad;
    const size_t length = (size_t)head[8] | (size_t)head[9] << 8;
    if (length >= sizeof text || fread(text, 1, length, f) != length)
        goto bad;
    text[length] = 0;
    const char *shape = strstr(text, "'shape': (");
    if (!strstr(text, "'descr': '<f4'") || !strstr(text, "'fortran_order': False") || !shape)
        goto bad;
    out->count = 1;
    for (const char *p = shape + 10; *p && *p != ')' && out->dims < 8;) {
        char *end;
        const long n = strtol(p, &end, 10);
        if (end == p)
            break;
        out->shape[out->dims++] = (int)n;
        out->count *= (size_t)n;
        p = end + strspn(end, ", ");
    }
    out->data = malloc(out->count * sizeof(float));
    if (!out->data || fread(out->data, sizeof(float), out->count, f) != out->count)
        goto bad;
    fclose(f);
    return 1;
bad:
    free(out->data);
    out->data = NULL;
    fclose(f);
    return 0;
}

/* [1, 3, H, W] to H x W x 3 and back. */
static inline float *npy_interleave(const npy *a, int *height, int *width)
{
    const int h = *height = a->shape[a->dims - 2], w = *width = a->shape[a->dims - 1];
    float *p = malloc(sizeof(float) * 3 * (size_t)h * (size_t)w);
    for (int c = 0; p && c < 3; c++)
        for (int i = 0; i < h * w; i++)
            p[i * 3 + c] = a->data[(size_t)c * (size_t)(h * w) + (size_t)i];
    return p;
}

#endif
