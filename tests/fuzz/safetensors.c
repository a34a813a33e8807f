/* A file from elsewhere: parsed, and every tensor read to its last byte. */
#include "base/safetensors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

volatile uint8_t tensor_sink; /* not static: it must be written */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    stz_safetensors *file;
    stylize_error err;
    if (stz_safetensors_parse(data, size, &file, &err))
        return 0;
    for (int i = 0; i < stz_safetensors_count(file); i++) {
        const stz_tensor *t = stz_safetensors_at(file, i);
        if (stz_safetensors_find(file, t->name) != t)
            __builtin_trap();
        if (t->count && t->dtype != STZ_DTYPE_OTHER) { /* of the others the size is not known here */
            const size_t bytes = t->dtype == STZ_DTYPE_I8 ? 1 : t->dtype == STZ_DTYPE_F16 ? 2 : 4;
            tensor_sink = ((const uint8_t *)t->data)[t->count * bytes - 1];
        }
    }
    stz_safetensors_meta(file, "graph");
    stz_safetensors_close(file);
    return 0;
}
