#include "npy.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "(1, 3, 64, 96)" or "(5,)"; false if there are too many numbers. */
static bool read_shape(const char *text, npy *out)
{
    out->count = 1;
    for (text = strchr(text, '('); text && *++text && *text != ')';) {
        char *end;
        const unsigned long side = strtoul(text, &end, 10);
        if (end == text || out->dims == NPY_DIMS || side > 1u << 24)
            return false;
        out->shape[out->dims++] = side;
        out->count *= side;
        text = end + strspn(end, ", ") - 1;
    }
    return text != NULL && out->count < 1u << 28;
}

bool npy_read(const char *path, npy *out)
{
    unsigned char start[10];
    char header[1024] = {0};
    *out = (npy){0};
    FILE *f = fopen(path, "rb");
    if (!f)
        return false;
    bool ok = fread(start, 1, sizeof start, f) == sizeof start && !memcmp(start, "\x93NUMPY\1", 7);
    const size_t length = ok ? start[8] | (size_t)start[9] << 8 : 0;
    ok = ok && length < sizeof header && fread(header, 1, length, f) == length &&
         strstr(header, "'descr': '<f4'") && strstr(header, "'fortran_order': False");
    const char *shape = ok ? strstr(header, "'shape':") : NULL;
    ok = shape && read_shape(shape, out);
    if (ok) {
        out->data = malloc(out->count * sizeof(float) + 1);
        ok = out->data && fread(out->data, sizeof(float), out->count, f) == out->count && fgetc(f) == EOF;
    }
    fclose(f);
    if (!ok)
        npy_free(out);
    return ok;
}

void npy_free(npy *array)
{
    free(array->data);
    *array = (npy){0};
}
