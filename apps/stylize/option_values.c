#include "option_values.h"

#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "common/names.h"
#include "memory.h"
#include "path.h"

static void add_style(cli_args *args, style_arg style)
{
    args->styles = memory_grow(args->styles, args->style_count + 1, sizeof *args->styles);
    args->styles[args->style_count++] = style;
}

/* "90", "1:30", "0:01:30.5": seconds. */
static bool parse_clock(slice text, double *seconds)
{
    double sum = 0, part;
    size_t parts = 0;
    slice one;
    while (slice_next(&text, ':', &one)) {
        if (++parts > 3 || !parse_number(one, 0, parts > 1 ? 59.999999 : 1e7, &part))
            return false;
        sum = 60 * sum + part;
    }
    *seconds = sum;
    return parts > 0;
}

bool read_from(void *target, const option *o, slice value) { return parse_clock(value, &((cli_args *)target)->from); }
bool read_to(void *target, const option *o, slice value)
{
    return parse_clock(value, &((cli_args *)target)->to) && ((cli_args *)target)->to > 0;
}

bool read_crf(void *target, const option *o, slice value)
{
    double crf;
    if (!parse_number(value, 0, 63, &crf) || crf != (int)crf)
        return false;
    ((cli_args *)target)->crf = (uint64_t)crf + 1;
    return true;
}

bool read_styles(void *target, const option *o, slice value)
{
    cli_args *args = target;
    slice one, id;
    double weight;
    args->last_styles = args->last_parts = args->style_count;
    while (slice_next(&value, ',', &one)) {
        double at = -1;
        for (size_t i = one.size; i > 0; i--)
            if (one.data[i - 1] == '@') {
                if (!parse_clock((slice){one.data + i, one.size - i}, &at))
                    return false;
                one.size = i - 1;
                break;
            }
        if (!parse_weighted(one, &id, &weight) || !id.size)
            return false;
        add_style(args, (style_arg){.id = text_format("%.*s", (int)id.size, id.data),
                                    .weight = (float)weight,
                                    .at = at});
    }
    return true;
}

bool read_style_image(void *target, const option *o, slice value)
{
    cli_args *args = target;
    double weight = 1;
    /* A file of exactly that name wins over a weight, so that any name can be given. */
    const char *colon = path_exists(value.data) ? NULL : strrchr(value.data, ':');
    if (colon && parse_weight(slice_of(colon + 1), &weight))
        value.size = (size_t)(colon - value.data);
    if (!value.size)
        return false;
    args->last_styles = args->last_parts = args->style_count;
    add_style(args, (style_arg){.path = text_format("%.*s", (int)value.size, value.data),
                                .weight = (float)weight,
                                .at = -1});
    return true;
}

bool read_photos(void *target, const option *o, slice value)
{
    cli_args *args = target;
    if (!value.size)
        return false;
    args->photos = memory_grow(args->photos, args->photo_count + 1, sizeof *args->photos);
    args->photos[args->photo_count++] = value.data;
    return true;
}

bool read_mask(void *target, const option *o, slice value)
{
    cli_args *args = target;
    if (!value.size || args->last_styles == args->style_count)
        return false;
    for (size_t i = args->last_styles; i < args->style_count; i++)
        args->styles[i].mask = value.data;
    args->last_styles = args->style_count;
    return true;
}

bool read_style_mask(void *target, const option *o, slice value)
{
    cli_args *args = target;
    if (!value.size || args->last_parts == args->style_count)
        return false;
    for (size_t i = args->last_parts; i < args->style_count; i++)
        args->styles[i].part = value.data;
    args->last_parts = args->style_count;
    return true;
}

bool read_sizes(void *target, const option *o, slice value)
{
    cli_args *args = target;
    slice one;
    args->size_count = 0;
    while (slice_next(&value, ',', &one))
        if (args->size_count == LIST_MAX || !parse_size(one, 16384, &args->sizes[args->size_count++]))
            return false;
    return true;
}

bool read_threads(void *target, const option *o, slice value)
{
    cli_args *args = target;
    slice one;
    uint64_t n;
    args->thread_count = 0;
    while (slice_next(&value, ',', &one)) {
        if (args->thread_count == LIST_MAX || !parse_uint(one, 1, 256, &n))
            return false;
        args->threads[args->thread_count++] = (uint32_t)n;
    }
    return true;
}

bool read_strength(void *target, const option *o, slice value)
{
    return parse_strength(value, &((cli_args *)target)->strength);
}

bool read_format(void *target, const option *o, slice value)
{
    cli_args *args = target;
    args->format = slice_is(value, "tiff") ? STYLIZE_FORMAT_TIFF : format_by_name(value);
    return args->format != STYLIZE_FORMAT_NONE;
}

bool read_depth(void *target, const option *o, slice value)
{
    cli_args *args = target;
    args->depth = slice_is(value, "16") ? 16 : 8;
    return args->depth == 16 || slice_is(value, "8");
}

bool read_metadata(void *target, const option *o, slice value)
{
    return metadata_by_names(value, &((cli_args *)target)->keep_metadata);
}

bool read_device(void *target, const option *o, slice value)
{
    static const char *const names[] = {"auto", "cpu", "cuda", NULL};
    const char *numbers = strncmp(value.data, "cuda:", 5) == 0 ? value.data + 5 : "";
    const bool several =
        *numbers && (strcmp(numbers, "all") == 0 || !numbers[strspn(numbers, "0123456789,")]);
    if (!several && name_index(names, value) < 0)
        return false;
    cli_args *args = target;
    free(args->device);
    args->device = text_format("%s", value.data);
    return true;
}
