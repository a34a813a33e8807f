#include "common/names.h"

#include <string.h>

#include "common/language.h"

const char *const method_names[] = {"auto", "fast", "any", "optimize", NULL};
const char *const optimizer_names[] = {"lbfgs", "adam", NULL};
const char *const precision_names[] = {"fp32", "fp16", "int8", "tf32", NULL};
const char *const effort_names[] = {"fast", "good", "best", NULL};

int name_index(const char *const *names, slice name)
{
    for (int i = 0; names[i]; i++)
        if (slice_is(name, names[i]))
            return i;
    return -1;
}

bool metadata_by_names(slice names, uint32_t *out)
{
    static const char *const known[] = {"copyright", "exif", "icc", "all", NULL};
    static const uint32_t bits[] = {STYLIZE_METADATA_COPYRIGHT, STYLIZE_METADATA_EXIF, STYLIZE_METADATA_ICC,
                                    STYLIZE_METADATA_ALL};
    slice one;
    *out = STYLIZE_METADATA_NONE;
    while (slice_next(&names, ',', &one)) {
        const int i = name_index(known, slice_trim(one));
        if (i < 0)
            return false;
        *out |= bits[i];
    }
    return *out != STYLIZE_METADATA_NONE;
}

static const struct {
    const char *name, *type;
    stylize_format format;
} formats[] = {{"jpeg", "image/jpeg", STYLIZE_FORMAT_JPEG},
               {"jpg", "image/jpeg", STYLIZE_FORMAT_JPEG},
               {"png", "image/png", STYLIZE_FORMAT_PNG},
               {"webp", "image/webp", STYLIZE_FORMAT_WEBP},
               {"avif", "image/avif", STYLIZE_FORMAT_AVIF},
               {"tiff", "image/tiff", STYLIZE_FORMAT_TIFF}};

stylize_format format_by_name(slice name)
{
    for (size_t i = 0; i < APP_LEN(formats); i++)
        if (formats[i].format != STYLIZE_FORMAT_TIFF && /* which only the command writes */
            (slice_is_nocase(name, formats[i].name) || slice_is_nocase(name, formats[i].type)))
            return formats[i].format;
    return STYLIZE_FORMAT_NONE;
}

const char *format_type(stylize_format format)
{
    for (size_t i = 0; i < APP_LEN(formats); i++)
        if (formats[i].format == format)
            return formats[i].type;
    return "application/octet-stream";
}

const char *format_name(stylize_format format) { return format_type(format) + strlen("image/"); }

const char *format_ending(stylize_format format)
{
    return format == STYLIZE_FORMAT_JPEG ? "jpg" : format == STYLIZE_FORMAT_TIFF ? "tif" : format_name(format);
}

stylize_format format_to_write(stylize_format input, bool alpha)
{
    switch (input) {
    case STYLIZE_FORMAT_JPEG:
    case STYLIZE_FORMAT_PNG:
    case STYLIZE_FORMAT_WEBP:
    case STYLIZE_FORMAT_TIFF:
        return input;
    default:
        return alpha ? STYLIZE_FORMAT_PNG : STYLIZE_FORMAT_JPEG;
    }
}
