#include "base/safetensors.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/os.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "tensors are used as they lie in the file");

#define HEADER_MAX  (8u << 20)
#define TENSORS_MAX 4096
#define LENGTH_SIZE 8 /* the header's length, in front of it */

typedef struct entry {
    stz_tensor tensor;
    size_t bytes;
} entry;

struct stz_safetensors {
    const void *bytes;
    size_t size;
    bool mapped;    /* else the bytes are the caller's */
    json_t *header; /* owns the tensors' names and the metadata */
    entry *entries; /* in the order of their data */
    int count;
};

/* What parsing needs to know at every step. */
typedef struct reader {
    const char *name;    /* of the file, for errors */
    const uint8_t *base; /* first byte after the header */
    size_t size;         /* bytes from there on */
    stylize_error *err;
} reader;

typedef struct type_info {
    const char *name;
    size_t size;
    stz_dtype dtype;
} type_info;

static const type_info types[] = {
    {"F32", 4, STZ_DTYPE_F32},    {"F16", 2, STZ_DTYPE_F16},       {"I8", 1, STZ_DTYPE_I8},
    {"I32", 4, STZ_DTYPE_I32},    {"F64", 8, STZ_DTYPE_OTHER},     {"BF16", 2, STZ_DTYPE_OTHER},
    {"I64", 8, STZ_DTYPE_OTHER},  {"I16", 2, STZ_DTYPE_OTHER},     {"U64", 8, STZ_DTYPE_OTHER},
    {"U32", 4, STZ_DTYPE_OTHER},  {"U16", 2, STZ_DTYPE_OTHER},     {"U8", 1, STZ_DTYPE_OTHER},
    {"BOOL", 1, STZ_DTYPE_OTHER}, {"F8_E5M2", 1, STZ_DTYPE_OTHER}, {"F8_E4M3", 1, STZ_DTYPE_OTHER},
};

static const type_info *type_find(const char *name)
{
    for (size_t i = 0; name && i < STZ_LEN(types); i++)
        if (!strcmp(types[i].name, name))
            return &types[i];
    return NULL;
}

/* A whole number of 0 or more that fits size_t. */
static bool read_size(const json_t *value, size_t *out)
{
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return false;
    const unsigned long long n = (unsigned long long)json_integer_value(value);
    *out = (size_t)n;
    return *out == n;
}

static stylize_status bad_tensor(const reader *r, const char *tensor, const char *what)
{
    return stz_fail(r->err, STYLIZE_ERR_MODEL, "%s: tensor \"%.60s\": %s", r->name, tensor, what);
}

static stylize_status read_shape(const reader *r, const json_t *shape, stz_tensor *t)
{
    if (!json_is_array(shape))
        return bad_tensor(r, t->name, "\"shape\" is missing or not a list");
    if (json_array_size(shape) > STZ_TENSOR_DIMS)
        return bad_tensor(r, t->name, "more than 8 dimensions");
    t->dims = (int)json_array_size(shape);
    t->count = 1;
    for (int i = 0; i < t->dims; i++) {
        if (!read_size(json_array_get(shape, (size_t)i), &t->shape[i]))
            return bad_tensor(r, t->name, "a dimension is not a whole number of 0 or more");
        if (!stz_mul(t->count, t->shape[i], &t->count))
            return bad_tensor(r, t->name, "more elements than fit memory");
    }
    return STYLIZE_OK;
}

static stylize_status read_tensor(const reader *r, const char *name, const json_t *json, entry *e)
{
    stz_tensor *t = &e->tensor;
    t->name = name;
    if (!json_is_object(json))
        return bad_tensor(r, name, "not an object");
    const type_info *type = type_find(json_string_value(json_object_get(json, "dtype")));
    if (!type)
        return bad_tensor(r, name, "\"dtype\" is missing or not a known type");
    t->dtype = type->dtype;
    const stylize_status status = read_shape(r, json_object_get(json, "shape"), t);
    if (status)
        return status;
    const json_t *offsets = json_object_get(json, "data_offsets");
    size_t begin, end;
    if (!json_is_array(offsets) || json_array_size(offsets) != 2 ||
        !read_size(json_array_get(offsets, 0), &begin) || !read_size(json_array_get(offsets, 1), &end))
        return bad_tensor(r, name, "\"data_offsets\" is missing or not a list of two numbers");
    if (begin > end || end > r->size)
        return bad_tensor(r, name, "its data lies outside of the file");
    if (!stz_mul(t->count, type->size, &e->bytes) || e->bytes != end - begin)
        return bad_tensor(r, name, "its data is not as long as its shape asks for");
    t->data = r->base + begin;
    if ((uintptr_t)t->data % type->size)
        return bad_tensor(r, name, "its data is not aligned to the size of its type");
    return STYLIZE_OK;
}

static int by_data(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    if (x->tensor.data != y->tensor.data)
        return (uintptr_t)x->tensor.data < (uintptr_t)y->tensor.data ? -1 : 1;
    return x->bytes < y->bytes ? -1 : x->bytes > y->bytes; /* empty ones first */
}

/* The data must be used up exactly: no byte by two tensors, none by no tensor. */
static stylize_status check_cover(const reader *r, const stz_safetensors *file)
{
    const uint8_t *at = r->base;
    for (int i = 0; i < file->count; i++) {
        const entry *e = &file->entries[i];
        if ((const uint8_t *)e->tensor.data < at)
            return bad_tensor(r, e->tensor.name, "its data overlaps that of another tensor");
        if ((const uint8_t *)e->tensor.data > at)
            return bad_tensor(r, e->tensor.name, "unused bytes before its data");
        at += e->bytes;
    }
    if (at != r->base + r->size)
        return stz_fail(r->err, STYLIZE_ERR_MODEL, "%s: %zu bytes after the last tensor", r->name,
                        (size_t)(r->base + r->size - at));
    return STYLIZE_OK;
}

static stylize_status check_meta(const reader *r, const json_t *meta)
{
    const char *key;
    json_t *value;
    if (!json_is_object(meta))
        return stz_fail(r->err, STYLIZE_ERR_MODEL, "%s: the metadata is not an object", r->name);
    json_object_foreach ((json_t *)meta, key, value)
        if (!json_is_string(value))
            return stz_fail(r->err, STYLIZE_ERR_MODEL, "%s: metadata \"%.60s\" is not text", r->name, key);
    return STYLIZE_OK;
}

static stylize_status read_entries(const reader *r, stz_safetensors *file)
{
    const size_t most = json_object_size(file->header);
    const char *key;
    json_t *value;
    if (most > TENSORS_MAX)
        return stz_fail(r->err, STYLIZE_ERR_MODEL, "%s: %zu tensors, at most %d are allowed", r->name, most,
                        TENSORS_MAX);
    file->entries = calloc(most + 1, sizeof *file->entries);
    if (!file->entries)
        return stz_nomem(r->err, (most + 1) * sizeof *file->entries);
    json_object_foreach (file->header, key, value) {
        const bool meta = !strcmp(key, "__metadata__");
        const stylize_status status =
            meta ? check_meta(r, value) : read_tensor(r, key, value, &file->entries[file->count]);
        if (status)
            return status;
        file->count += !meta;
    }
    qsort(file->entries, (size_t)file->count, sizeof *file->entries, by_data);
    return check_cover(r, file);
}

/* Finds the header and turns it into JSON; r->base and size are the data's afterwards. */
static stylize_status read_header(reader *r, const uint8_t *data, size_t size, json_t **header)
{
    if (size < LENGTH_SIZE)
        return stz_fail(r->err, STYLIZE_ERR_MODEL, "%s: not a safetensors file: only %zu bytes", r->name,
                        size);
    uint64_t length;
    memcpy(&length, data, sizeof length);
    if (length > HEADER_MAX)
        return stz_fail(r->err, STYLIZE_ERR_MODEL,
                        "%s: not a safetensors file: a header of %llu bytes, at most %u are allowed", r->name,
                        (unsigned long long)length, HEADER_MAX);
    if (length > size - LENGTH_SIZE)
        return stz_fail(r->err, STYLIZE_ERR_MODEL, "%s: cut off inside its header", r->name);
    json_error_t where;
    *header = json_loadb((const char *)data + LENGTH_SIZE, (size_t)length, JSON_REJECT_DUPLICATES, &where);
    if (!*header)
        return stz_fail(r->err, STYLIZE_ERR_MODEL, "%s: header is not valid JSON: %.100s (byte %d)", r->name,
                        where.text, where.position);
    if (!json_is_object(*header))
        return stz_fail(r->err, STYLIZE_ERR_MODEL, "%s: header is not a JSON object", r->name);
    r->base = data + LENGTH_SIZE + length;
    r->size = size - LENGTH_SIZE - (size_t)length;
    return STYLIZE_OK;
}

static stylize_status parse_named(const char *name, const void *data, size_t size, stz_safetensors **out,
                                  stylize_error *err)
{
    *out = NULL;
    stz_safetensors *file = calloc(1, sizeof *file);
    if (!file)
        return stz_nomem(err, sizeof *file);
    reader r = {.name = name, .err = err};
    file->bytes = data;
    file->size = size;
    stylize_status status = read_header(&r, data, size, &file->header);
    if (!status)
        status = read_entries(&r, file);
    if (status)
        stz_safetensors_close(file);
    else
        *out = file;
    return status;
}

stylize_status stz_safetensors_parse(const void *data, size_t size, stz_safetensors **out, stylize_error *err)
{
    return parse_named("safetensors data", data, size, out, err);
}

/* Maps a whole regular file for reading. An empty file gives a map of NULL and size 0. */
static stylize_status map_file(const char *path, const void **map, size_t *size, stylize_error *err)
{
    stz_os_file file;
    stylize_status status = STYLIZE_OK;
    int code = stz_os_open(path, false, &file);
    *map = NULL;
    *size = 0;
    if (code)
        return stz_fail(err, STYLIZE_ERR_IO, "%s: could not be opened: %s", path, stz_why(code));
    if (file.kind != STZ_OS_REGULAR)
        status = stz_fail(err, STYLIZE_ERR_IO, "%s: not a regular file", path);
    else if ((code = stz_os_map(&file, map)))
        status = stz_fail(err, code == ENOMEM ? STYLIZE_ERR_NOMEM : STYLIZE_ERR_IO,
                          "%s: could not be mapped: %s", path, stz_why(code));
    else
        *size = (size_t)file.size;
    stz_os_close(&file);
    return status;
}

stylize_status stz_safetensors_open(const char *path, stz_safetensors **out, stylize_error *err)
{
    const void *map;
    size_t size;
    *out = NULL;
    stylize_status status = map_file(path, &map, &size, err);
    if (status)
        return status;
    status = parse_named(path, map, size, out, err);
    if (status) {
        stz_os_unmap(map, size);
        return status;
    }
    (*out)->mapped = true;
    return STYLIZE_OK;
}

stylize_status stz_safetensors_find_file(const stz_bundle *bundle, const char *path, stz_safetensors **out,
                                         stylize_error *err)
{
    const stylize_file *file = stz_bundle_find(bundle, path);
    *out = NULL;
    if (!bundle)
        return stz_safetensors_open(path, out, err);
    if (!file)
        return stz_fail(err, STYLIZE_ERR_IO, "%s is not among the files in memory", path);
    return parse_named(path, file->data, file->size, out, err);
}

void stz_safetensors_close(stz_safetensors *file)
{
    if (!file)
        return;
    free(file->entries);
    json_decref(file->header);
    if (file->mapped)
        stz_os_unmap(file->bytes, file->size);
    free(file);
}

const void *stz_safetensors_bytes(const stz_safetensors *file, size_t *size)
{
    *size = file->size;
    return file->bytes;
}

const stz_tensor *stz_safetensors_find(const stz_safetensors *file, const char *name)
{
    for (int i = 0; name && i < file->count; i++)
        if (!strcmp(file->entries[i].tensor.name, name))
            return &file->entries[i].tensor;
    return NULL;
}

int stz_safetensors_count(const stz_safetensors *file) { return file->count; }

const stz_tensor *stz_safetensors_at(const stz_safetensors *file, int index)
{
    return index >= 0 && index < file->count ? &file->entries[index].tensor : NULL;
}

const char *stz_safetensors_meta(const stz_safetensors *file, const char *key)
{
    const json_t *meta = json_object_get(file->header, "__metadata__");
    return key ? json_string_value(json_object_get(meta, key)) : NULL;
}
