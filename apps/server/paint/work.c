#include "paint/work.h"

#include <stdlib.h>

blob *blob_create(void)
{
    blob *b = calloc(1, sizeof *b);
    if (b)
        atomic_init(&b->references, 1);
    return b;
}

blob *blob_hold(blob *b)
{
    atomic_fetch_add(&b->references, 1);
    return b;
}

void blob_release(blob *b)
{
    if (!b || atomic_fetch_sub(&b->references, 1) != 1)
        return;
    buf_free(&b->body);
    buf_free(&b->pictures);
    free(b);
}

void work_free(work *w)
{
    blob_release(w->memory);
    w->memory = NULL;
}

stylize_image encoded_image(slice s)
{
    return (stylize_image){.pixels = (uint8_t *)s.data, .size = s.size, .format = STYLIZE_FORMAT_ENCODED};
}
