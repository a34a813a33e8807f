#include "styles/fit_form.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "base/multipart.h"
#include "common/names.h"
#include "common/utf8.h"
#include "common/values.h"

#define PARTS_MAX   16
#define SECONDS_MAX 86400
#define STEPS_MAX   100000
#define ID_MAX      40 /* of one that is made */

static bool bad_value(problem *wrong, const char *field, slice value, const char *allowed)
{
    return problem_set(wrong, 422, "invalid_value", field, "%s is \"%.*s\"; allowed: %s", field,
                       (int)(value.size < 60 ? value.size : 60), value.data ? value.data : "", allowed);
}

/* UTF-8 without line ends and the like. */
static bool copy_text(char *out, const char *field, slice value, problem *wrong)
{
    uint32_t c;
    value = slice_trim(value);
    if (value.size >= FIT_NAME_MAX)
        return problem_set(wrong, 422, "invalid_value", field, "%s has %zu bytes; at most %d are allowed",
                           field, value.size, FIT_NAME_MAX - 1);
    for (size_t at = 0, n; at < value.size; at += n)
        if (!(n = utf8_read(value.data + at, value.size - at, &c)) || c < ' ' || c == 0x7f)
            return problem_set(wrong, 422, "invalid_value", field,
                               "%s is no text: UTF-8 without control characters is allowed", field);
    snprintf(out, FIT_NAME_MAX, "%.*s", (int)value.size, value.data ? value.data : "");
    return true;
}

static bool set_id(fit_form *f, const char *field, slice value, problem *wrong)
{
    if (value.size && !is_style_id(value))
        return bad_value(wrong, field, value, "1 to 63 characters of a-z 0-9 _ -");
    snprintf(f->id, sizeof f->id, "%.*s", (int)value.size, value.data ? value.data : "");
    return true;
}

static bool set_name(fit_form *f, const char *field, slice value, problem *wrong)
{
    return copy_text(f->name, field, value, wrong);
}

static bool set_artist(fit_form *f, const char *field, slice value, problem *wrong)
{
    return copy_text(f->artist, field, value, wrong);
}

static bool set_effort(fit_form *f, const char *field, slice value, problem *wrong)
{
    const int effort = name_index(effort_names, value);
    if (effort < 0)
        return bad_value(wrong, field, value, "fast, good, best");
    f->effort = (stylize_effort)effort;
    return true;
}

static bool set_scale(fit_form *f, const char *field, slice value, problem *wrong)
{
    double scale;
    if (!parse_number(value, 0.25, 8, &scale))
        return bad_value(wrong, field, value, "0.25 to 8");
    f->style_scale = (float)scale;
    return true;
}

static bool set_seconds(fit_form *f, const char *field, slice value, problem *wrong)
{
    return parse_uint(value, 1, SECONDS_MAX, &f->max_seconds) || bad_value(wrong, field, value, "1 to 86400");
}

static bool set_code_steps(fit_form *f, const char *field, slice value, problem *wrong)
{
    return parse_uint(value, 1, STEPS_MAX, &f->code_steps) || bad_value(wrong, field, value, "1 to 100000");
}

static bool set_network_steps(fit_form *f, const char *field, slice value, problem *wrong)
{
    return parse_uint(value, 1, STEPS_MAX, &f->network_steps) ||
           bad_value(wrong, field, value, "1 to 100000");
}

static bool set_seed(fit_form *f, const char *field, slice value, problem *wrong)
{
    return parse_uint(value, 0, UINT64_MAX, &f->seed) ||
           bad_value(wrong, field, value, "whole numbers up to 18446744073709551615");
}

static const struct {
    const char *name;
    bool (*set)(fit_form *f, const char *field, slice value, problem *wrong);
} fields[] = {
    {"style_id", set_id},           {"display_name", set_name},           {"artist", set_artist},
    {"effort", set_effort},         {"style_scale", set_scale},           {"max_seconds", set_seconds},
    {"code_steps", set_code_steps}, {"network_steps", set_network_steps}, {"seed", set_seed},
};

static bool set_field(fit_form *f, const part *p, problem *wrong)
{
    size_t i = 0;
    while (i < APP_LEN(fields) && !slice_is(p->name, fields[i].name))
        i++;
    const bool picture = slice_is(p->name, "style_image");
    if (i == APP_LEN(fields) && !picture)
        return problem_set(wrong, 422, "unknown_field", NULL,
                           "\"%.*s\" is no field; allowed: style_image, style_id, display_name, artist, "
                           "effort, style_scale, max_seconds, code_steps, network_steps, seed",
                           (int)(p->name.size < 60 ? p->name.size : 60), p->name.data);
    const char *name = picture ? "style_image" : fields[i].name;
    if (f->given & 1u << i)
        return problem_set(wrong, 422, "given_twice", name, "%s is given twice", name);
    f->given |= 1u << i;
    if (!picture)
        return fields[i].set(f, name, p->data, wrong);
    f->picture = p->data;
    f->filename = p->filename;
    return true;
}

bool fit_form_read(fit_form *f, slice type, slice body, problem *wrong)
{
    part parts[PARTS_MAX];
    size_t count;
    slice boundary;
    *f = (fit_form){.effort = STYLIZE_EFFORT_FAST};
    if (!multipart_boundary(type, &boundary))
        return problem_set(wrong, 415, "unsupported_type", NULL, "multipart/form-data is expected");
    const char *what = multipart_split(body, boundary, parts, PARTS_MAX, &count);
    if (what)
        return problem_set(wrong, 400, "malformed_form", NULL, "the form cannot be read: %s", what);
    for (size_t i = 0; i < count; i++)
        if (!set_field(f, &parts[i], wrong))
            return false;
    if (!f->picture.size)
        return problem_set(wrong, 422, "missing_field", "style_image", "style_image is missing or empty");
    return true;
}

/* What can stand in an id, the rest as a dash between it; its length. */
static size_t plain(slice text, char *out)
{
    size_t n = 0;
    for (size_t i = 0; i < text.size && n < ID_MAX; i++) {
        const unsigned char c = (unsigned char)text.data[i];
        if (c < 0x80 && isalnum(c))
            out[n++] = (char)tolower(c);
        else if (n && out[n - 1] != '-')
            out[n++] = '-';
    }
    while (n && out[n - 1] == '-')
        n--;
    out[n] = '\0';
    return n;
}

void fit_form_make_id(const fit_form *f, unsigned number, char out[64])
{
    uint8_t digest[32] = {0};
    char hex[65];
    slice file = f->filename;
    const char *dot = file.size ? memrchr(file.data, '.', file.size) : NULL;
    if (dot)
        file.size = (size_t)(dot - file.data);
    size_t n = plain((slice){f->name, strlen(f->name)}, out);
    if (!n && !f->name[0])
        n = plain(file, out);
    if (!n) {
        digest_of(f->picture.data, f->picture.size, digest);
        hex_encode(digest, 4, hex);
        n = (size_t)snprintf(out, 64, "style-%s", hex);
    }
    if (number > 1)
        snprintf(out + n, 64 - n, "-%u", number);
}
