#include "blob.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

blob blob_make(const char *header, size_t data_size)
{
    const size_t length = strlen(header), padded = (length + 7) / 8 * 8;
    blob b = {malloc(8 + padded + data_size), 8 + padded + data_size};
    const uint64_t prefix = padded;
    memcpy(b.data, &prefix, 8);
    memset(b.data + 8, ' ', padded);
    memcpy(b.data + 8, header, length);
    if (data_size)
        memset(b.data + 8 + padded, 0, data_size);
    return b;
}

static size_t tensor_bytes(const blob_tensor *t)
{
    size_t bytes = t->dtype[1] == '8' ? 1 : t->dtype[1] == '1' ? 2 : 4; /* I8, F16, F32 and I32 */
    for (int i = 0; i < t->dims; i++)
        bytes *= t->shape[i];
    return bytes;
}

blob blob_file(const char *const *meta, const blob_tensor *tensors, int count)
{
    json_t *header = json_object(), *texts = json_object();
    size_t end = 0;
    for (; meta && *meta; meta += 2)
        json_object_set_new(texts, meta[0], json_string(meta[1]));
    json_object_set_new(header, "__metadata__", texts);
    for (int i = 0; i < count; i++) {
        const size_t begin = end;
        json_t *shape = json_array();
        for (int d = 0; d < tensors[i].dims; d++)
            json_array_append_new(shape, json_integer((json_int_t)tensors[i].shape[d]));
        end += tensor_bytes(&tensors[i]);
        json_object_set_new(header, tensors[i].name,
                            json_pack("{s:s, s:o, s:[I, I]}", "dtype", tensors[i].dtype, "shape", shape,
                                      "data_offsets", (json_int_t)begin, (json_int_t)end));
    }
    char *text = json_dumps(header, JSON_COMPACT);
    blob b = blob_make(text, end);
    uint8_t *to = b.data + b.size - end;
    for (int i = 0; i < count; to += tensor_bytes(&tensors[i]), i++)
        if (tensors[i].data)
            memcpy(to, tensors[i].data, tensor_bytes(&tensors[i]));
    free(text);
    json_decref(header);
    return b;
}
