/* The native engine through its table: threads, frozen statistics, tiles, 8-bit pictures, bad input. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "blob.h"
#include "net_util.h"

static const stz_engine *const engine = &stz_engine_native;

typedef struct session {
    void *engine, *net;
    stz_pool *pool;
    stz_scratch scratch;
    stz_team *team;
    stz_exec exec;
    float *code;
} session;

static void session_open(session *s, stylize_precision precision, int threads)
{
    stylize_error err;
    char dir[] = STYLIZE_SOURCE_DIR "/models/any", file[] = "any.safetensors";
    const stz_model model = {.name = "any", .dir = dir, .native_file = file, .code_length = 1168};
    *s = (session){.pool = stz_pool_create(1u << 30)};
    const stz_engine_config config = {
        .device = "auto", .threads = threads, .precision = precision, .pool = s->pool};
    if (engine->probe(&err) || engine->open(&s->engine, &config, &err) ||
        engine->load(s->engine, &model, &s->net, &err))
        fail_msg("%s", err.message);
    s->team = stz_team_create(threads, &s->scratch, threads - 1);
    s->exec.team = s->team;
    s->code = malloc(sizeof(float) * 1168);
    for (int i = 0; i < 1168; i++)
        s->code[i] = i < 584 ? 1 + .3f * sinf((float)i) : .2f * cosf((float)i);
}

static void session_close(session *s)
{
    stz_team_destroy(s->team);
    stz_scratch_free(&s->scratch);
    engine->unload(s->engine, s->net);
    engine->close(s->engine);
    stz_pool_end(s->pool);
    free(s->code);
}

static stz_view view_of(const void *data, int width, int height, stz_elem elem)
{
    union {
        const void *in;
        void *data;
    } const_away = {data};
    const int size = elem == STZ_U8 ? 1 : 4;
    return (stz_view){const_away.data, (ptrdiff_t)width * 3 * size, width, height, elem};
}

static void apply(session *s, stz_view in, stz_view out, const float *stats, float *stats_out)
{
    stylize_error err;
    const stz_apply job = {.in = in, .out = out, .code = s->code, .stats = stats, .stats_out = stats_out};
    if (engine->apply(s->engine, s->net, &job, 1, &s->exec, &err))
        fail_msg("%s", err.message);
}

/* Any number of threads: the same bytes, statistics and style codes too. */
static void test_threads(void **state)
{
    const int width = 212, height = 164;
    const size_t count = (size_t)width * (size_t)height * 3;
    float *in = picture_random(width, height, 3), *out = malloc(count * 4), *first = malloc(count * 4);
    float stats[1168], first_stats[1168], code[1168], first_code[1168];
    for (int threads = 1; threads <= 8; threads++) {
        session s;
        stylize_error err;
        session_open(&s, STYLIZE_PRECISION_FP32, threads);
        const stz_view view = view_of(in, width, height, STZ_F32);
        for (int again = 0; again < 3; again++) {
            apply(&s, view, view_of(out, width, height, STZ_F32), NULL, stats);
            assert_int_equal(engine->encode(s.engine, s.net, &view, code, &s.exec, &err), STYLIZE_OK);
            if (threads == 1 && again == 0) {
                memcpy(first, out, count * 4);
                memcpy(first_stats, stats, sizeof stats);
                memcpy(first_code, code, sizeof code);
            }
            assert_memory_equal(out, first, count * 4);
            assert_memory_equal(stats, first_stats, sizeof stats);
            assert_memory_equal(code, first_code, sizeof code);
        }
        session_close(&s);
    }
    free(in);
    free(out);
    free(first);
}

/* Given its own statistics a picture comes out the same, and reports those it was given. */
static void test_frozen(void **state)
{
    const int width = 100, height = 68;
    const size_t count = (size_t)width * (size_t)height * 3;
    float *in = picture_random(width, height, 5), *own = malloc(count * 4), *frozen = malloc(count * 4);
    float stats[1168], again[1168], alone[1168];
    session s;
    session_open(&s, STYLIZE_PRECISION_FP32, 2);
    const stz_view iv = view_of(in, width, height, STZ_F32);
    apply(&s, iv, view_of(own, width, height, STZ_F32), NULL, stats);
    apply(&s, iv, view_of(frozen, width, height, STZ_F32), stats, again);
    assert_memory_equal(own, frozen, count * 4);
    assert_memory_equal(stats, again, sizeof stats);
    apply(&s, iv, (stz_view){0}, NULL, alone); /* statistics only */
    assert_memory_equal(stats, alone, sizeof stats);
    for (int i = 584; i < 1168; i++)
        assert_true(stats[i] >= 0);
    stats[584] *= 4;
    apply(&s, iv, view_of(frozen, width, height, STZ_F32), stats, NULL);
    assert_true(difference(own, frozen, count) > 1e-4);
    session_close(&s);
    free(in);
    free(own);
    free(frozen);
}

/* A tile with frozen statistics and a margin is the same as that part of the whole picture. */
static void test_tile(void **state)
{
    enum { W = 320, H = 256, X = 88, Y = 60, TW = 188, TH = 156, MARGIN = 56 };
    float *in = picture_random(W, H, 9), *whole = malloc(sizeof(float) * W * H * 3);
    float *tile = malloc(sizeof(float) * TW * TH * 3), stats[1168];
    session s;
    session_open(&s, STYLIZE_PRECISION_FP32, 1);
    stz_view iv = view_of(in, W, H, STZ_F32);
    apply(&s, iv, view_of(whole, W, H, STZ_F32), NULL, stats);
    iv.data = in + (Y * W + X) * 3; /* the picture's own memory, with its stride */
    iv.width = TW;
    iv.height = TH;
    apply(&s, iv, view_of(tile, TW, TH, STZ_F32), stats, NULL);
    double largest = 0;
    for (int y = MARGIN; y < TH - MARGIN; y++)
        largest = fmax(largest, difference(tile + (y * TW + MARGIN) * 3,
                                           whole + ((Y + y) * W + X + MARGIN) * 3, (TW - 2 * MARGIN) * 3));
    assert_true(largest < 2e-5); /* tiles fall on other places of the Winograd grid */
    assert_true(difference(tile, whole + (Y * W + X) * 3, 3) > 1e-4); /* at the corner it does differ */
    session_close(&s);
    free(in);
    free(whole);
    free(tile);
}

/* 8-bit results are the rounded float ones, rows may have any stride, nothing else is written. */
static void test_u8(void **state)
{
    enum { W = 52, H = 36, STRIDE = W * 3 + 7 };
    uint8_t *in = malloc(STRIDE * H), *out = malloc(STRIDE * H);
    float *fin = malloc(sizeof(float) * W * H * 3), *fout = malloc(sizeof(float) * W * H * 3);
    unsigned seed = 1;
    for (int y = 0; y < H; y++)
        for (int i = 0; i < W * 3; i++) {
            seed = seed * 1664525u + 1013904223u;
            in[y * STRIDE + i] = (uint8_t)((seed >> 28) + (unsigned)(i + y));
            fin[y * W * 3 + i] = (float)in[y * STRIDE + i] / 255.f;
        }
    memset(out, 0xaa, STRIDE * H);
    session s;
    session_open(&s, STYLIZE_PRECISION_FP32, 1);
    apply(&s, view_of(fin, W, H, STZ_F32), view_of(fout, W, H, STZ_F32), NULL, NULL);
    stz_view iv = view_of(in, W, H, STZ_U8), ov = view_of(out, W, H, STZ_U8);
    iv.stride = ov.stride = STRIDE;
    apply(&s, iv, ov, NULL, NULL);
    for (int y = 0; y < H; y++)
        for (int i = 0; i < STRIDE; i++) {
            if (i >= W * 3) {
                assert_int_equal(out[y * STRIDE + i], 0xaa);
                continue;
            }
            const float v = fminf(fmaxf(fout[y * W * 3 + i], 0), 1) * 255.f;
            assert_true(fabsf((float)out[y * STRIDE + i] - v) < .502f);
        }
    session_close(&s);
    free(in);
    free(out);
    free(fin);
    free(fout);
}

/* Flat, black, white and noisy pictures: numbers, in every precision. */
static void test_extremes(void **state)
{
    enum { W = 64, H = 48, N = W * H * 3 };
    static const stylize_precision precisions[] = {STYLIZE_PRECISION_FP32, STYLIZE_PRECISION_FP16};
    float *in = malloc(sizeof(float) * N), *out = malloc(sizeof(float) * N), code[1168];
    for (int p = 0; p < 2; p++) {
        session s;
        stylize_error err;
        session_open(&s, precisions[p], 1);
        for (int kind = 0; kind < 5; kind++) {
            unsigned seed = 3;
            for (int i = 0; i < N; i++) {
                seed = seed * 1664525u + 1013904223u;
                const float values[] = {0, 1, .5f, (float)(seed >> 31), (float)(seed >> 8) / 16777216.f};
                in[i] = values[kind];
            }
            const stz_view iv = view_of(in, W, H, STZ_F32);
            apply(&s, iv, view_of(out, W, H, STZ_F32), NULL, NULL);
            for (int i = 0; i < N; i++)
                assert_true(out[i] >= 0 && out[i] <= 1);
            assert_int_equal(engine->encode(s.engine, s.net, &iv, code, &s.exec, &err), STYLIZE_OK);
            for (int i = 0; i < 1168; i++)
                assert_true(isfinite(code[i]));
        }
        session_close(&s);
    }
    free(in);
    free(out);
}

/* Half-precision storage: close to single precision, and less memory. */
static void test_half(void **state)
{
    const int width = 128, height = 96;
    const size_t count = (size_t)width * (size_t)height * 3;
    float *in = picture_random(width, height, 5), *full = malloc(count * 4), *half = malloc(count * 4);
    size_t bytes[2];
    for (int p = 0; p < 2; p++) {
        session s;
        session_open(&s, p ? STYLIZE_PRECISION_FP16 : STYLIZE_PRECISION_FP32, 1);
        apply(&s, view_of(in, width, height, STZ_F32), view_of(p ? half : full, width, height, STZ_F32), NULL,
              NULL);
        bytes[p] = engine->memory(s.engine, s.net, 512, 512);
        session_close(&s);
    }
    const double d = difference(full, half, count);
    print_message("fp16 storage: largest difference %.2g; 512x512: %zu and %zu bytes\n", d, bytes[0],
                  bytes[1]);
    assert_true(d < 2e-2);
    assert_true(bytes[0] <= 24u << 20);
    if (stz_kernels_get(true)->half)
        assert_true(bytes[1] < bytes[0] * 6 / 10);
    free(in);
    free(full);
    free(half);
}

/* A run in the steady state allocates nothing; memory() is what a run takes. */
static void test_memory(void **state)
{
    enum { W = 256, H = 200 };
    float *in = picture_random(W, H, 5), *out = malloc(sizeof(float) * W * H * 3);
    stz_pool_stats stats;
    session s;
    session_open(&s, STYLIZE_PRECISION_FP32, 1);
    for (int i = 0; i < 3; i++)
        apply(&s, view_of(in, W, H, STZ_F32), view_of(out, W, H, STZ_F32), NULL, NULL);
    stz_pool_get_stats(s.pool, STZ_MEM_ARENA, &stats);
    assert_int_equal(stats.allocs, 1);
    assert_int_equal(stats.reuses, 2);
    const size_t bytes = engine->memory(s.engine, s.net, W, H);
    assert_true(bytes > s.scratch.size && bytes - s.scratch.size <= stats.bytes);
    assert_true(bytes - s.scratch.size > stats.bytes * 8 / 9); /* pools round up by an eighth at most */
    session_close(&s);
    free(in);
    free(out);
}

static void test_refused(void **state)
{
    enum { W = 32, H = 32 };
    static float in[W * H * 3], out[W * H * 3];
    session s;
    stylize_error err;
    session_open(&s, STYLIZE_PRECISION_FP32, 1);
    const stz_view good = view_of(in, W, H, STZ_F32), result = view_of(out, W, H, STZ_F32);
    stz_apply job = {.in = good, .out = result, .code = s.code};
    job.in.width = job.out.width = 30;
    assert_int_equal(engine->apply(s.engine, s.net, &job, 1, &s.exec, &err), STYLIZE_ERR_INVALID);
    job.in.width = job.out.width = 12;
    assert_int_equal(engine->apply(s.engine, s.net, &job, 1, &s.exec, &err), STYLIZE_ERR_INVALID);
    job = (stz_apply){.in = good, .out = result, .code = s.code};
    job.out.height = 28;
    assert_int_equal(engine->apply(s.engine, s.net, &job, 1, &s.exec, &err), STYLIZE_ERR_INVALID);
    job = (stz_apply){.in = good, .out = result};
    assert_int_equal(engine->apply(s.engine, s.net, &job, 1, &s.exec, &err), STYLIZE_ERR_INVALID);
    job = (stz_apply){.out = result, .code = s.code};
    assert_int_equal(engine->apply(s.engine, s.net, &job, 1, &s.exec, &err), STYLIZE_ERR_INVALID);
    atomic_int cancel;
    atomic_init(&cancel, 1);
    const stz_exec cancelled = {.team = s.team, .cancel = &cancel};
    job = (stz_apply){.in = good, .out = result, .code = s.code};
    assert_int_equal(engine->apply(s.engine, s.net, &job, 1, &cancelled, &err), STYLIZE_ERR_CANCELLED);
    assert_int_equal(engine->apply(s.engine, s.net, &job, 1, &s.exec, NULL), STYLIZE_OK);

    void *other = NULL;
    const stz_engine_config gpu = {.device = "cuda", .pool = s.pool};
    assert_int_equal(engine->open(&other, &gpu, &err), STYLIZE_ERR_UNSUPPORTED);
    char dir[] = STYLIZE_SOURCE_DIR "/models", file[] = "README.md", brush[] = "brush/brush.safetensors";
    stz_model model = {.name = "x", .dir = dir};
    assert_int_equal(engine->load(s.engine, &model, &other, &err), STYLIZE_ERR_UNSUPPORTED);
    model.native_file = file;
    assert_int_not_equal(engine->load(s.engine, &model, &other, &err), STYLIZE_OK);
    model.native_file = brush;
    model.code_length = 7;
    assert_int_equal(engine->load(s.engine, &model, &other, &err), STYLIZE_ERR_MODEL);
    assert_null(other);
    float code[1168];
    model.code_length = 1168;
    assert_int_equal(engine->load(s.engine, &model, &other, &err), STYLIZE_OK);
    assert_int_equal(engine->encode(s.engine, other, &good, code, &s.exec, &err), STYLIZE_ERR_UNSUPPORTED);
    engine->unload(s.engine, other);
    session_close(&s);
}

#define GENERATOR                                                                                            \
    "[{\"op\":\"pixel_unshuffle\",\"factor\":2},{\"op\":\"conv\",\"w\":\"g\",\"in\":12,\"out\":12,"          \
    "\"stride\":1},"                                                                                         \
    "{\"op\":\"norm\",\"i\":0},{\"op\":\"conv\",\"w\":\"g\",\"in\":12,\"out\":12,\"stride\":1},"             \
    "{\"op\":\"pixel_shuffle\",\"factor\":2}]"
#define ENCODER(w, out)                                                                                      \
    "[{\"op\":\"conv\",\"w\":\"e\",\"in\":3,\"out\":4,\"stride\":1},{\"op\":\"append_mean_std\"},"           \
    "{\"op\":\"linear\",\"w\":\"" w "\",\"in\":8,\"out\":" out "}"
#define FIX(probe)                                                                                           \
    ",{\"op\":\"correct\",\"probe\":\"" probe                                                                \
    "\",\"w\":\"c1\",\"b\":\"cb\",\"w2\":\"c2\",\"in\":8,\"hidden\":6}]"

/* An encoder that does not fit its generator would write past the codes of its model. */
static void test_encoders_refused(void **state)
{
    static const struct {
        const char *graph, *text; /* NULL: accepted */
    } cases[] = {
        {ENCODER("fits", "24") "]", NULL},
        {ENCODER("long", "32") "]", "codes of 32 numbers, the generator takes 24"},
        {ENCODER("fits", "24") FIX("probe"), NULL},
        {ENCODER("fits", "24") FIX("odd"), "the probe is 25x16 pixels; its sides must be multiples of 2"},
    };
    const blob_tensor tensors[] = {
        {"g", "F32", 4, {12, 12, 3, 3}, NULL},  {"e", "F32", 4, {4, 3, 3, 3}, NULL},
        {"fits", "F32", 2, {24, 8}, NULL},      {"long", "F32", 2, {32, 8}, NULL},
        {"probe", "F32", 3, {16, 24, 3}, NULL}, {"odd", "F32", 3, {16, 25, 3}, NULL},
        {"c1", "F32", 2, {6, 8}, NULL},         {"cb", "F32", 1, {6}, NULL},
        {"c2", "F32", 2, {24, 6}, NULL},
    };
    char path[] = "/tmp/stz_encoder_XXXXXX";
    close(mkstemp(path));
    for (size_t i = 0; i < STZ_LEN(cases); i++) {
        stz_native_net *net;
        stylize_error err;
        blob b = blob_file((const char *const[]){"graph", GENERATOR, "encoder_graph", cases[i].graph, NULL},
                           tensors, STZ_LEN(tensors));
        FILE *f = fopen(path, "wb");
        assert_int_equal(fwrite(b.data, 1, b.size, f), b.size);
        fclose(f);
        free(b.data);
        const stylize_status status = stz_native_load(path, kernels_at(0), &net, &err);
        if (!cases[i].text) {
            if (status)
                fail_msg("%s", err.message);
            stz_native_free(net);
            continue;
        }
        assert_int_equal(status, STYLIZE_ERR_MODEL);
        if (!strstr(err.message, cases[i].text))
            fail_msg("\"%s\" does not hold \"%s\"", err.message, cases[i].text);
    }
    unlink(path);
}

static void test_figures(void **state)
{
    session s;
    stz_engine_caps caps;
    session_open(&s, STYLIZE_PRECISION_FP32, 1);
    engine->caps(s.engine, &caps);
    assert_string_equal(caps.device, "cpu");
    assert_non_null(strstr(caps.detail, "1 thread"));
    assert_true(caps.uses_team);
    assert_true(fabs(engine->flop(s.engine, s.net, 512, 512) * 1e-9 - 9.40) < .05);
    assert_true(engine->peak_gflops(s.engine, &s.exec) > .1);
    assert_true(engine->memory(s.engine, s.net, 1024, 1024) > engine->memory(s.engine, s.net, 512, 512));
    session_close(&s);
}

/* More sizes than plans are kept, in an order that makes each come back after it was dropped. */
static void test_many_sizes(void **state)
{
    session s;
    session_open(&s, STYLIZE_PRECISION_FP32, 1);
    float *in = picture_random(120, 120, 4), *out = malloc(sizeof(float) * 120 * 120 * 3);
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 20; i++)
            apply(&s, view_of(in, 16 + 4 * i, 24, STZ_F32), view_of(out, 16 + 4 * i, 24, STZ_F32), NULL,
                  NULL);
    free(in);
    free(out);
    session_close(&s);
}

/* Graphs that are correct but have no kernels: the error names the operation. */
static void refuse_graph(net_builder *b, const char *text)
{
    stylize_error err;
    stz_layers layers;
    assert_int_equal(stz_layers_build(&b->graph, &layers, &err), STYLIZE_ERR_MODEL);
    if (!strstr(err.message, text))
        fail_msg("\"%s\" is not in \"%s\"", text, err.message);
    net_free(b);
}

static void test_unsupported_graphs(void **state)
{
    net_builder b;
    net_begin(&b, 1);
    net_conv(&b, 8, 5, 1, false);
    refuse_graph(&b, "operation 0 (conv)");
    net_begin(&b, 1);
    net_op(&b, STZ_OP_RELU);
    refuse_graph(&b, "operation 0 (relu)");
    net_begin(&b, 1);
    net_conv(&b, 8, 3, 1, false);
    net_norm(&b, false);
    refuse_graph(&b, "operation 1 (norm)");
    net_begin(&b, 1);
    net_conv(&b, 8, 3, 1, false);
    net_op(&b, STZ_OP_SAVE);
    net_op(&b, STZ_OP_ADD_SAVED);
    net_op(&b, STZ_OP_PIXEL_SHUFFLE);
    refuse_graph(&b, "operation 3 (pixel_shuffle)");
    net_begin(&b, 1);
    net_conv(&b, 8, 3, 1, false);
    net_op(&b, STZ_OP_UPSAMPLE);
    net_conv(&b, 3, 9, 1, false);
    refuse_graph(&b, "operation 2 (conv)");
    net_begin(&b, 1);
    net_conv(&b, 3, 3, 1, false);
    net_op(&b, STZ_OP_SIGMOID);
    net_value(&b, STZ_OP_MUL, 2, 0);
    refuse_graph(&b, "operation 2 (mul)");
    net_begin(&b, 1);
    net_conv(&b, 3, 3, 2, false);
    refuse_graph(&b, "stride 1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_frozen),
        cmocka_unit_test(test_tile),
        cmocka_unit_test(test_u8),
        cmocka_unit_test(test_extremes),
        cmocka_unit_test(test_half),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_encoders_refused),
        cmocka_unit_test(test_figures),
        cmocka_unit_test(test_many_sizes),
        cmocka_unit_test(test_unsupported_graphs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
