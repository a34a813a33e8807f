#include "style/record.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define WRITING (JSON_INDENT(2) | JSON_ENSURE_ASCII)

/* Releases the object. */
static char *text_of(json_t *o, size_t flags)
{
    char *text = o ? json_dumps(o, flags) : NULL;
    json_decref(o);
    return text;
}

static bool set(json_t *o, const char *member, json_t *value)
{
    return !json_object_set_new(o, member, value);
}

char *stz_record_entry(const stz_record *r)
{
    json_t *o = json_object();
    bool good = o && set(o, "style_id", json_string(r->id)) &&
                set(o, "display_name", json_string(r->title)) &&
                set(o, "code_path", json_string(STZ_RECORD_CODE)) &&
                set(o, "artwork", json_string(STZ_RECORD_ARTWORK)) &&
                set(o, "preview_image", json_string(STZ_RECORD_PREVIEW));
    if (good && r->model_path)
        good = set(o, "model_path", json_string(r->model_path));
    if (good && r->artist)
        good = set(o, "artist", json_string(r->artist));
    if (good && r->licence)
        good = set(o, "licence", json_string(r->licence));
    if (good && r->year)
        good = set(o, "year", json_integer(r->year));
    if (good && r->recommended_size)
        good = set(o, "recommended_size", json_integer(r->recommended_size));
    if (!good) {
        json_decref(o);
        return NULL;
    }
    return text_of(o, WRITING);
}

char *stz_record_model(const stz_model *m, const char *name)
{
    return text_of(json_pack("{s:s, s:s, s:s, s:i, s:i, s:i, s:i, s:i, s:i}", "name", name, "method", "fast",
                             "native", STZ_RECORD_NETWORK, "multiple", m->multiple, "min_side", m->min_side,
                             "code_length", m->code_length, "stats_length", m->stats_length,
                             "receptive_radius", m->receptive_radius, "grid", m->grid),
                   WRITING);
}

void *stz_record_codes(const stz_record_code *codes, int count, size_t *size)
{
    json_t *o = json_object();
    size_t at = 0;
    bool good = o != NULL;
    for (int i = 0; i < count && good; i++) {
        const size_t bytes = (size_t)codes[i].length * sizeof *codes[i].code;
        good = set(o, codes[i].model,
                   json_pack("{s:s, s:[i], s:[I, I]}", "dtype", "F32", "shape", codes[i].length,
                             "data_offsets", (json_int_t)at, (json_int_t)(at + bytes)));
        at += bytes;
    }
    if (!good) {
        json_decref(o);
        return NULL;
    }
    char *header = text_of(o, JSON_COMPACT);
    if (!header)
        return NULL;
    const size_t length = strlen(header), padded = (length + 63) / 64 * 64; /* the tensors are aligned so */
    uint64_t first = padded - sizeof first;
    if (first < length)
        first += 64;
    *size = sizeof first + (size_t)first + at;
    uint8_t *file = malloc(*size), *to = file;
    if (file) {
        memcpy(to, &first, sizeof first);
        to += sizeof first;
        memset(to, ' ', (size_t)first);
        memcpy(to, header, length);
        to += first;
        for (int i = 0; i < count; i++) {
            memcpy(to, codes[i].code, (size_t)codes[i].length * sizeof *codes[i].code);
            to += (size_t)codes[i].length * sizeof *codes[i].code;
        }
    }
    free(header);
    return file;
}
