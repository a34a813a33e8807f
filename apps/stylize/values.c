/* Reads the values of options: numbers, sizes, amounts of memory, styles with weights. */
#include "cli.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool value_uint(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
    if (*text < '0' || *text > '9')
        return false;
    char *end;
    errno = 0;
    const unsigned long long v = strtoull(text, &end, 10);
    if (errno || *end || v < min || v > max)
        return false;
    *out = v;
    return true;
}

bool value_float(const char *text, double min, double max, double *out)
{
    /* strtod would also take "inf", "nan", hexadecimal and blanks. */
    if (!*text || strspn(text, "0123456789.eE+-") != strlen(text))
        return false;
    char *end;
    errno = 0;
    const double v = strtod(text, &end);
    if (errno || *end || !isfinite(v) || v < min || v > max)
        return false;
    *out = v;
    return true;
}

bool value_size(const char *text, size_arg *out)
{
    const char *x = strpbrk(text, "xX");
    uint64_t width, height;
    *out = (size_arg){0};
    if (!x) {
        if (!value_uint(text, 16, 16384, &width))
            return false;
        out->side = (uint32_t)width;
        return true;
    }
    char left[8];
    if ((size_t)(x - text) >= sizeof left)
        return false;
    memcpy(left, text, (size_t)(x - text));
    left[x - text] = '\0';
    if (!value_uint(left, 16, 16384, &width) || !value_uint(x + 1, 16, 16384, &height))
        return false;
    out->width = (uint32_t)width;
    out->height = (uint32_t)height;
    return true;
}

bool value_bytes(const char *text, uint64_t *out)
{
    if (*text < '0' || *text > '9')
        return false;
    char *end;
    errno = 0;
    const unsigned long long v = strtoull(text, &end, 10);
    static const char units[] = "KMGT";
    int shift = 0;
    if (*end) {
        const char *unit = strchr(units, *end >= 'a' ? *end - 32 : *end);
        if (!unit)
            return false;
        shift = 10 * (int)(unit - units + 1);
        end++;
        if (strcmp(end, "iB") == 0 || strcmp(end, "B") == 0)
            end += strlen(end);
    }
    if (errno || *end || v == 0 || v > UINT64_MAX >> shift)
        return false;
    *out = (uint64_t)v << shift;
    return true;
}

bool value_choice(const char *text, const char *const *names, size_t count, size_t *index)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(text, names[i]) == 0) {
            *index = i;
            return true;
        }
    return false;
}

/* The weight after the last colon: its place, or NULL if there is none that reads as a number. */
static const char *find_weight(const char *text, double *weight)
{
    const char *colon = strrchr(text, ':');
    return colon && value_float(colon + 1, 1e-6, 1e6, weight) ? colon : NULL;
}

bool value_style(const char *text, size_t length, style_arg *out)
{
    *out = (style_arg){.weight = 1.0f};
    char *id = strndup(text, length);
    if (!id)
        return false;
    char *colon = strchr(id, ':');
    double weight = 1;
    if (colon) {
        *colon = '\0';
        if (!value_float(colon + 1, 1e-6, 1e6, &weight)) {
            free(id);
            return false;
        }
    }
    if (!*id) {
        free(id);
        return false;
    }
    out->id = id;
    out->weight = (float)weight;
    return true;
}

bool value_style_image(const char *text, style_arg *out)
{
    *out = (style_arg){.weight = 1.0f};
    double weight = 1;
    /* A file of exactly that name wins over a weight, so that any name can be given. */
    const char *colon = path_exists(text) ? NULL : find_weight(text, &weight);
    out->path = colon ? strndup(text, (size_t)(colon - text)) : strdup(text);
    out->weight = (float)weight;
    if (out->path && *out->path)
        return true;
    free(out->path);
    out->path = NULL;
    return false;
}

static const struct {
    const char *ending;
    stylize_format format;
} endings[] = {
    {"jpg", STYLIZE_FORMAT_JPEG},
    {"jpeg", STYLIZE_FORMAT_JPEG},
    {"png", STYLIZE_FORMAT_PNG},
    {"webp", STYLIZE_FORMAT_WEBP},
};

stylize_format format_by_name(const char *path)
{
    const char *base = path_base(path);
    const char *dot = strrchr(base, '.');
    for (size_t i = 0; dot && dot > base && i < CLI_LEN(endings); i++)
        if (strcasecmp(dot + 1, endings[i].ending) == 0)
            return endings[i].format;
    return STYLIZE_FORMAT_NONE;
}

const char *format_ending(stylize_format format)
{
    return format == STYLIZE_FORMAT_PNG ? "png" : format == STYLIZE_FORMAT_WEBP ? "webp" : "jpg";
}

const char *format_name(stylize_format format)
{
    return format == STYLIZE_FORMAT_PNG ? "png" : format == STYLIZE_FORMAT_WEBP ? "webp" : "jpeg";
}
