#include "paint/params_read.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/multipart.h"

#define PARTS_MAX 64

bool params_read_form(params *p, const params_limits *limits, slice body, slice boundary, problem *wrong)
{
    part parts[PARTS_MAX];
    size_t count;
    const char *what = multipart_split(body, boundary, parts, PARTS_MAX, &count);
    if (what)
        return problem_set(wrong, 400, "malformed_form", NULL, "the form cannot be read: %s", what);
    for (size_t i = 0; i < count; i++) {
        /* Browsers send an empty file for an input that nothing was chosen in. Among masks it counts. */
        if (parts[i].filename.data && !parts[i].filename.size && !parts[i].data.size &&
            !slice_is(parts[i].name, "masks") && !slice_is(parts[i].name, "style_masks"))
            continue;
        if (!params_set_once(p, limits, parts[i].name, parts[i].data, wrong))
            return false;
    }
    return params_check(p, wrong);
}

/* A picture as base64, also as a data: address. */
static bool set_picture(params *p, const params_limits *limits, const char *name, slice text, buf *pictures,
                        problem *wrong)
{
    if (text.size > 5 && !memcmp(text.data, "data:", 5)) {
        const char *comma = memmem(text.data, text.size < 256 ? text.size : 256, ";base64,", 8);
        if (!comma)
            return problem_set(wrong, 422, "invalid_value", name, "%s is a data: address without base64",
                               name);
        text = (slice){comma + 8, text.size - (size_t)(comma + 8 - text.data)};
    }
    size_t size;
    /* Room was made for all pictures beforehand, so that earlier ones stay where they are. */
    uint8_t *out = (uint8_t *)pictures->data + pictures->size;
    if (!base64_decode(text.data, text.size, out, &size))
        return problem_set(wrong, 422, "invalid_value", name, "%s is not base64", name);
    pictures->size += size;
    return params_set(p, limits, (slice){name, strlen(name)}, (slice){(const char *)out, size}, wrong);
}

/* {"starry_night": 0.7, "great_wave": 0.3} as the text that the form has. */
static bool set_weights(params *p, const params_limits *limits, const json_t *object, problem *wrong)
{
    buf text = {0};
    const char *id;
    json_t *weight;
    json_object_foreach ((json_t *)object, id, weight) {
        if (!json_is_number(weight)) {
            buf_free(&text);
            return problem_set(wrong, 422, "invalid_value", "styles", "a weight of styles is not a number");
        }
        buf_printf(&text, "%s%s:%.9g", text.size ? "," : "", id, json_number_value(weight));
    }
    const bool ok = text.data && !text.failed
                        ? params_set(p, limits, (slice){"styles", 6}, (slice){text.data, text.size}, wrong)
                        : problem_set(wrong, 422, "invalid_value", "styles", "styles is empty");
    buf_free(&text);
    return ok;
}

/* One for each style, null for one without. */
static bool set_masks(params *p, const params_limits *limits, const char *name, const json_t *list,
                      buf *pictures, problem *wrong)
{
    size_t i;
    json_t *mask;
    json_array_foreach ((json_t *)list, i, mask) {
        if (!json_is_string(mask) && !json_is_null(mask))
            return problem_set(wrong, 422, "invalid_value", name, "mask %zu is neither base64 nor null",
                               i + 1);
        const slice text = {json_string_value(mask), json_string_length(mask)};
        if (!(text.data ? set_picture(p, limits, name, text, pictures, wrong)
                        : params_set(p, limits, (slice){name, strlen(name)}, (slice){0}, wrong)))
            return false;
    }
    return true;
}

static bool set_member(params *p, const params_limits *limits, const char *name, json_t *value, buf *pictures,
                       problem *wrong)
{
    const slice field = {name, strlen(name)};
    char text[64];
    if (json_is_null(value))
        return true;
    if (json_is_object(value) && !strcmp(name, "styles"))
        return set_weights(p, limits, value, wrong);
    const bool masks = !strcmp(name, "masks") || !strcmp(name, "style_masks");
    if (json_is_array(value) && masks)
        return set_masks(p, limits, name, value, pictures, wrong);
    const bool picture = !strcmp(name, "content_image") || !strcmp(name, "style_image") || masks;
    if (json_is_string(value)) {
        const slice s = {json_string_value(value), json_string_length(value)};
        return picture ? set_picture(p, limits, name, s, pictures, wrong)
                       : params_set(p, limits, field, s, wrong);
    }
    if (json_is_boolean(value))
        snprintf(text, sizeof text, "%s", json_is_true(value) ? "true" : "false");
    else if (json_is_integer(value))
        snprintf(text, sizeof text, "%lld", (long long)json_integer_value(value));
    else if (json_is_real(value))
        snprintf(text, sizeof text, "%.9g", json_real_value(value));
    else
        text[0] = '\0';
    if (picture || !text[0])
        return problem_set(wrong, 422, "invalid_value", name, "the field is of a wrong JSON type");
    return params_set(p, limits, field, (slice){text, strlen(text)}, wrong);
}

bool params_read_json(params *p, const params_limits *limits, slice body, buf *pictures, problem *wrong)
{
    json_error_t err;
    json_t *root = json_loadb(body.data ? body.data : "", body.size, JSON_REJECT_DUPLICATES, &err);
    if (!root)
        return problem_set(wrong, 400, "malformed_json", NULL, "the JSON cannot be read: %s (line %d)",
                           err.text, err.line);
    bool ok = json_is_object(root);
    if (!ok)
        problem_set(wrong, 400, "malformed_json", NULL, "a JSON object is expected");
    else if (!(ok = buf_reserve(pictures, body.size)))
        problem_set(wrong, 503, "out_of_memory", NULL, "memory for the pictures could not be had");
    const char *name;
    json_t *value;
    if (ok)
        json_object_foreach (root, name, value) {
            ok = set_member(p, limits, name, value, pictures, wrong);
            if (!ok)
                break;
        }
    json_decref(root);
    return ok && params_check(p, wrong);
}

bool params_read(params *p, const params_limits *limits, blob *memory, slice type, problem *wrong)
{
    const slice body = {memory->body.data ? memory->body.data : "", memory->body.size};
    slice boundary, rest = type, bare = {0};
    params_init(p, limits);
    if (multipart_boundary(type, &boundary))
        return params_read_form(p, limits, body, boundary, wrong);
    if (slice_next(&rest, ';', &bare) && slice_is_nocase(slice_trim(bare), "application/json"))
        return params_read_json(p, limits, body, &memory->pictures, wrong);
    return problem_set(wrong, 415, "unsupported_type", NULL,
                       "multipart/form-data or application/json is expected");
}

params_limits params_limits_of(const config *c)
{
    return (params_limits){(uint32_t)c->output_size, (uint32_t)c->max_output_size};
}
