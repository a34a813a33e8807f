/*
 * Milliseconds of a network forward and back, for tuning; not a test.
 *     bench_back MODEL.safetensors [width [height [threads [rounds [isa]]]]]
 * With WEIGHTS in the environment the gradients of weights too. Printed for each layer: forward, adjoint convolution, settling; the least of all rounds, as the machine may be
 * shared. A loss network gets a gradient of ones at each feature map.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/native/back.h"
#include "engine/native/graph_read.h"

static double least[3 * 256];
static int layers;

static double cpu_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static void trace(int layer, uint64_t ns)
{
    if (layer < 3 * 256)
        least[layer] = least[layer] > 0 ? fmin(least[layer], (double)ns * 1e-6) : (double)ns * 1e-6;
}

static void on_tap(void *user, const stz_run *r, int layer, const stz_gradient_view *to, bool fresh)
{
    float *g = stz_run_tensor(r, to->tensor);
    for (size_t i = 0; fresh && i < to->layout.count; i++)
        g[i] = 1;
}

static stylize_status load(const char *path, stz_safetensors **file, stz_part *part, const stz_kernels *k,
                           stylize_error *err)
{
    stylize_status status = stz_safetensors_open(path, file, err);
    if (!status)
        status = stz_graph_read(*file, stz_safetensors_meta(*file, "loss_graph") ? "loss_graph" : "graph",
                                &part->graph, err);
    return status ? status : stz_part_init(part, k, err);
}

int main(int argc, char **argv)
{
    const int width = argc > 2 ? atoi(argv[2]) : 512, height = argc > 3 ? atoi(argv[3]) : width;
    const int threads = argc > 4 ? atoi(argv[4]) : 1, rounds = argc > 5 ? atoi(argv[5]) : 20;
    if (argc > 6)
        setenv("STYLIZE_CPU", argv[6], 1);
    stz_part part = {0};
    stz_safetensors *file;
    stylize_error err;
    if (argc < 2 || load(argv[1], &file, &part, stz_kernels_get(false), &err))
        return fprintf(stderr, "%s\n", argc < 2 ? "which model?" : err.message), 1;
    stz_scratch scratch = {0};
    stz_team *team = stz_team_create(threads, &scratch, threads - 1);
    stz_pool *pool = stz_pool_create(1u << 30);
    const stz_exec exec = {.team = team};
    const size_t count = (size_t)width * (size_t)height * 3;
    float *in = malloc(count * 4), *out = malloc(count * 4), *gradient = malloc(count * 4),
          *factors = malloc(count * 4);
    float *code = calloc((size_t)part.graph.code_length + 1, 4),
          *codes = calloc((size_t)part.graph.code_length + 1, 4);
    float *weights = malloc(4 * stz_back_weight_count(&part.graph) + 4);
    for (size_t i = 0; i < count; i++) {
        in[i] = .5f + .4f * sinf((float)(i % 977) * .01f + (float)(i / 3 / (size_t)width) * .03f);
        factors[i] = (float)(i % 17) * .1f - .8f;
    }
    for (int i = 0; i < part.graph.norm_channels && part.graph.code_length; i++)
        code[i] = 1;
    const ptrdiff_t stride = (ptrdiff_t)width * 12;
    const stz_apply job = {.in = {in, stride, width, height, STZ_F32},
                           .out = {out, stride, width, height, STZ_F32},
                           .code = code};
    const stz_back_job back = {.result = factors,
                               .weights = getenv("WEIGHTS") ? weights : NULL,
                               .picture = gradient,
                               .code = part.graph.code_length ? codes : NULL,
                               .on_tap = on_tap};
    double times[3] = {1e9, 1e9, 1e9};
    layers = part.layers.count;
    for (int i = 0; i < rounds; i++) {
        stz_kept_run k;
        double start = cpu_ms();
        if (stz_run_apply(&part, &job, pool, &exec, &err))
            return fprintf(stderr, "%s\n", err.message), 1;
        times[0] = fmin(times[0], cpu_ms() - start);
        stz_run_trace = trace;
        if (stz_kept_begin(&k, &part, &job, true, pool, &exec, &err))
            return fprintf(stderr, "%s\n", err.message), 1;
        start = cpu_ms();
        if (stz_kept_forward(&k, &err))
            return 1;
        const double middle = cpu_ms();
        if (stz_kept_back(&k, &back, &err))
            return 1;
        times[1] = fmin(times[1], middle - start);
        times[2] = fmin(times[2], cpu_ms() - middle);
        stz_run_trace = NULL;
        if (i == 0)
            printf("arena %.1f MiB, scratch %.2f MiB\n", (double)k.run.plan->arena / 1048576,
                   (double)k.run.plan->scratch / 1048576);
        stz_kept_end(&k);
    }
    for (int i = 0; i < layers; i++)
        printf("%3d %4d ->%4d  forward %7.3f  adjoint %7.3f  settling %7.3f\n", i,
               part.layers.layers[i].in_channels, part.layers.layers[i].out_channels, least[i],
               least[layers + i], least[2 * layers + i]);
    printf("%s, %dx%d, %d threads, processor time: forward %.2f ms, forward and kept %.2f, back %.2f, back / "
           "forward %.2f\n",
           stz_isa_name(part.kernels->isa), width, height, threads, times[0], times[1], times[2],
           times[2] / times[0]);
    return 0;
}
