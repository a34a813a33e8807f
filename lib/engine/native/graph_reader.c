#include "engine/native/graph_reader.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

stylize_status stz_graph_bad_op(const stz_graph_reader *w, const char *format, ...)
{
    char text[160];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return stz_fail(w->err, STYLIZE_ERR_MODEL, "%s, operation %d (%.24s): %s", w->key, w->number, w->name,
                    text);
}

stylize_status stz_graph_int(const stz_graph_reader *w, const char *member, int low, int high, int *out)
{
    const json_t *value = json_object_get(w->json, member);
    if (!json_is_integer(value))
        return stz_graph_bad_op(w, "\"%s\" is missing or not a whole number", member);
    const json_int_t n = json_integer_value(value);
    if (n < low || n > high)
        return stz_graph_bad_op(w, "\"%s\" is %lld, allowed are %d to %d", member, (long long)n, low, high);
    *out = (int)n;
    return STYLIZE_OK;
}

stylize_status stz_graph_float(const stz_graph_reader *w, const char *member, float *out)
{
    const json_t *value = json_object_get(w->json, member);
    *out = (float)json_number_value(value);
    if (!json_is_number(value) || !isfinite(*out))
        return stz_graph_bad_op(w, "\"%s\" is missing or not a number", member);
    return STYLIZE_OK;
}

stylize_status stz_graph_tensor(stz_graph_reader *w, const char *member, int dims, const size_t *shape,
                                const float **slot)
{
    const char *name = json_string_value(json_object_get(w->json, member));
    if (!name)
        return stz_graph_bad_op(w, "\"%s\" is missing or not text", member);
    const stz_tensor *t = stz_safetensors_find(w->file, name);
    if (!t)
        return stz_graph_bad_op(w, "no tensor \"%.60s\" in the file", name);
    bool fits = t->dims == dims;
    for (int i = 0; fits && i < dims; i++)
        fits = t->shape[i] == shape[i];
    if (!fits)
        return stz_graph_bad_op(w, "tensor \"%.60s\" is not of the shape that is needed", name);
    const char *problem = stz_weights_problem(w->file, t);
    if (problem)
        return stz_graph_bad_op(w, "tensor \"%.60s\" %s", name, problem);
    w->refs[w->ref_count++] = (stz_weight_ref){t, slot};
    return STYLIZE_OK;
}
