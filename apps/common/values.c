#include "common/values.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <stylize/stylize.h>

#include "common/language.h"

/* Numbers are short, so that a copy with a zero at the end serves the C library. */
static bool copy_short(slice text, char out[64])
{
    if (text.size == 0 || text.size >= 64)
        return false;
    memcpy(out, text.data, text.size);
    out[text.size] = '\0';
    return strlen(out) == text.size;
}

bool parse_uint(slice text, uint64_t min, uint64_t max, uint64_t *out)
{
    char digits[64];
    if (!copy_short(text, digits) || strspn(digits, "0123456789") != text.size)
        return false;
    errno = 0;
    const unsigned long long v = strtoull(digits, NULL, 10);
    if (errno || v < min || v > max)
        return false;
    *out = v;
    return true;
}

bool parse_number(slice text, double min, double max, double *out)
{
    char digits[64], *end;
    /* strtod would also take "inf", "nan", hexadecimal and blanks. */
    if (!copy_short(text, digits) || strspn(digits, "0123456789.eE+-") != text.size)
        return false;
    errno = 0;
    const double v = strtod(digits, &end);
    if (errno || *end || !isfinite(v) || v < min || v > max)
        return false;
    *out = v;
    return true;
}

bool parse_bool(slice text, bool *out)
{
    static const char *const yes[] = {"1", "true", "yes", "on"}, *const no[] = {"0", "false", "no", "off"};
    for (size_t i = 0; i < APP_LEN(yes); i++) {
        if (slice_is_nocase(text, yes[i]))
            return *out = true, true;
        if (slice_is_nocase(text, no[i]))
            return *out = false, true;
    }
    return false;
}

/* A whole number and the unit after it. */
static bool split_unit(slice text, uint64_t *number, slice *unit)
{
    size_t digits = 0;
    while (digits < text.size && text.data[digits] >= '0' && text.data[digits] <= '9')
        digits++;
    *unit = (slice){text.data + digits, text.size - digits};
    return parse_uint((slice){text.data, digits}, 0, UINT64_MAX, number);
}

bool parse_bytes(slice text, uint64_t *out)
{
    static const char *const units[] = {"", "K", "M", "G", "T"};
    uint64_t number;
    slice unit;
    if (!split_unit(text, &number, &unit))
        return false;
    if (unit.size > 1 && (unit.data[unit.size - 1] == 'B' || unit.data[unit.size - 1] == 'b'))
        unit.size--;
    if (unit.size > 1 && unit.data[unit.size - 1] == 'i')
        unit.size--;
    for (unsigned i = 0; i < APP_LEN(units); i++)
        if (slice_is_nocase(unit, units[i]) && number <= UINT64_MAX >> (10 * i))
            return *out = number << (10 * i), true;
    return false;
}

bool parse_milliseconds(slice text, uint64_t *out)
{
    static const struct {
        const char *unit;
        uint64_t ms;
    } units[] = {{"", 1000}, {"s", 1000}, {"ms", 1}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
    uint64_t number;
    slice unit;
    if (!split_unit(text, &number, &unit))
        return false;
    for (size_t i = 0; i < APP_LEN(units); i++)
        if (slice_is(unit, units[i].unit) && number <= UINT64_MAX / 86400000)
            return *out = number * units[i].ms, true;
    return false;
}

bool parse_size(slice text, uint32_t max, picture_size *out)
{
    uint64_t width, height;
    slice rest = text, first;
    *out = (picture_size){0};
    slice_next(&rest, 'x', &first);
    if (!parse_uint(first, SIDE_MIN, max, &width))
        return false;
    if (!rest.data) {
        out->side = (uint32_t)width;
        return true;
    }
    if (!parse_uint(rest, SIDE_MIN, max, &height))
        return false;
    out->width = (uint32_t)width;
    out->height = (uint32_t)height;
    return true;
}

bool parse_weight(slice text, double *out) { return parse_number(text, 0, 1e6, out); }

bool parse_weighted(slice text, slice *name, double *weight)
{
    slice rest = text;
    *name = (slice){0};
    *weight = 1;
    slice_next(&rest, ':', name);
    *name = slice_trim(*name);
    return !rest.data || parse_weight(slice_trim(rest), weight);
}

bool parse_strength(slice text, float *out)
{
    double v = (double)STYLIZE_STRENGTH_AUTO;
    if (!slice_is(text, "auto") && !parse_number(text, 0, 1, &v))
        return false;
    *out = (float)v;
    return true;
}
