#include "bench.h"

#include <stdio.h>

#include "common/names.h"
#include "context.h"
#include "exit.h"
#include "json_out.h"
#include "message.h"
#include "options.h"

/* "cpu" and the engine that a context chose, from its description. */
static json_t *describe(stylize_ctx *ctx)
{
    char *text = NULL;
    if (stylize_ctx_info(ctx, &text, NULL) != STYLIZE_OK)
        return NULL;
    json_t *info = json_loads(text, 0, NULL);
    stylize_free(text);
    return info;
}

static const char *cpu_name(const json_t *info)
{
    const char *name = json_string_value(json_object_get(json_object_get(info, "cpu"), "name"));
    return name ? name : "unknown";
}

/* The engine of --engine, or the first one that is there: that is the one "auto" takes. */
static const char *engine_name(const cli_args *args, const json_t *info)
{
    if (args->engine)
        return engine_names[args->engine];
    const json_t *engines = json_object_get(info, "engines");
    for (size_t i = 0; i < json_array_size(engines); i++) {
        const json_t *e = json_array_get(engines, i);
        const char *name = json_string_value(json_object_get(e, "name"));
        if (name && json_is_true(json_object_get(e, "available")))
            return name;
    }
    return "auto";
}

static json_t *number_or_null(double v) { return v > 0 ? json_real(v) : json_null(); }

static json_t *to_json(const cli_args *args, const json_t *info, const stylize_bench *b, long long threads)
{
    const double rate = b->min_ms > 0 ? 1e3 * b->gflop / b->min_ms : 0;
    json_t *j = json_object();
    json_object_set_new(j, "engine", json_text(engine_name(args, info)));
    json_object_set_new(j, "network", json_text(b->model));
    json_object_set_new(j, "size", json_integer(b->width > b->height ? b->width : b->height));
    json_object_set_new(j, "width", json_integer(b->width));
    json_object_set_new(j, "height", json_integer(b->height));
    json_object_set_new(j, "threads", json_integer(threads));
    json_object_set_new(j, "precision", json_string(precision_names[args->precision]));
    json_object_set_new(j, "rounds", json_integer(b->rounds));
    json_object_set_new(j, "min_ms", json_real(b->min_ms));
    json_object_set_new(j, "median_ms", json_real(b->median_ms));
    json_object_set_new(j, "gflops", number_or_null(rate));
    json_object_set_new(j, "peak_gflops", number_or_null(b->peak_gflops));
    json_object_set_new(j, "share_of_peak", number_or_null(b->peak_gflops > 0 ? rate / b->peak_gflops : 0));
    json_object_set_new(j, "memory", b->memory ? json_integer((json_int_t)b->memory) : json_null());
    return j;
}

static void print_row(const json_t *j)
{
    char size[24], share[16] = "";
    const double part = json_real_value(json_object_get(j, "share_of_peak"));
    const long long width = json_integer_value(json_object_get(j, "width"));
    const long long height = json_integer_value(json_object_get(j, "height"));
    snprintf(size, sizeof size, "%lld x %lld", width, height);
    if (part > 0)
        snprintf(share, sizeof share, "%.0f %%", 100 * part);
    printf("%-8s%-8s%-14s%8lld  %-10s%9.2f%11.2f%10.1f%8.1f%8s\n",
           json_string_value(json_object_get(j, "engine")), json_string_value(json_object_get(j, "network")),
           size, json_integer_value(json_object_get(j, "threads")),
           json_string_value(json_object_get(j, "precision")), json_real_value(json_object_get(j, "min_ms")),
           json_real_value(json_object_get(j, "median_ms")), json_real_value(json_object_get(j, "gflops")),
           json_real_value(json_object_get(j, "peak_gflops")), share);
    fflush(stdout);
}

typedef struct bench_run {
    const cli_args *args;
    json_t *results;
    char cpu[128];
} bench_run;

/* All sizes with one number of threads; 0: as many as processors. */
static int run_threads(bench_run *r, uint32_t threads)
{
    static const picture_size usual = {.side = 512};
    const cli_args *args = r->args;
    int code = EXIT_DONE;
    stylize_ctx *ctx = context_create(args, threads, 0, &code);
    if (!ctx)
        return code;
    json_t *info = describe(ctx);
    const json_t *cpu = json_object_get(info, "cpu");
    const long long used = threads ? threads : json_integer_value(json_object_get(cpu, "threads"));
    if (json_array_size(r->results) == 0) {
        snprintf(r->cpu, sizeof r->cpu, "%s", cpu_name(info));
        if (!args->json)
            printf("%s\n%-8s%-8s%-14s%8s  %-10s%9s%11s%10s%8s%8s\n", r->cpu, "engine", "network", "size",
                   "threads", "precision", "min ms", "median ms", "GFLOP/s", "peak", "share");
    }
    for (size_t i = 0; i < (args->size_count ? args->size_count : 1) && !interrupted; i++) {
        const picture_size *s = args->size_count ? &args->sizes[i] : &usual;
        stylize_error err = {0};
        stylize_bench b = {.struct_size = sizeof b, .model = args->network, .rounds = (uint32_t)args->rounds};
        b.width = s->side ? s->side : s->width;
        b.height = s->side ? s->side : s->height;
        if (stylize_ctx_bench(ctx, &b, &err) != STYLIZE_OK) {
            message_failure(args->network, &err);
            code = err.status == STYLIZE_ERR_INVALID ? EXIT_USAGE : EXIT_ENGINE;
            break;
        }
        json_t *j = to_json(args, info, &b, used);
        if (!args->json)
            print_row(j);
        json_array_append_new(r->results, j);
    }
    json_decref(info);
    stylize_ctx_destroy(ctx, STYLIZE_CANCEL);
    return interrupted ? EXIT_SIGNAL + interrupted : code;
}

int command_bench(const cli_args *args)
{
    bench_run r = {.args = args, .results = json_array()};
    int code = EXIT_DONE;
    for (size_t i = 0; i < (args->thread_count ? args->thread_count : 1) && code == EXIT_DONE; i++)
        code = run_threads(&r, args->thread_count ? args->threads[i] : 0);
    if (code == EXIT_DONE && args->json) {
        json_t *all = json_pack("{s:o, s:O}", "cpu", json_text(r.cpu), "results", r.results);
        code = json_print(all, JSON_INDENT(2)) ? EXIT_DONE : EXIT_OUTPUT;
    }
    json_decref(r.results);
    return code;
}
