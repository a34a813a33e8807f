#include "codec/exif.h"

#include <string.h>

#define TAG_ORIENTATION 0x0112
#define TYPE_SHORT      3
#define ENTRY_SIZE      12

struct tiff {
    const uint8_t *data;
    size_t size;
    bool little;
};

static unsigned get16(const struct tiff *t, size_t at)
{
    const uint8_t *p = t->data + at;
    return t->little ? p[0] | (unsigned)p[1] << 8 : (unsigned)p[0] << 8 | p[1];
}

static uint32_t get32(const struct tiff *t, size_t at)
{
    uint32_t first = get16(t, at), second = get16(t, at + 2);
    return t->little ? first | second << 16 : first << 16 | second;
}

int stz_exif_orientation(const uint8_t *tiff, size_t size)
{
    if (size < 8)
        return 1;
    struct tiff t = {tiff, size, tiff[0] == 'I'};
    if (memcmp(tiff, "II", 2) && memcmp(tiff, "MM", 2))
        return 1;
    size_t at = get32(&t, 4);
    if (get16(&t, 2) != 42 || at < 8 || at > size - 2)
        return 1;
    size_t count = get16(&t, at);
    at += 2;
    if (count > (size - at) / ENTRY_SIZE) /* a directory cut short: what is there still counts */
        count = (size - at) / ENTRY_SIZE;
    for (size_t i = 0; i < count; i++, at += ENTRY_SIZE) {
        if (get16(&t, at) != TAG_ORIENTATION)
            continue;
        unsigned value = get16(&t, at + 8);
        bool sound = get16(&t, at + 2) == TYPE_SHORT && get32(&t, at + 4) == 1 && value >= 1 && value <= 8;
        return sound ? (int)value : 1;
    }
    return 1;
}
