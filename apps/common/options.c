#include "common/options.h"

#include <stdlib.h>
#include <string.h>

#include "common/names.h"
#include "common/values.h"

const option *option_find(const option *list, size_t count, slice name)
{
    for (size_t i = 0; i < count; i++)
        if (slice_is(name, list[i].name))
            return &list[i];
    return NULL;
}

static void *member(void *target, const option *o) { return (char *)target + o->offset; }

static bool is_text(const option *o) { return o->type == OPTION_TEXT || o->type == OPTION_URL; }

static bool in_range(const option *o, uint64_t v)
{
    return v >= (uint64_t)o->min && (o->max == 0 || v <= (uint64_t)o->max);
}

static bool set_text(void *target, const option *o, slice value)
{
    char **to = member(target, o);
    if (value.size < (size_t)o->min)
        return false;
    free(*to);
    *to = value.size ? slice_text(value) : NULL;
    return !value.size || *to;
}

static bool set_choice(int *to, const option *o, slice value)
{
    const int i = name_index(o->choices, value);
    if (i < 0)
        return false;
    memcpy(to, &i, sizeof i); /* perhaps an enum */
    return true;
}

bool option_set(void *target, const option *o, slice value)
{
    uint64_t *number = member(target, o);
    uint64_t v;
    switch (o->type) {
    case OPTION_TEXT:
    case OPTION_URL:
        return set_text(target, o, value);
    case OPTION_BOOL:
        return parse_bool(value, member(target, o));
    case OPTION_UINT:
        return parse_uint(value, 0, UINT64_MAX, &v) && in_range(o, v) && (*number = v, true);
    case OPTION_NUMBER:
        return parse_number(value, o->min, o->max, member(target, o));
    case OPTION_BYTES:
        return parse_bytes(value, &v) && in_range(o, v) && (*number = v, true);
    case OPTION_TIME:
        return parse_milliseconds(value, &v) && in_range(o, v) && (*number = v, true);
    case OPTION_CHOICE:
        return set_choice(member(target, o), o, value);
    case OPTION_OWN:
        return o->read(target, o, value);
    }
    return false;
}

static void list_choices(const option *o, char *out, size_t size)
{
    size_t n = 0;
    out[0] = '\0';
    for (int i = 0; o->choices[i] && n < size; i++)
        n += (size_t)snprintf(out + n, size - n, "%s%s", i ? ", " : "", o->choices[i]);
}

/* What the value may be. */
static void describe(const option *o, char *out, size_t size)
{
    const unsigned long long min = (unsigned long long)o->min, max = (unsigned long long)o->max;
    char range[80];
    snprintf(range, sizeof range, o->max != 0 ? "%llu to %llu" : "at least %llu", min, max);
    if (o->allowed) {
        snprintf(out, size, "%s", o->allowed);
        return;
    }
    switch (o->type) {
    case OPTION_BOOL:
        snprintf(out, size, "yes or no");
        break;
    case OPTION_UINT:
        snprintf(out, size, "a whole number, %s", range);
        break;
    case OPTION_NUMBER:
        snprintf(out, size, "a number from %g to %g", o->min, o->max);
        break;
    case OPTION_BYTES:
        snprintf(out, size, "%s bytes, as 64M or 2G", range);
        break;
    case OPTION_TIME:
        snprintf(out, size, "%s ms, as 500ms, 20s or 5m", range);
        break;
    case OPTION_CHOICE:
        list_choices(o, out, size);
        break;
    default:
        snprintf(out, size, "text");
    }
}

void option_wrong(const option *o, const char *source, slice value, char *message, size_t size)
{
    char allowed[160];
    describe(o, allowed, sizeof allowed);
    if (value.size)
        snprintf(message, size, "%s is \"%.*s\"; allowed: %s", source,
                 (int)(value.size < 80 ? value.size : 80), value.data, allowed);
    else
        snprintf(message, size, "%s is empty; allowed: %s", source, allowed);
}

bool options_preset(void *target, const option *list, size_t count)
{
    bool ok = true;
    for (size_t i = 0; i < count; i++)
        if (list[i].preset)
            ok = option_set(target, &list[i], slice_of(list[i].preset)) && ok;
    return ok;
}

void options_free(void *target, const option *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (is_text(&list[i])) {
            char **text = member(target, &list[i]);
            free(*text);
            *text = NULL;
        }
}

/* Where some options have a letter, all names begin behind it. */
static void print_option(const option *o, bool letters, FILE *out)
{
    char left[64], letter[8] = "";
    if (letters)
        snprintf(letter, sizeof letter, o->letter ? "-%c, " : "    ", o->letter);
    snprintf(left, sizeof left, "%s--%s%s%s", letter, o->name, o->value ? " " : "", o->value ? o->value : "");
    fprintf(out, "  %-30s %s", left, o->help);
    if (o->preset && o->type == OPTION_BOOL)
        fprintf(out, " [%s; --%s%s]", o->preset, strcmp(o->preset, "yes") ? "" : "no-", o->name);
    else if (o->preset)
        fprintf(out, " [%s]", o->preset);
    fputc('\n', out);
}

void options_help(const option *list, size_t count, unsigned commands, FILE *out)
{
    const char *group = "";
    bool letters = false;
    for (size_t i = 0; i < count; i++)
        letters = letters || list[i].letter;
    for (size_t i = 0; i < count; i++) {
        const option *o = &list[i];
        if (commands && !(o->commands & commands))
            continue;
        if (strcmp(group, o->group))
            fprintf(out, "\n%s\n", group = o->group);
        print_option(o, letters, out);
    }
}
