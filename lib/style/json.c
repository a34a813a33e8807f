#include "style/json.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/os.h"

#define UNKNOWN_REPORTED 16 /* each costs a pass over the object's text */

static stylize_status read_all(const stz_os_file *file, const char *name, size_t limit, char **text,
                               size_t *size, stylize_error *err)
{
    if (file->kind != STZ_OS_REGULAR)
        return stz_fail(err, STYLIZE_ERR_IO, "%s is not a regular file", name);
    if (file->size > limit)
        return stz_fail(err, STYLIZE_ERR_MODEL, "%s has %llu bytes, allowed are %zu", name,
                        (unsigned long long)file->size, limit);
    const size_t room = (size_t)file->size;
    char *data = malloc(room + 1);
    if (!data)
        return stz_nomem(err, room + 1);
    const int code = stz_os_read(file, data, room, size);
    if (code) {
        free(data);
        return stz_fail(err, STYLIZE_ERR_IO, "%s cannot be read: %s", name, stz_why(code));
    }
    data[*size] = 0;
    *text = data;
    return STYLIZE_OK;
}

static stylize_status read_bundled(const stz_bundle *bundle, const char *path, const char *name, size_t limit,
                                   char **text, size_t *size, stylize_error *err)
{
    const stylize_file *file = stz_bundle_find(bundle, path);
    if (!file)
        return stz_fail(err, STYLIZE_ERR_NOT_FOUND, "%s is not among the files in memory", name);
    if (file->size > limit)
        return stz_fail(err, STYLIZE_ERR_MODEL, "%s has %zu bytes, allowed are %zu", name, file->size, limit);
    if (!(*text = malloc(file->size + 1)))
        return stz_nomem(err, file->size + 1);
    memcpy(*text, file->data, file->size);
    (*text)[file->size] = 0;
    *size = file->size;
    return STYLIZE_OK;
}

stylize_status stz_file_read(const stz_bundle *bundle, const char *path, const char *name, size_t limit,
                             char **text, size_t *size, stylize_error *err)
{
    stz_os_file file;
    if (bundle)
        return read_bundled(bundle, path, name, limit, text, size, err);
    const int code = stz_os_open(path, false, &file);
    if (code) {
        const bool none = code == ENOENT || code == ENOTDIR;
        return stz_fail(err, none ? STYLIZE_ERR_NOT_FOUND : STYLIZE_ERR_IO, "%s cannot be opened: %s", name,
                        stz_why(code));
    }
    const stylize_status status = read_all(&file, name, limit, text, size, err);
    stz_os_close(&file);
    return status;
}

char *stz_path_join(const char *a, const char *b)
{
    char *path;
    return asprintf(&path, "%s/%s", a, b) < 0 ? NULL : path;
}

/* Bytes of the well-formed UTF-8 character at text, 0 if there is none. */
static size_t utf8_length(const unsigned char *text, size_t size)
{
    if (text[0] < 0x80)
        return 1;
    size_t n = text[0] < 0xc2 ? 0 : text[0] < 0xe0 ? 2 : text[0] < 0xf0 ? 3 : text[0] < 0xf5 ? 4 : 0;
    if (n > size)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    if (n == 3) /* shorter forms, surrogates */
        return (text[0] == 0xe0 && text[1] < 0xa0) || (text[0] == 0xed && text[1] > 0x9f) ? 0 : n;
    if (n == 4) /* shorter forms, above the last character */
        return (text[0] == 0xf0 && text[1] < 0x90) || (text[0] == 0xf4 && text[1] > 0x8f) ? 0 : n;
    return n;
}

bool stz_text_clean(const char *text, size_t size)
{
    for (size_t i = 0, n; i < size; i += n) {
        n = utf8_length((const unsigned char *)text + i, size - i);
        if (n == 0 || (unsigned char)text[i] < ' ' || text[i] == 0x7f)
            return false;
    }
    return true;
}

stylize_status stz_json_begin(stz_json *o, const char *file, const char *text, size_t size, int line,
                              stylize_error *err)
{
    *o = (stz_json){.file = file, .text = text, .size = size, .line = line};
    json_error_t why;
    o->root = json_loadb(text, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);
    if (!o->root) {
        if (!why.text[0]) /* that is how jansson runs out of memory */
            return stz_nomem(err, size);
        const char *end = strstr(why.text, "end of file"); /* what it takes for the file is one object */
        return stz_fail(err, STYLIZE_ERR_MODEL, "%s:%d: %.*s%s", file, line + stz_max(why.line, 1) - 1,
                        end ? (int)(end - why.text) : (int)strlen(why.text), why.text,
                        end ? "the end of the object" : "");
    }
    if (!json_is_object(o->root)) {
        stz_json_end(o);
        return stz_fail(err, STYLIZE_ERR_MODEL, "%s:%d: an object {...} is needed here", file, line);
    }
    return STYLIZE_OK;
}

void stz_json_end(stz_json *o)
{
    json_decref(o->root);
    o->root = NULL;
}

stylize_status stz_json_fail(const stz_json *o, const char *member, stylize_error *err, const char *format,
                             ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return stz_fail(err, STYLIZE_ERR_MODEL, "%s:%d: %s%s%s", o->file, stz_json_line(o, member),
                    member ? member : "", member ? " " : "", text);
}

void stz_json_unknown(const stz_json *o, const char *const *known, size_t n, const stz_log *log)
{
    const char *key;
    json_t *value;
    int reported = 0;
    json_object_foreach (o->root, key, value) {
        size_t i = 0;
        while (i < n && strcmp(key, known[i]))
            i++;
        if (i < n || reported++ >= UNKNOWN_REPORTED)
            continue;
        stylize_error line; /* for its one clean line of text */
        stz_fail(&line, STYLIZE_OK, "%s:%d: the unknown member \"%s\" is ignored", o->file,
                 stz_json_line(o, key), key);
        stz_log_line(log, STYLIZE_LOG_WARNING, "%s", line.message);
    }
}

stylize_status stz_json_int(const stz_json *o, const char *member, int lo, int hi, int *value,
                            stylize_error *err)
{
    const json_t *v = json_object_get(o->root, member);
    if (!v)
        return STYLIZE_OK;
    json_int_t n = json_integer_value(v);
    if (!json_is_integer(v) || n < lo || n > hi)
        return stz_json_fail(o, member, err, "must be a whole number from %d to %d", lo, hi);
    *value = (int)n;
    return STYLIZE_OK;
}

stylize_status stz_json_bool(const stz_json *o, const char *member, bool *value, stylize_error *err)
{
    const json_t *v = json_object_get(o->root, member);
    if (v && !json_is_boolean(v))
        return stz_json_fail(o, member, err, "must be true or false");
    if (v)
        *value = json_is_true(v);
    return STYLIZE_OK;
}

static bool read_numbers(const json_t *v, float lo, float hi, int n, float *value)
{
    for (int i = 0; i < n; i++) {
        const json_t *item = json_array_get(v, (size_t)i);
        const double x = json_number_value(item);
        if (!json_is_number(item) || !(x >= (double)lo && x <= (double)hi))
            return false;
    }
    for (int i = 0; i < n; i++)
        value[i] = (float)json_number_value(json_array_get(v, (size_t)i));
    return true;
}

stylize_status stz_json_floats(const stz_json *o, const char *member, float lo, float hi, int n, float *value,
                               stylize_error *err)
{
    const json_t *v = json_object_get(o->root, member);
    if (!v || (json_array_size(v) == (size_t)n && read_numbers(v, lo, hi, n, value)))
        return STYLIZE_OK;
    return stz_json_fail(o, member, err, "must be %d numbers from %g to %g", n, (double)lo, (double)hi);
}

stylize_status stz_json_float_list(const stz_json *o, const char *member, float lo, float hi, int max, int *n,
                                   float *value, stylize_error *err)
{
    const json_t *v = json_object_get(o->root, member);
    const size_t count = json_array_size(v);
    if (count >= 1 && count <= (size_t)max && read_numbers(v, lo, hi, (int)count, value)) {
        *n = (int)count;
        return STYLIZE_OK;
    }
    return stz_json_fail(o, v ? member : NULL, err, "%s%s 1 to %d numbers from %g to %g", v ? "" : member,
                         v ? "must be" : " is missing:", max, (double)lo, (double)hi);
}

stylize_status stz_json_text(const stz_json *o, const char *member, size_t max, const char **value,
                             stylize_error *err)
{
    const json_t *v = json_object_get(o->root, member);
    if (!v)
        return STYLIZE_OK;
    size_t size = json_string_length(v);
    const char *text = json_string_value(v);
    if (!text || size < 1 || size > max || !stz_text_clean(text, size))
        return stz_json_fail(o, member, err, "must be a text of 1 to %zu bytes on one line", max);
    *value = text;
    return STYLIZE_OK;
}

stylize_status stz_json_path(const stz_json *o, const char *member, const char **value, stylize_error *err)
{
    const char *path = NULL;
    stylize_status status = stz_json_text(o, member, 1023, &path, err);
    if (status || !path)
        return status;
    if (!stz_path_inside(path))
        return stz_json_fail(o, member, err, "must be a path inside the model folder, without \"..\"");
    *value = path;
    return STYLIZE_OK;
}
