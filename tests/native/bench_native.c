/*
 * Milliseconds of each layer of a network, for tuning the native engine.
 *   bench_native FILE.safetensors [WIDTH HEIGHT [THREADS [ROUNDS [fp16]]]]
 * TILE=4|6 and GROUP=n force the tile side of stride-1 layers and the tiles of a group.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/native/encode.h"
#include "engine/native/run.h"

static double least[1024];

/* Processor time, so that other work on the machine disturbs less. With helpers the wall clock. */
static bool wall;
static double layer_start;

static double cpu_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static void trace(int layer, uint64_t ns)
{
    const double now = cpu_ms(), ms = wall ? (double)ns * 1e-6 : now - layer_start;
    layer_start = now;
    if (least[layer] == 0 || ms < least[layer])
        least[layer] = ms;
}

static void fill(float *p, size_t n)
{
    unsigned r = 1;
    for (size_t i = 0; i < n; i++) {
        r = r * 1664525u + 1013904223u;
        p[i] = .5f + .4f * sinf((float)i * .001f) + (float)(r >> 8) / 16777216.f * .1f;
    }
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return fprintf(stderr, "usage: bench_native FILE [WIDTH HEIGHT [THREADS [ROUNDS [fp16]]]]\n"), 2;
    const int width = argc > 3 ? atoi(argv[2]) : 512, height = argc > 3 ? atoi(argv[3]) : 512;
    const int threads = argc > 4 ? atoi(argv[4]) : 1, rounds = argc > 5 ? atoi(argv[5]) : 30;
    const bool half = argc > 6 && strcmp(argv[6], "fp16") == 0;
    stz_plan_tile = getenv("TILE") ? atoi(getenv("TILE")) : 0;
    stz_plan_group = getenv("GROUP") ? atoi(getenv("GROUP")) : 0;

    const uint64_t begin = stz_now_ns();
    stylize_error err;
    const stz_kernels *k = stz_kernels_get(half);
    stz_native_net *net;
    if (stz_native_load(argv[1], k, &net, &err))
        return fprintf(stderr, "%s\n", err.message), 1;
    stz_pool *pool = stz_pool_create(1u << 30);
    stz_scratch scratch = {0};
    stz_team *team = stz_team_create(threads, &scratch, threads - 1);
    const stz_exec exec = {.team = team};
    const size_t samples = (size_t)width * (size_t)height * 3;
    float *in = malloc(samples * sizeof(float)), *out = malloc(samples * sizeof(float));
    float *code = calloc((size_t)net->generator.graph.code_length + 1, sizeof *code);
    fill(in, samples);
    for (int i = 0; i < net->generator.graph.norm_channels && net->generator.graph.code_length; i++)
        code[i] = 1;
    const stz_apply job = {.in = {in, (ptrdiff_t)width * 12, width, height, STZ_F32},
                           .out = {out, (ptrdiff_t)width * 12, width, height, STZ_F32},
                           .code = code};
    stz_run_trace = trace;
    wall = threads > 1;
    double best = 1e9, first = 0, total = 0;
    for (int i = 0; i < rounds; i++) {
        const uint64_t start = stz_now_ns();
        layer_start = cpu_ms();
        if (stz_run_apply(&net->generator, &job, pool, &exec, &err))
            return fprintf(stderr, "%s\n", err.message), 1;
        const double ms = (double)(stz_now_ns() - start) * 1e-6;
        best = ms < best ? ms : best;
        total += ms;
        if (i == 0) {
            first = (double)(stz_now_ns() - begin) * 1e-6;
            memset(least, 0, sizeof least);
        }
    }
    stz_run_trace = NULL;
    double encode = 1e9;
    float *style = net->encodes ? malloc(sizeof(float) * (size_t)net->encoder.graph.code_length) : NULL;
    for (int i = 0; i < rounds && style; i++) {
        const double start = cpu_ms();
        if (stz_run_encode(&net->encoder, &net->generator, &job.in, style, pool, &exec, &err))
            return fprintf(stderr, "%s\n", err.message), 1;
        encode = fmin(encode, cpu_ms() - start);
    }
    if (style)
        printf("style encoder at this size: %.2f ms\n", encode);
    free(style);
    stz_plan *plan;
    if (stz_part_plan_get(&net->generator, width, height, false, &plan, &err))
        return 1;
    const double gflop = stz_graph_flop(&net->generator.graph, width, height) * 1e-9;
    printf("%s, %dx%d, %d threads: best %.2f ms, mean %.2f, load + first %.1f; %.0f GFLOP/s; arena %.1f MiB, "
           "scratch %.2f MiB\n",
           stz_isa_name(k->isa), width, height, threads, best, total / rounds, first, gflop / best * 1e3,
           (double)plan->arena / 1048576, (double)plan->scratch / 1048576);
    for (int i = 0; i < net->generator.layers.count; i++) {
        const stz_layer *l = &net->generator.layers.layers[i];
        const stz_conv *c = &plan->convs[i];
        static const char *const kinds[] = {"same", "down", "up", "first9", "last9"};
        printf("%3d %-6s F%d %4d ->%4d %5dx%-5d items %4d group %3d  %7.3f ms\n", i, kinds[l->kind], c->m,
               l->in_channels, l->out_channels, c->out_width, c->out_height, c->items, c->group, least[i]);
    }
    double all = 0;
    for (int i = 0; i < net->generator.layers.count; i++)
        all += least[i];
    printf("sum of the layers' best %.2f ms\n", all);
    stz_part_plan_put(&net->generator, plan);
    stz_team_destroy(team);
    stz_scratch_free(&scratch);
    stz_native_free(net);
    stz_pool_end(pool);
    free(in);
    free(out);
    free(code);
    return 0;
}
