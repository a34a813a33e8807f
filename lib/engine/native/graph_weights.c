#include "engine/native/graph_weights.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const stz_tensor *find_scale(const stz_safetensors *file, const stz_tensor *tensor)
{
    char name[256];
    const int n = snprintf(name, sizeof name, "%s.scale", tensor->name);
    return n > 0 && (size_t)n < sizeof name ? stz_safetensors_find(file, name) : NULL;
}

const char *stz_weights_problem(const stz_safetensors *file, const stz_tensor *tensor)
{
    if (tensor->dtype == STZ_DTYPE_F32 || tensor->dtype == STZ_DTYPE_F16)
        return NULL;
    if (tensor->dtype != STZ_DTYPE_I8)
        return "is of a type that is not F32, F16 or I8";
    const stz_tensor *scale = find_scale(file, tensor);
    if (!scale)
        return "is I8 without a \".scale\" tensor";
    if (tensor->dims < 1 || scale->dtype != STZ_DTYPE_F32 || scale->dims != 1 ||
        scale->shape[0] != tensor->shape[0])
        return "has a \".scale\" that is not F32 with one factor for each output";
    return NULL;
}

static float half_to_float(uint16_t half)
{
    const uint32_t sign = (uint32_t)(half & 0x8000) << 16, mantissa = half & 0x3ff;
    const int exponent = half >> 10 & 0x1f;
    if (exponent == 0) { /* zero and subnormal numbers: mantissa times 2^-24 */
        const float v = (float)mantissa * 0x1p-24f;
        return sign ? -v : v;
    }
    const uint32_t bits =
        sign | (exponent == 31 ? 0x7f800000u : (uint32_t)(exponent + 112) << 23) | mantissa << 13;
    float v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

static void convert(const stz_safetensors *file, const stz_tensor *tensor, float *to)
{
    if (tensor->dtype == STZ_DTYPE_F16) {
        const uint16_t *half = tensor->data;
        for (size_t i = 0; i < tensor->count; i++)
            to[i] = half_to_float(half[i]);
        return;
    }
    const int8_t *value = tensor->data;
    const float *scale = find_scale(file, tensor)->data;
    const size_t row = tensor->count / (tensor->shape[0] ? tensor->shape[0] : 1);
    for (size_t i = 0; i < tensor->count; i++)
        to[i] = (float)value[i] * scale[i / row];
}

/* The earlier use of the same tensor, or NULL. */
static const stz_weight_ref *earlier(const stz_weight_ref *refs, int index)
{
    for (int i = 0; i < index; i++)
        if (refs[i].tensor == refs[index].tensor)
            return &refs[i];
    return NULL;
}

static stylize_status owned_floats(const stz_weight_ref *refs, int count, size_t *floats, stylize_error *err)
{
    *floats = 0;
    for (int i = 0; i < count; i++)
        if (refs[i].tensor->dtype != STZ_DTYPE_F32 && !earlier(refs, i) &&
            !stz_add(*floats, refs[i].tensor->count, floats))
            return stz_nomem(err, UINT64_MAX);
    return STYLIZE_OK;
}

static stylize_status check_finite(const stz_weight_ref *ref, stylize_error *err)
{
    for (size_t i = 0; i < ref->tensor->count; i++)
        if (!isfinite((*ref->slot)[i]))
            return stz_fail(err, STYLIZE_ERR_MODEL, "tensor \"%.60s\": value %zu is not finite",
                            ref->tensor->name, i);
    return STYLIZE_OK;
}

stylize_status stz_weights_resolve(const stz_safetensors *file, const stz_weight_ref *refs, int count,
                                   float **owned, stylize_error *err)
{
    size_t floats, bytes;
    *owned = NULL;
    const stylize_status status = owned_floats(refs, count, &floats, err);
    if (status)
        return status;
    if (floats) {
        if (!stz_mul(floats, sizeof(float), &bytes) || !(*owned = malloc(bytes)))
            return stz_nomem(err, (uint64_t)floats * sizeof(float));
    }
    float *to = *owned;
    for (int i = 0; i < count; i++) {
        const stz_weight_ref *first = earlier(refs, i);
        if (first) {
            *refs[i].slot = *first->slot;
            continue;
        }
        if (refs[i].tensor->dtype == STZ_DTYPE_F32) {
            *refs[i].slot = refs[i].tensor->data;
        } else {
            convert(file, refs[i].tensor, to);
            *refs[i].slot = to;
            to += refs[i].tensor->count;
        }
        const stylize_status finite = check_finite(&refs[i], err);
        if (finite) {
            free(*owned);
            *owned = NULL;
            return finite;
        }
    }
    return STYLIZE_OK;
}
