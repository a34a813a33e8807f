#include "job/tiling_bytes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#define ORDER    0x01020304u
#define SIDE_MAX (1 << 20)

/* What the bytes begin with; the style code and the statistics follow. */
struct head {
    char magic[8];
    uint32_t order; /* read back as another number where the bytes of a number lie the other way round */
    uint32_t form;
    char version[16];
    char model[64];
    int32_t width, height, core_w, core_h, columns, rows, margin, multiple, min_side;
    int32_t code_length, stats_length;
    int32_t reserved;
    uint64_t check; /* of everything, with 0 here */
};
_Static_assert(sizeof(struct head) == 152, "no padding in what is stored");

static uint64_t check_of(const void *data, size_t size)
{
    struct head head;
    memcpy(&head, data, sizeof head);
    head.check = 0;
    XXH3_state_t state;
    XXH3_64bits_reset(&state);
    XXH3_64bits_update(&state, &head, sizeof head);
    XXH3_64bits_update(&state, (const uint8_t *)data + sizeof head, size - sizeof head);
    return XXH3_64bits_digest(&state);
}

static bool within(int32_t v, int32_t least, int32_t most) { return v >= least && v <= most; }

static bool sound(const struct head *h, size_t size)
{
    if (!within(h->width, 1, SIDE_MAX) || !within(h->height, 1, SIDE_MAX) ||
        !within(h->core_w, 1, SIDE_MAX) || !within(h->core_h, 1, SIDE_MAX) ||
        !within(h->margin, 0, SIDE_MAX) || !within(h->multiple, 1, 4096) ||
        !within(h->min_side, 1, SIDE_MAX) || !within(h->code_length, 0, SIDE_MAX) ||
        !within(h->stats_length, 0, SIDE_MAX) || h->reserved)
        return false;
    const int columns = (h->width + h->core_w - 1) / h->core_w,
              rows = (h->height + h->core_h - 1) / h->core_h;
    if (h->columns != columns || h->rows != rows || (int64_t)columns * rows > SIDE_MAX)
        return false;
    if (!h->stats_length ? columns * rows != 1
                         : h->margin % h->multiple || h->core_w % h->multiple || h->core_h % h->multiple)
        return false;
    return size == sizeof *h + ((size_t)h->code_length + (size_t)h->stats_length) * sizeof(float);
}

static bool finite_numbers(const uint8_t *from, int n)
{
    for (int i = 0; i < n; i++) {
        float v;
        memcpy(&v, from + (size_t)i * sizeof v, sizeof v);
        if (!isfinite(v))
            return false;
    }
    return true;
}

stylize_status stz_tiling_read(const void *data, size_t size, stz_tiling_view *out, stylize_error *err)
{
    struct head h;
    if (!data || size < sizeof h)
        return stz_fail(err, STYLIZE_ERR_INVALID, "a tiling is missing, or has %zu bytes only", size);
    memcpy(&h, data, sizeof h);
    if (memcmp(h.magic, "STZTILE", sizeof h.magic) || h.order != ORDER || h.form != 1 ||
        h.version[sizeof h.version - 1] || h.model[sizeof h.model - 1])
        return stz_fail(err, STYLIZE_ERR_INVALID, "this is no tiling that stylize_tiling_create made");
    if (strcmp(h.version, stylize_version()))
        return stz_fail(err, STYLIZE_ERR_INVALID, "the tiling was made by version %s, this is %s", h.version,
                        stylize_version());
    const uint8_t *numbers = (const uint8_t *)data + sizeof h;
    if (!sound(&h, size) || h.check != check_of(data, size) ||
        !finite_numbers(numbers, h.code_length + h.stats_length))
        return stz_fail(err, STYLIZE_ERR_INVALID, "the tiling is damaged");
    *out = (stz_tiling_view){
        .t = {h.width, h.height, h.core_w, h.core_h, h.columns, h.rows, h.margin, h.multiple, h.min_side},
        .code_length = h.code_length,
        .stats_length = h.stats_length,
        .code = numbers,
        .stats = numbers + (size_t)h.code_length * sizeof(float)};
    memcpy(out->model, h.model, sizeof h.model);
    return STYLIZE_OK;
}

stylize_status stz_tiling_new(const stz_tiling *t, const stz_model *m, bool stats, stz_tiling_bytes *out,
                              stylize_error *err)
{
    const int stats_length = stats ? m->stats_length : 0;
    const size_t code_bytes = (size_t)m->code_length * sizeof(float);
    const size_t size = sizeof(struct head) + code_bytes + (size_t)stats_length * sizeof(float);
    uint8_t *data = calloc(1, size);
    if (!data)
        return stz_nomem(err, size);
    struct head h = {.magic = "STZTILE",
                     .order = ORDER,
                     .form = 1,
                     .width = t->width,
                     .height = t->height,
                     .core_w = t->core_w,
                     .core_h = t->core_h,
                     .columns = t->columns,
                     .rows = t->rows,
                     .margin = t->margin,
                     .multiple = t->multiple,
                     .min_side = t->min_side,
                     .code_length = m->code_length,
                     .stats_length = stats_length};
    strncpy(h.version, stylize_version(), sizeof h.version - 1);
    memcpy(h.model, m->name, sizeof h.model);
    memcpy(data, &h, sizeof h);
    /* Aligned: malloc's block, a head of 152 bytes, whole floats. */
    *out = (stz_tiling_bytes){.data = data,
                              .size = size,
                              .code = (float *)(void *)(data + sizeof h),
                              .stats = (float *)(void *)(data + sizeof h + code_bytes)};
    return STYLIZE_OK;
}

void stz_tiling_seal(const stz_tiling_bytes *bytes)
{
    struct head h;
    memcpy(&h, bytes->data, sizeof h);
    h.check = check_of(bytes->data, bytes->size);
    memcpy(bytes->data, &h, sizeof h);
}
