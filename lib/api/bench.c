/* stylize_ctx_bench: pixels to pixels through the engine, with the team that a request would have. */
#include <stdlib.h>
#include <string.h>

#include "base/tagged.h"
#include "image/canvas.h"
#include "sched/queue.h"

struct job {
    stz_net *net;
    stylize_bench *b;
    double *ms;
};

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* A picture with edges, gradients and noise: denormal or constant inputs would flatter the engine. */
static void draw(const stylize_image *image)
{
    uint32_t noise = 1;
    for (uint32_t y = 0; y < image->height; y++)
        for (uint32_t x = 0; x < image->width; x++) {
            uint8_t *p = image->pixels + y * image->stride + x * 3;
            noise = noise * 1664525u + 1013904223u;
            p[0] = (uint8_t)(x * 255 / image->width);
            p[1] = (uint8_t)(y * 255 / image->height);
            p[2] = (uint8_t)(((x / 16 + y / 16) & 1) * 160 + (noise >> 26));
        }
}

static stylize_status measure(const struct job *j, const stylize_image *in, const stylize_image *out,
                              const float *code, const stz_exec *exec, stylize_error *err)
{
    const stz_engine *engine = j->net->engine->table;
    const stz_apply apply = {.in = stz_view_of(in), .out = stz_view_of(out), .code = code};
    stylize_status status = engine->apply(j->net->engine->state, j->net->net, &apply, 1, exec, err);
    for (uint32_t i = 0; i < j->b->rounds && status == STYLIZE_OK; i++) {
        const uint64_t start = stz_now_ns();
        status = engine->apply(j->net->engine->state, j->net->net, &apply, 1, exec, err);
        j->ms[i] = (double)(stz_now_ns() - start) * 1e-6;
    }
    return status;
}

/* Some style's code for the network; gamma 1 and beta 0 if there is none. */
static void some_code(const stz_env *env, const stz_model *model, float *code)
{
    const int n = model->code_length;
    for (int i = 0; i < n; i++)
        code[i] = i < n / 2 ? 1.0f : 0.0f;
    stylize_style_info *list;
    size_t count;
    if (stz_style_lib_list(env->styles, NULL, &list, &count, NULL) != STYLIZE_OK)
        return;
    bool found = false;
    for (size_t i = 0; i < count && !found; i++) {
        stz_style *style = stz_style_lib_find(env->styles, list[i].id);
        const float *have = style ? stz_style_code(style, model) : NULL;
        if (have)
            memcpy(code, have, (size_t)n * sizeof *code);
        found = have != NULL;
        if (style)
            stz_style_unref(style);
    }
    stylize_free(list);
}

static stylize_status bench_task(stz_env *env, const stz_exec *exec, void *arg, stylize_error *err)
{
    const struct job *j = arg;
    stylize_bench *b = j->b;
    const stz_model *m = j->net->model;
    const stz_engine *engine = j->net->engine->table;
    void *state = j->net->engine->state, *net = j->net->net;
    stylize_image in = {0}, out = {0};
    stz_buf *code = stz_pool_get(env->pool, STZ_MEM_SCRATCH, (size_t)m->code_length * sizeof(float) + 1);
    if (!code)
        return stz_nomem(err, (uint64_t)m->code_length * sizeof(float));
    stylize_status status;
    if ((status = stz_image_alloc(env->pool, b->width, b->height, STYLIZE_FORMAT_RGB8, &in, err)) ||
        (status = stz_image_alloc(env->pool, b->width, b->height, STYLIZE_FORMAT_RGB8, &out, err)))
        goto end;
    draw(&in);
    some_code(env, m, (float *)(void *)code->data);
    status = measure(j, &in, &out, m->code_length ? (const float *)(void *)code->data : NULL, exec, err);
    if (status != STYLIZE_OK)
        goto end;
    qsort(j->ms, b->rounds, sizeof *j->ms, compare);
    b->min_ms = j->ms[0];
    b->median_ms = (j->ms[(b->rounds - 1) / 2] + j->ms[b->rounds / 2]) / 2;
    b->gflop = engine->flop ? engine->flop(state, net, (int)b->width, (int)b->height) * 1e-9 : 0;
    b->memory = engine->memory(state, net, (int)b->width, (int)b->height);
    b->peak_gflops = engine->peak_gflops ? engine->peak_gflops(state, exec) : 0;
end:
    stylize_image_free(&in);
    stylize_image_free(&out);
    stz_buf_unref(code);
    return status;
}

static stylize_status check(const stylize_ctx *ctx, const stylize_bench *b, const stz_model *m,
                            stylize_error *err)
{
    if (b->rounds < 1 || b->rounds > 10000)
        return stz_fail(err, STYLIZE_ERR_INVALID, "rounds is %u; 1 to 10000 are allowed", b->rounds);
    const uint32_t mult = (uint32_t)m->multiple, least = (uint32_t)stz_max(m->min_side, 16);
    if (b->width < least || b->height < least || b->width % mult || b->height % mult)
        return stz_fail(err, STYLIZE_ERR_INVALID, "size is %ux%u; multiples of %u from %u on are allowed",
                        b->width, b->height, mult, least);
    return stz_limits_pixels(&ctx->env.limits, "size", b->width, b->height, err);
}

stylize_status stylize_ctx_bench(stylize_ctx *ctx, stylize_bench *bench, stylize_error *err)
{
    stylize_bench b;
    if (!ctx || !bench)
        return stz_fail(err, STYLIZE_ERR_INVALID, "%s is NULL", ctx ? "b" : "ctx");
    if (!stz_tagged_read(STZ_TAG_BENCH, &b, bench))
        return stz_fail(err, STYLIZE_ERR_INVALID, "b's struct_size is not set");
    const stz_model *model = b.model ? stz_style_lib_find_model(ctx->env.styles, b.model) : NULL;
    if (!model)
        return stz_fail(err, STYLIZE_ERR_NOT_FOUND, "model \"%.80s\" is not in the model folder",
                        b.model ? b.model : "");
    stylize_status status = check(ctx, &b, model, err);
    if (status != STYLIZE_OK)
        return status;
    struct job job = {stz_nets_find(&ctx->env.nets, model), &b, calloc(b.rounds, sizeof(double))};
    if (!job.ms)
        return stz_nomem(err, b.rounds * sizeof(double));
    status = stz_queue_task(ctx, job.net, bench_task, &job, err);
    free(job.ms);
    if (status == STYLIZE_OK)
        stz_tagged_write(STZ_TAG_BENCH, bench, &b);
    return status;
}
