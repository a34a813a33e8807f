/* Fields of a request. */
#include "paint/params.h"

#include <stdio.h>
#include <string.h>

#include "common/names.h"
#include "common/values.h"

void params_init(params *p, const params_limits *limits)
{
    *p = (params){.size = limits->output_size, .strength = 1, .style_scale = 1, .depth = 8, .allow_degraded = true};
}

static bool bad_value(problem *wrong, const char *field, slice value, const char *allowed)
{
    return problem_set(wrong, 422, "invalid_value", field, "%s is \"%.*s\"; allowed: %s", field,
                       (int)(value.size < 60 ? value.size : 60), value.data, allowed);
}

static bool set_content(params *p, const params_limits *l, slice value, problem *wrong)
{
    if (p->content.data)
        return problem_set(wrong, 422, "given_twice", "content_image", "content_image is given twice");
    p->content = value;
    return true;
}

static bool styles_taken(const params *p, problem *wrong, const char *field)
{
    if (!p->style_count)
        return false;
    problem_set(wrong, 422, "given_twice", field, "give one of style_id, styles and style_image, once");
    return true;
}

static bool set_style_image(params *p, const params_limits *l, slice value, problem *wrong)
{
    if (styles_taken(p, wrong, "style_image"))
        return false;
    p->styles[0] = (style_choice){.picture = value, .weight = 1};
    p->style_count = 1;
    return true;
}

static bool add_style(params *p, slice id, double weight, const char *field, problem *wrong)
{
    if (!is_style_id(id))
        return bad_value(wrong, field, id, "ids of a-z 0-9 _ -, 1 to 63 characters");
    if (p->style_count == STYLIZE_STYLES_MAX)
        return problem_set(wrong, 422, "invalid_value", field, "at most %d styles can be blended",
                           STYLIZE_STYLES_MAX);
    style_choice *s = &p->styles[p->style_count++];
    *s = (style_choice){.weight = (float)weight};
    memcpy(s->id, id.data, id.size);
    return true;
}

static bool set_style_id(params *p, const params_limits *l, slice value, problem *wrong)
{
    return !styles_taken(p, wrong, "style_id") && add_style(p, value, 1, "style_id", wrong);
}

/* "starry_night:0.7,great_wave:0.3"; a weight that is left out is 1. */
static bool set_styles(params *p, const params_limits *l, slice value, problem *wrong)
{
    slice one;
    if (styles_taken(p, wrong, "styles"))
        return false;
    while (slice_next(&value, ',', &one)) {
        slice id;
        double weight;
        if (!parse_weighted(one, &id, &weight))
            return bad_value(wrong, "styles", one, "a weight of 0 or above");
        if (!add_style(p, id, weight, "styles", wrong))
            return false;
    }
    return true;
}

static bool set_output_size(params *p, const params_limits *l, slice value, problem *wrong)
{
    picture_size size;
    char allowed[80];
    snprintf(allowed, sizeof allowed, "N or WxH, %d to %u pixels a side", SIDE_MIN, l->max_output_size);
    if (!parse_size(value, l->max_output_size, &size))
        return bad_value(wrong, "output_size", value, allowed);
    p->size = size.side;
    p->width = size.width;
    p->height = size.height;
    return true;
}

static bool set_strength(params *p, const params_limits *l, slice value, problem *wrong)
{
    return parse_strength(value, &p->strength) || bad_value(wrong, "strength", value, "0 to 1, auto");
}

static bool set_preserve_color(params *p, const params_limits *l, slice value, problem *wrong)
{
    double share;
    bool all;
    if (parse_bool(value, &all))
        share = all;
    else if (!parse_number(value, 0, 1, &share))
        return bad_value(wrong, "preserve_color", value, "0 to 1, true or false");
    p->preserve_color = (float)share;
    return true;
}

/* One mask after the other; an empty one says that its style has none. */
static bool add_mask(params *p, const params_limits *l, slice value, problem *wrong)
{
    if (p->mask_count == STYLIZE_STYLES_MAX)
        return problem_set(wrong, 422, "invalid_value", "masks", "at most %d masks can be given",
                           STYLIZE_STYLES_MAX);
    p->masks[p->mask_count++] = value;
    return true;
}

static bool add_part(params *p, const params_limits *l, slice value, problem *wrong)
{
    if (p->part_count == STYLIZE_STYLES_MAX)
        return problem_set(wrong, 422, "invalid_value", "style_masks", "at most %d masks can be given",
                           STYLIZE_STYLES_MAX);
    p->parts[p->part_count++] = value;
    return true;
}

static bool has_any(const slice *masks, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (masks[i].size)
            return true;
    return false;
}

bool params_masked(const params *p) { return has_any(p->masks, p->mask_count); }
bool params_parted(const params *p) { return has_any(p->parts, p->part_count); }

size_t params_mask(const params *p, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (p->masks[i].size && p->masks[k].size == p->masks[i].size &&
            !memcmp(p->masks[k].data, p->masks[i].data, p->masks[i].size))
            return k;
    return i;
}

static bool set_style_scale(params *p, const params_limits *l, slice value, problem *wrong)
{
    double v;
    if (!parse_number(value, 0.5, 8, &v))
        return bad_value(wrong, "style_scale", value, "0.5 to 8");
    p->style_scale = (float)v;
    return true;
}

static bool set_look(params *p, const params_limits *l, slice value, problem *wrong)
{
    uint64_t v;
    if (!parse_uint(value, 64, 65535, &v))
        return bad_value(wrong, "look", value, "64 to 65535");
    p->look = (uint32_t)v;
    return true;
}

static bool set_allow_degraded(params *p, const params_limits *l, slice value, problem *wrong)
{
    return parse_bool(value, &p->allow_degraded) ||
           bad_value(wrong, "allow_degraded", value, "true or false");
}

static bool set_method(params *p, const params_limits *l, slice value, problem *wrong)
{
    const int i = name_index(method_names, value);
    if (i < 0)
        return bad_value(wrong, "method", value, "auto, fast, any, optimize");
    p->method = (stylize_method)i;
    return true;
}

static bool set_format(params *p, const params_limits *l, slice value, problem *wrong)
{
    p->format = format_by_name(value);
    return p->format != STYLIZE_FORMAT_NONE || bad_value(wrong, "format", value, "jpeg, png, webp, avif");
}

static bool set_quality(params *p, const params_limits *l, slice value, problem *wrong)
{
    uint64_t v;
    if (!parse_uint(value, 1, 100, &v))
        return bad_value(wrong, "quality", value, "1 to 100");
    p->quality = (int)v;
    return true;
}

static bool set_seed(params *p, const params_limits *l, slice value, problem *wrong)
{
    return parse_uint(value, 0, UINT64_MAX, &p->seed) ||
           bad_value(wrong, "seed", value, "a whole number from 0 on");
}

static bool set_iterations(params *p, const params_limits *l, slice value, problem *wrong)
{
    uint64_t v;
    if (!parse_uint(value, 1, 2000, &v))
        return bad_value(wrong, "iterations", value, "1 to 2000");
    p->iterations = (uint32_t)v;
    return true;
}

static bool set_depth(params *p, const params_limits *l, slice value, problem *wrong)
{
    p->depth = slice_is(value, "16") ? 16 : 8;
    return p->depth == 16 || slice_is(value, "8") || bad_value(wrong, "output_depth", value, "8, 16");
}

static bool set_metadata(params *p, const params_limits *l, slice value, problem *wrong)
{
    return metadata_by_names(value, &p->keep_metadata) ||
           bad_value(wrong, "keep_metadata", value, METADATA_NAMES);
}

static bool set_tolerant(params *p, const params_limits *l, slice value, problem *wrong)
{
    return parse_bool(value, &p->tolerant) || bad_value(wrong, "tolerant", value, "true or false");
}

static bool set_subject(params *p, const params_limits *l, slice value, problem *wrong)
{
    if (!value.size || value.size > SUBJECT_MAX)
        return problem_set(wrong, 422, "invalid_value", "subject",
                           "subject has %zu characters; allowed: 1 to %d", value.size, SUBJECT_MAX);
    for (size_t i = 0; i < value.size; i++)
        if (value.data[i] <= ' ' || value.data[i] > '~' || value.data[i] == '/')
            return problem_set(wrong, 422, "invalid_value", "subject",
                               "subject holds a character that is not allowed: printable ASCII without / is");
    memcpy(p->subject, value.data, value.size);
    p->subject[value.size] = '\0';
    return true;
}

void subject_join(char out[STORED_SUBJECT], const char *owner, const char *subject)
{
    const char *const pieces[] = {owner, owner[0] ? "/" : "", subject};
    size_t n = 0;
    for (size_t i = 0; i < APP_LEN(pieces); i++) {
        const size_t size = strnlen(pieces[i], STORED_SUBJECT - 1 - n);
        memmove(out + n, pieces[i], size);
        n += size;
    }
    out[n] = '\0';
}

static const struct {
    const char *name;
    bool (*set)(params *p, const params_limits *l, slice value, problem *wrong);
} fields[] = {
    {"content_image", set_content},
    {"style_image", set_style_image},
    {"style_id", set_style_id},
    {"styles", set_styles},
    {"masks", add_mask},
    {"style_masks", add_part},
    {"output_size", set_output_size},
    {"strength", set_strength},
    {"preserve_color", set_preserve_color},
    {"style_scale", set_style_scale},
    {"look", set_look},
    {"method", set_method},
    {"format", set_format},
    {"quality", set_quality},
    {"seed", set_seed},
    {"iterations", set_iterations},
    {"output_depth", set_depth},
    {"keep_metadata", set_metadata},
    {"tolerant", set_tolerant},
    {"allow_degraded", set_allow_degraded},
    {"subject", set_subject},
};

bool params_set(params *p, const params_limits *limits, slice name, slice value, problem *wrong)
{
    for (size_t i = 0; i < APP_LEN(fields); i++)
        if (slice_is(name, fields[i].name))
            return fields[i].set(p, limits, value, wrong);
    char field[40];
    snprintf(field, sizeof field, "%.*s", (int)(name.size < 39 ? name.size : 39), name.data);
    return problem_set(wrong, 422, "unknown_field", field, "there is no such field");
}

bool params_set_once(params *p, const params_limits *limits, slice name, slice value, problem *wrong)
{
    for (size_t i = 0; i < APP_LEN(fields); i++) {
        const uint32_t bit = UINT32_C(1) << i;
        if (!slice_is(name, fields[i].name) || fields[i].set == add_mask || fields[i].set == add_part)
            continue;
        if (p->given & bit)
            return problem_set(wrong, 422, "given_twice", fields[i].name, "%s is given twice",
                               fields[i].name);
        p->given |= bit;
    }
    return params_set(p, limits, name, value, wrong);
}

/* A mask of each list beyond the styles belongs to none. */
static bool check_masks(const params *p, const char *field, const slice *masks, size_t count, problem *wrong)
{
    for (size_t i = p->style_count; i < count; i++)
        if (masks[i].size)
            return problem_set(wrong, 422, "invalid_value", field, "mask %zu has no style; there are %zu", i + 1,
                               p->style_count);
    return true;
}

bool params_check(params *p, problem *wrong)
{
    if (!p->content.data || !p->content.size)
        return problem_set(wrong, 422, "missing_field", "content_image", "content_image is missing or empty");
    if (!p->style_count)
        return problem_set(wrong, 422, "missing_field", "style_id",
                           "one of style_id, styles, style_image is needed");
    const bool picture = p->styles[0].picture.data;
    if (picture && !p->styles[0].picture.size)
        return problem_set(wrong, 422, "missing_field", "style_image", "style_image is empty");
    if (p->look && p->style_scale != 1)
        return problem_set(wrong, 422, "invalid_value", "look", "look and style_scale both say the size of the strokes");
    if (params_parted(p) && !picture && p->method != STYLIZE_METHOD_OPTIMIZE)
        return problem_set(wrong, 422, "invalid_value", "style_masks",
                           "style_masks need a style_image, or method optimize");
    while (picture && p->style_count < p->part_count) { /* a part of it each */
        p->styles[p->style_count] = p->styles[0];
        p->style_count++;
    }
    return check_masks(p, "masks", p->masks, p->mask_count, wrong) &&
           check_masks(p, "style_masks", p->parts, p->part_count, wrong);
}
