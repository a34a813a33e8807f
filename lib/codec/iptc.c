/* Datasets are copied one by one: what cannot be read ends the block, and nothing goes along that was not looked at. */
#include "codec/iptc.h"

#include <string.h>
#include <stylize/stylize.h>

#define MARK     0x1c
#define RESOURCE "8BIM\x04\x04" /* by its signature and number */

static uint32_t get16(const uint8_t *p) { return (uint32_t)p[0] << 8 | p[1]; }
static uint32_t get32(const uint8_t *p) { return get16(p) << 16 | get16(p + 2); }

static bool keeps(unsigned record, unsigned number, uint32_t keep)
{
    const bool preview = record == 2 && number >= 200 && number <= 202;
    if (keep == STYLIZE_METADATA_ALL)
        return record <= 9 && !preview;
    if (!(keep & STYLIZE_METADATA_COPYRIGHT))
        return false;
    if (record == 1)
        return number == 90; /* the character set */
    return record == 2 && (number == 80 || number == 85 || number == 110 || number == 116);
}

/* How long the value of a dataset is, and where it begins; false: damaged. */
static bool measure(const uint8_t *iptc, size_t size, size_t at, size_t *value, size_t *length)
{
    if (size - at < 5 || iptc[at] != MARK)
        return false;
    *value = at + 5;
    *length = get16(iptc + at + 3);
    if (*length & 0x8000) { /* the size of the size */
        const size_t digits = *length & 0x7fff;
        if (digits > 4 || size - *value < digits)
            return false;
        *length = 0;
        for (size_t i = 0; i < digits; i++)
            *length = *length << 8 | iptc[*value + i];
        *value += digits;
    }
    return *length <= size - *value;
}

size_t stz_iptc_keep(const uint8_t *iptc, size_t size, uint32_t keep, uint8_t *to, size_t room)
{
    size_t used = 0, at = 0, value, length;
    bool any = false;
    while (at < size && measure(iptc, size, at, &value, &length)) {
        const size_t whole = value + length - at;
        if (keeps(iptc[at + 1], iptc[at + 2], keep) && whole <= room - used) {
            memcpy(to + used, iptc + at, whole);
            used += whole;
            any = any || iptc[at + 1] > 1; /* a character set alone says nothing */
        }
        at += whole;
    }
    return any ? used : 0;
}

bool stz_iptc_find(const uint8_t *resources, size_t size, const uint8_t **iptc, size_t *iptc_size)
{
    for (size_t at = 0; at < size && size - at >= 12;) {
        if (memcmp(resources + at, RESOURCE, 4))
            return false;
        const size_t name = (resources[at + 6] + 2u) & ~1u; /* with its length, even */
        const size_t begin = at + 6 + name + 4;
        if (begin > size)
            return false;
        const size_t length = get32(resources + begin - 4);
        if (length > size - begin)
            return false;
        if (!memcmp(resources + at, RESOURCE, 6)) {
            *iptc = resources + begin;
            *iptc_size = length;
            return true;
        }
        at = begin + length + (length & 1);
    }
    return false;
}

void stz_iptc_head(uint8_t to[STZ_IPTC_HEAD], size_t iptc_size)
{
    memcpy(to, RESOURCE, 6);
    memset(to + 6, 0, 2);
    for (int i = 0; i < 4; i++)
        to[8 + i] = (uint8_t)(iptc_size >> (24 - 8 * i));
}
