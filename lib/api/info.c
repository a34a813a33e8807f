/* stylize_ctx_info: what this library, machine and context are, as JSON. */
#include <jansson.h>
#include <string.h>

#include "base/cpu.h"
#include "codec/codec.h"
#include "sched/sched.h"

static json_t *describe_cpu(const stylize_ctx *ctx)
{
    char name[128], features[512];
    stz_cpu_name(name, sizeof name);
    stz_cpu_features(features, sizeof features);
    return json_pack("{s:s, s:s, s:s, s:i, s:i}", "name", name, "features", features, "kernels",
                     stz_isa_name(stz_cpu_isa()), "processors", stz_cpu_count(), "threads",
                     ctx->worker_count);
}

static json_t *describe_engine(stylize_ctx *ctx, const stz_engine *engine)
{
    stz_open_engine *open = NULL;
    stylize_error why;
    stylize_status status = engine->probe ? engine->probe(&why) : STYLIZE_OK;
    if (status == STYLIZE_OK)
        status = stz_engines_get(&ctx->env.engines, engine->name, &open, &why);
    if (status != STYLIZE_OK)
        return json_pack("{s:s, s:b, s:s}", "name", engine->name, "available", 0, "reason", why.message);
    return json_pack("{s:s, s:b, s:s, s:s, s:i, s:s*}", "name", engine->name, "available", 1, "device",
                     open->caps.device, "detail", open->caps.detail, "batch_max", open->caps.batch_max,
                     "not_cuda", *open->caps.note ? open->caps.note : NULL);
}

static json_t *describe_engines(stylize_ctx *ctx)
{
    json_t *list = json_array();
    for (int i = 0; stz_engine_at(i); i++)
        json_array_append_new(list, describe_engine(ctx, stz_engine_at(i)));
    return list;
}

static json_t *describe_model(const stz_model *m)
{
    json_t *engines = json_array();
    if (m->native_file || m->native_int8_file)
        json_array_append_new(engines, json_string("native"));
    if (m->torch_file)
        json_array_append_new(engines, json_string("torch"));
    return json_pack("{s:s, s:s, s:o, s:b, s:i, s:b}", "name", m->name, "folder", m->dir, "engines", engines,
                     "reads_pictures", m->encodes, "code_length", m->code_length, "tiles",
                     m->stats_length > 0);
}

static json_t *describe_models(const stylize_ctx *ctx)
{
    json_t *list = json_array();
    for (int i = 0, count = stz_style_lib_model_count(ctx->env.styles); i < count; i++)
        json_array_append_new(list, describe_model(stz_style_lib_model(ctx->env.styles, i)));
    return list;
}

static json_t *describe_formats(void)
{
    json_t *list = json_array();
    const char *names = stz_formats_list();
    while (*names) {
        const size_t n = strcspn(names, ",");
        json_array_append_new(list, json_stringn(names, n));
        names += n + (names[n] == ',');
    }
    return list;
}

stylize_status stylize_ctx_info(stylize_ctx *ctx, char **json, stylize_error *err)
{
    if (!ctx || !json)
        return stz_fail(err, STYLIZE_ERR_INVALID, "%s is NULL", ctx ? "json" : "ctx");
    *json = NULL;
    json_t *info =
        json_pack("{s:s, s:o*, s:o*, s:o*, s:o*, s:s, s:s?}", "version", stylize_version(), "cpu",
                  describe_cpu(ctx), "engines", describe_engines(ctx), "formats", describe_formats(),
                  "models", describe_models(ctx), "model_dir", ctx->model_dir, "style_dir", ctx->style_dir);
    if (info)
        *json = json_dumps(info, JSON_INDENT(2));
    json_decref(info);
    return *json ? STYLIZE_OK : stz_nomem(err, 4096);
}
