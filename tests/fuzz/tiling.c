/* A tiling from elsewhere: read as it came and with its check made right, so that what lies behind the check
 * is reached; every tile of a sound one lies inside its picture. */
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "job/tiling_bytes.h"

#define CHECK_AT 144

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look(const void *data, size_t size)
{
    stz_tiling_view view;
    stylize_error err;
    if (stz_tiling_read(data, size, &view, &err))
        return;
    const int count = view.t.columns * view.t.rows;
    for (int i = 0; i < count; i += 1 + count / 64) {
        stylize_tile t = {.struct_size = sizeof t};
        if (stylize_tiling_get(data, size, (uint32_t)i, &t, &err) || !t.width || !t.height ||
            t.x < t.from_x || t.y < t.from_y || t.x + t.width > t.from_x + t.from_width ||
            t.y + t.height > t.from_y + t.from_height || t.from_x + t.from_width > t.canvas_width ||
            t.from_y + t.from_height > t.canvas_height)
            __builtin_trap();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    look(data, size);
    if (size < CHECK_AT + 8)
        return 0;
    uint8_t *copy = malloc(size);
    if (!copy)
        return 0;
    memcpy(copy, data, size);
    memset(copy + CHECK_AT, 0, 8);
    const uint64_t check = XXH3_64bits(copy, size);
    memcpy(copy + CHECK_AT, &check, sizeof check);
    look(copy, size);
    free(copy);
    return 0;
}
