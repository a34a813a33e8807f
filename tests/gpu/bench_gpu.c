/*
 * Pictures a second on a device: bench_gpu NETWORK fp32|tf32|fp16 SIZE SECONDS device|host BATCH...
 *
 * Prints one line of JSON for each batch size. Two threads hand in batches, as the library's workers do, so
 * that copies and kernels overlap. "device": pictures that lie in the device's memory, in and out; "host":
 * page-locked host memory, so with copies both ways.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/torch/torch_engine.h"
#include "style/library.h"

#define CLIENTS 2

typedef struct shared {
    torch_engine *engine;
    stz_device *device; /* of the pictures' memory */
    void *net;
    int batch, size;
    bool on_device;
    const float *code;
    double seconds;
} shared;

typedef struct client {
    const shared *s;
    pthread_t thread;
    uint64_t images, first_ns, last_ns;
    stylize_error err;
    stylize_status status;
} client;

static void *memory_for(const shared *s, size_t size)
{
    const stz_device_table *t = s->engine->devices.table;
    void *p = NULL;
    if (!s->on_device)
        return t->pinned_alloc(size);
    return t->alloc(s->device, size, &p, NULL) ? NULL : p;
}

static void memory_free(const shared *s, void *p)
{
    const stz_device_table *t = s->engine->devices.table;
    if (p && s->on_device)
        t->free(s->device, p);
    else if (p)
        t->pinned_free(p);
}

/* Batches until the time is over; the first ones are not counted, since they are tuned and captured. */
static void paint_on(client *c, const stz_paint *paint)
{
    const shared *s = c->s;
    const stz_exec exec = {0};
    for (int round = 0; c->status == STYLIZE_OK; round++) {
        if (round == 4)
            c->first_ns = stz_now_ns();
        c->status = stz_torch_paint(s->engine, s->net, paint, s->batch, &exec, &c->err);
        if (round < 4)
            continue;
        c->images += (uint64_t)s->batch;
        c->last_ns = stz_now_ns();
        if ((double)(c->last_ns - c->first_ns) > s->seconds * 1e9)
            break;
    }
}

static void *run(void *arg)
{
    client *c = arg;
    const shared *s = c->s;
    stylize_image in[STZ_GPU_BATCH_MAX], out[STZ_GPU_BATCH_MAX];
    stz_paint paint[STZ_GPU_BATCH_MAX];
    for (int i = 0; i < s->batch; i++) {
        in[i] = (stylize_image){.width = (uint32_t)s->size,
                                .height = (uint32_t)s->size,
                                .stride = (ptrdiff_t)s->size * 3,
                                .format = STYLIZE_FORMAT_RGB8,
                                .memory = s->on_device ? STYLIZE_MEMORY_CUDA : STYLIZE_MEMORY_HOST,
                                .device = s->on_device ? s->engine->devices.index[0] : 0};
        out[i] = in[i];
        in[i].pixels = memory_for(s, (size_t)in[i].stride * in[i].height);
        out[i].pixels = memory_for(s, (size_t)in[i].stride * in[i].height);
        if (!in[i].pixels || !out[i].pixels)
            c->status = stz_fail(&c->err, STYLIZE_ERR_NOMEM, "out of memory");
        paint[i] = (stz_paint){.in = &in[i],
                               .source = {0, 0, in[i].width, in[i].height},
                               .out = &out[i],
                               .code = s->code,
                               .strength = 1};
    }
    paint_on(c, paint);
    for (int i = 0; i < s->batch; i++) {
        memory_free(s, in[i].pixels);
        memory_free(s, out[i].pixels);
    }
    return NULL;
}

static bool measure(const shared *s)
{
    client clients[CLIENTS] = {{.s = s}, {.s = s}};
    double rate = 0;
    for (int i = 0; i < CLIENTS; i++)
        pthread_create(&clients[i].thread, NULL, run, &clients[i]);
    for (int i = 0; i < CLIENTS; i++) {
        const client *c = &clients[i];
        pthread_join(c->thread, NULL);
        if (c->status != STYLIZE_OK) {
            fprintf(stderr, "bench_gpu: %s\n", c->err.message);
            return false;
        }
        rate += (double)c->images * 1e9 / (double)(c->last_ns - c->first_ns);
    }
    stylize_stats stats = {0};
    stz_engine_torch.stats(s->engine, &stats);
    printf("{\"batch\": %d, \"images_per_s\": %.2f, \"graphs\": %d, \"device\": \"%s\"}\n", s->batch, rate,
           (int)stats.device_graphs, s->engine->devices.name);
    fflush(stdout);
    return true;
}

int main(int argc, char **argv)
{
    stylize_error err = {0};
    stz_model *model = NULL;
    shared s = {0};
    if (argc < 7) {
        fprintf(stderr, "usage: bench_gpu NETWORK_FOLDER fp32|tf32|fp16 SIZE SECONDS device|host BATCH...\n");
        return 2;
    }
    const stz_engine_config config = {.device = "cuda",
                                      .threads = 2,
                                      .precision = !strcmp(argv[2], "fp16")   ? STYLIZE_PRECISION_FP16
                                                   : !strcmp(argv[2], "tf32") ? STYLIZE_PRECISION_TF32
                                                                              : STYLIZE_PRECISION_FP32,
                                      .pool_keep = (uint64_t)1 << 30};
    s.size = atoi(argv[3]);
    s.seconds = atof(argv[4]);
    s.on_device = !strcmp(argv[5], "device");
    void *engine;
    if (stz_engine_torch.probe(&err) || stz_engine_torch.open(&engine, &config, &err)) {
        printf("skipped: %s\n", err.message);
        return 77;
    }
    s.engine = engine;
    if (s.engine->devices.table->open(s.engine->devices.index[0], &s.device, NULL)) {
        fprintf(stderr, "bench_gpu: the device cannot be opened\n");
        return 1;
    }
    if (stz_model_read(argv[1], &model, &err) || stz_engine_torch.load(engine, model, &s.net, &err)) {
        fprintf(stderr, "bench_gpu: %s\n", err.message);
        return 1;
    }
    float *code = calloc((size_t)model->code_length + 1, sizeof *code);
    s.code = code;
    int bad = 0;
    for (int i = 6; i < argc && !bad; i++) {
        s.batch = stz_clamp(atoi(argv[i]), 1, STZ_GPU_BATCH_MAX);
        bad = !measure(&s);
    }
    s.engine->devices.table->close(s.device);
    stz_engine_torch.unload(engine, s.net);
    stz_engine_torch.close(engine);
    stz_model_free(model);
    free(code);
    return bad;
}
