/* The torch engine with networks that are right. */
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util.h"

static int open_cpu(void **state)
{
    *state = engine_open("cpu");
    return 0;
}

static int close_engine(void **state)
{
    stz_engine_torch.close(*state);
    return 0;
}

static void golden_brush(void *engine, double limit)
{
    const stz_model model = shipped_model("brush");
    void *net = net_load(engine, &model);
    const int styles[] = {0, 5};
    for (int i = 0; i < 2; i++) {
        char name[64];
        snprintf(name, sizeof name, "brush_%d_input", i);
        photo in = golden_photo(name), out = photo_new(in.view.width, in.view.height);
        snprintf(name, sizeof name, "brush_%d_output_style%d", i, styles[i]);
        photo expected = golden_photo(name);
        float *code = library_code("brush", styles[i]);
        const stz_apply a = job(&in, &out, code);
        run(engine, net, &a, 1);
        const double d = photo_distance(&out, &expected);
        print_message("brush %d: %.2e from the golden file\n", i, d);
        assert_true(d < limit);
        free(code);
        photo_free(&in);
        photo_free(&out);
        photo_free(&expected);
    }
    stz_engine_torch.unload(engine, net);
}

static void golden_any(void *engine, double limit)
{
    const stz_model model = shipped_model("any");
    void *net = net_load(engine, &model);
    const stz_exec exec = {0};
    for (int i = 0; i < 2; i++) {
        char name[64];
        float code[1168], golden[1168];
        stylize_error err = {0};
        snprintf(name, sizeof name, "any_%d_input", i);
        photo in = golden_photo(name), out = photo_new(in.view.width, in.view.height);
        snprintf(name, sizeof name, "any_%d_style", i);
        photo style = golden_photo(name);
        snprintf(name, sizeof name, "any_%d_output", i);
        photo expected = golden_photo(name);
        snprintf(name, sizeof name, "any_%d_code", i);
        golden_code(name, golden, 1168);
        if (stz_engine_torch.encode(engine, net, &style.view, code, &exec, &err) != STYLIZE_OK)
            fail_msg("%s", err.message);
        double d = 0;
        for (int k = 0; k < 1168; k++)
            d = fmax(d, fabs((double)code[k] - golden[k]));
        print_message("any %d: code %.2e from the golden file\n", i, d);
        assert_true(d < limit);
        const stz_apply a = job(&in, &out, code);
        run(engine, net, &a, 1);
        d = photo_distance(&out, &expected);
        print_message("any %d: %.2e from the golden file\n", i, d);
        assert_true(d < limit);
        photo_free(&in);
        photo_free(&out);
        photo_free(&style);
        photo_free(&expected);
    }
    stz_engine_torch.unload(engine, net);
}

static void golden(void **state)
{
    golden_brush(*state, 1e-4);
    golden_any(*state, 1e-4);
}

/* Every picture of a batch longer than one forward, each with its own code, as if it were alone. */
static void batch_equals_single(void **state)
{
    enum { N = 11 };
    const stz_model model = shipped_model("brush");
    void *net = net_load(*state, &model);
    photo in[N], single[N], together[N];
    float *code[N];
    stz_apply batch[N];
    for (int i = 0; i < N; i++) {
        in[i] = photo_random(64, 48, (unsigned)i);
        single[i] = photo_new(64, 48);
        together[i] = photo_new(64, 48);
        code[i] = library_code("brush", i);
        const stz_apply a = job(&in[i], &single[i], code[i]);
        run(*state, net, &a, 1);
        batch[i] = job(&in[i], &together[i], code[i]);
    }
    run(*state, net, batch, N);
    for (int i = 0; i < N; i++) {
        assert_true(photo_distance(&single[i], &together[i]) < 1e-4);
        assert_true(i == N - 1 || photo_distance(&single[i], &single[i + 1]) > 0.05);
        photo_free(&in[i]);
        photo_free(&single[i]);
        photo_free(&together[i]);
        free(code[i]);
    }
    stz_engine_torch.unload(*state, net);
}

static void same_bytes_every_time(void **state)
{
    const stz_model model = shipped_model("brush");
    void *net = net_load(*state, &model);
    photo in = photo_random(128, 96, 5), first = photo_new(128, 96);
    float *code = library_code("brush", 3);
    const stz_apply a = job(&in, &first, code);
    run(*state, net, &a, 1);
    for (int i = 0; i < 5; i++) {
        photo again = photo_new(128, 96);
        const stz_apply b = job(&in, &again, code);
        run(*state, net, &b, 1);
        assert_memory_equal(first.data, again.data, 128 * 96 * 12);
        photo_free(&again);
    }
    free(code);
    photo_free(&in);
    photo_free(&first);
    stz_engine_torch.unload(*state, net);
}

/* With its own statistics given, a picture comes out as without. */
static void frozen_equals_free(void *engine, const stz_model *model, const float *code)
{
    void *net = net_load(engine, model);
    photo in = photo_random(96, 64, 9), free_run = photo_new(96, 64), frozen = photo_new(96, 64),
          both = photo_new(96, 64), other = photo_random(96, 64, 77);
    for (int i = 0; i < 96 * 64 * 3; i++)
        other.data[i] *= 0.4f;
    float *stats = malloc((size_t)model->stats_length * 4), *more = malloc((size_t)model->stats_length * 4);
    stz_apply a = job(&in, &free_run, code);
    run(engine, net, &a, 1);
    stz_apply only = job(&in, NULL, code);
    only.stats_out = stats;
    run(engine, net, &only, 1);
    a = job(&in, &frozen, code);
    a.stats = stats;
    run(engine, net, &a, 1);
    assert_true(photo_distance(&free_run, &frozen) < 1e-4);
    a = job(&in, &both, code);
    a.stats_out = more;
    run(engine, net, &a, 1);
    assert_true(photo_distance(&free_run, &both) < 1e-4);
    assert_memory_equal(stats, more, (size_t)model->stats_length * 4);
    for (int i = model->stats_length / 2; i < model->stats_length; i++)
        assert_true(stats[i] >= 0); /* variances */
    /* another picture's statistics make another painting, so they are really used */
    only = job(&other, NULL, code);
    only.stats_out = more;
    run(engine, net, &only, 1);
    a = job(&in, &frozen, code);
    a.stats = more;
    run(engine, net, &a, 1);
    assert_true(photo_distance(&free_run, &frozen) > 1e-2);
    free(stats);
    free(more);
    photo_free(&in);
    photo_free(&free_run);
    photo_free(&frozen);
    photo_free(&both);
    photo_free(&other);
    stz_engine_torch.unload(engine, net);
}

static void frozen_statistics(void **state)
{
    const stz_model brush = shipped_model("brush");
    float *code = library_code("brush", 1);
    frozen_equals_free(*state, &brush, code);
    free(code);
    stz_model fixed = user_model(DATA, "transformer.pt");
    fixed.multiple = 2;
    fixed.stats_length = 2 * (8 + 12 + 12 + 12 + 8);
    frozen_equals_free(*state, &fixed, NULL);
}

/* With frozen statistics a crop equals the whole picture, but for a margin of the receptive radius. */
static void frozen_is_local(void **state)
{
    enum { SIDE = 224, AT = 64, CROP = 160, MARGIN = 56 };
    const stz_model model = shipped_model("brush");
    void *net = net_load(*state, &model);
    float *code = library_code("brush", 2), stats[1168];
    photo in = photo_random(SIDE, SIDE, 4), whole = photo_new(SIDE, SIDE), tile = photo_new(CROP, CROP);
    photo crop = photo_crop(&in, AT, AT, CROP, CROP);
    stz_apply a = job(&in, &whole, code);
    a.stats_out = stats;
    run(*state, net, &a, 1);
    a = job(&crop, &tile, code);
    a.stats = stats;
    run(*state, net, &a, 1);
    photo left = photo_crop(&whole, AT + MARGIN, AT + MARGIN, CROP - MARGIN, CROP - MARGIN);
    photo right = photo_crop(&tile, MARGIN, MARGIN, CROP - MARGIN, CROP - MARGIN);
    assert_true(photo_distance(&left, &right) < 1e-4);
    free(code);
    photo_free(&in);
    photo_free(&whole);
    photo_free(&tile);
    photo_free(&crop);
    photo_free(&left);
    photo_free(&right);
    stz_engine_torch.unload(*state, net);
}

/* Pictures that want different things in one batch. */
static void mixed_batch(void **state)
{
    const stz_model model = shipped_model("brush");
    void *net = net_load(*state, &model);
    float *code = library_code("brush", 4), stats[3][1168];
    photo in[3], out[3], alone[3];
    for (int i = 0; i < 3; i++) {
        in[i] = photo_random(48, 48, 20u + (unsigned)i);
        out[i] = photo_new(48, 48);
        alone[i] = photo_new(48, 48);
        stz_apply a = job(&in[i], &alone[i], code);
        a.stats_out = stats[i];
        run(*state, net, &a, 1);
    }
    float seen[1168];
    stz_apply batch[3] = {job(&in[0], &out[0], code), job(&in[1], NULL, code), job(&in[2], &out[2], code)};
    batch[1].stats_out = seen;
    batch[2].stats = stats[2];
    run(*state, net, batch, 3);
    assert_true(photo_distance(&out[0], &alone[0]) < 1e-4);
    assert_true(photo_distance(&out[2], &alone[2]) < 1e-4);
    for (int i = 0; i < 1168; i++)
        assert_true(fabsf(seen[i] - stats[1][i]) < 1e-4f);
    free(code);
    for (int i = 0; i < 3; i++) {
        photo_free(&in[i]);
        photo_free(&out[i]);
        photo_free(&alone[i]);
    }
    stz_engine_torch.unload(*state, net);
}

/* Bytes in and out, with rows longer than the picture: each pixel inverted, nothing else touched. */
static void user_network(void **state)
{
    enum { W = 20, H = 17, STRIDE = 67 };
    stz_model model = user_model(DATA, "invert.pt");
    model.range = 255;
    void *net = net_load(*state, &model);
    uint8_t in[STRIDE * H], out[STRIDE * H];
    memset(out, 0xa5, sizeof out);
    for (size_t i = 0; i < sizeof in; i++)
        in[i] = (uint8_t)(i * 7);
    const stz_apply a = {.in = {in, STRIDE, W, H, STZ_U8}, .out = {out, STRIDE, W, H, STZ_U8}};
    run(*state, net, &a, 1);
    for (int y = 0; y < H; y++)
        for (int x = 0; x < STRIDE; x++)
            assert_int_equal(out[y * STRIDE + x], x < W * 3 ? 255 - in[y * STRIDE + x] : 0xa5);
    stz_engine_torch.unload(*state, net);
}

static void u8_equals_f32(void **state)
{
    const stz_model model = shipped_model("brush");
    void *net = net_load(*state, &model);
    float *code = library_code("brush", 6);
    photo in = photo_random(64, 64, 8), out = photo_new(64, 64);
    uint8_t bytes[64 * 64 * 3], painted[64 * 64 * 3];
    for (int i = 0; i < 64 * 64 * 3; i++) {
        bytes[i] = (uint8_t)lrintf(fminf(fmaxf(in.data[i], 0), 1) * 255);
        in.data[i] = bytes[i] / 255.0f;
    }
    stz_apply a = job(&in, &out, code);
    run(*state, net, &a, 1);
    a.in = (stz_view){bytes, 192, 64, 64, STZ_U8};
    a.out = (stz_view){painted, 192, 64, 64, STZ_U8};
    run(*state, net, &a, 1);
    for (int i = 0; i < 64 * 64 * 3; i++)
        assert_true(fabs(painted[i] - out.data[i] * 255.0) <= 0.501);
    free(code);
    photo_free(&in);
    photo_free(&out);
    stz_engine_torch.unload(*state, net);
}

static void mean_and_std(void **state)
{
    stz_model model = user_model(DATA, "echo.pt");
    for (int c = 0; c < 3; c++) {
        model.mean[c] = 0.1f * (float)(c + 1);
        model.std[c] = 0.2f + 0.1f * (float)c;
    }
    model.range = 2;
    void *net = net_load(*state, &model);
    photo in = photo_random(32, 24, 1), out = photo_new(32, 24);
    const stz_apply a = job(&in, &out, NULL);
    run(*state, net, &a, 1);
    for (int i = 0; i < 32 * 24 * 3; i++)
        assert_true(fabsf(out.data[i] - (in.data[i] - model.mean[i % 3]) / model.std[i % 3]) < 1e-5f);
    photo_free(&in);
    photo_free(&out);
    stz_engine_torch.unload(*state, net);
}

static void user_code(void **state)
{
    stz_model model = user_model(DATA, "coded.pt");
    model.code_length = 3;
    void *net = net_load(*state, &model);
    photo in = photo_random(32, 24, 1), out = photo_new(32, 24);
    const float code[3] = {1, -2, 0.25f};
    const stz_apply a = job(&in, &out, code);
    run(*state, net, &a, 1);
    for (int i = 0; i < 32 * 24 * 3; i++)
        assert_true(fabsf(out.data[i] - in.data[i] - code[i % 3]) < 1e-6f);
    photo_free(&in);
    photo_free(&out);
    stz_engine_torch.unload(*state, net);
}

struct runner {
    void *engine, *net;
    photo in, out, expected;
    const float *code;
};

static void *run_often(void *arg)
{
    struct runner *r = arg;
    for (int i = 0; i < 6; i++) {
        const stz_apply a = job(&r->in, &r->out, r->code);
        const stz_exec exec = {0};
        if (stz_engine_torch.apply(r->engine, r->net, &a, 1, &exec, NULL) != STYLIZE_OK ||
            photo_distance(&r->out, &r->expected) > 1e-4)
            return r;
    }
    return NULL;
}

static void several_threads(void **state)
{
    const stz_model model = shipped_model("brush");
    void *net = net_load(*state, &model);
    float *code = library_code("brush", 7);
    struct runner r[3];
    pthread_t thread[3];
    for (int i = 0; i < 3; i++) {
        r[i] = (struct runner){*state,
                               net,
                               photo_random(64 + 16 * i, 64, 3),
                               photo_new(64 + 16 * i, 64),
                               photo_new(64 + 16 * i, 64),
                               code};
        const stz_apply a = job(&r[i].in, &r[i].expected, code);
        run(*state, net, &a, 1);
    }
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, run_often, &r[i]), 0);
    for (int i = 0; i < 3; i++) {
        void *bad;
        pthread_join(thread[i], &bad);
        assert_null(bad);
        photo_free(&r[i].in);
        photo_free(&r[i].out);
        photo_free(&r[i].expected);
    }
    free(code);
    stz_engine_torch.unload(*state, net);
}

static void capabilities(void **state)
{
    stz_engine_caps caps;
    stz_engine_torch.caps(*state, &caps);
    print_message("%s: %s\n", caps.device, caps.detail);
    assert_string_equal(caps.device, "cpu");
    assert_non_null(strstr(caps.detail, "libtorch "));
    assert_non_null(strstr(caps.detail, ", 2 threads"));
    assert_int_equal(caps.batch_max, 8);
    assert_int_equal(caps.parallel_max, 1);
    assert_false(caps.uses_team);
}

/* The estimate covers the activations that are there at once, twice 32 channels at half the size, and
 * grows with the picture. */
static void memory(void **state)
{
    const stz_model model = shipped_model("brush");
    void *net = net_load(*state, &model);
    const size_t tiny = stz_engine_torch.memory(*state, net, 4, 4);
    const size_t small = stz_engine_torch.memory(*state, net, 256, 256) - tiny;
    const size_t large = stz_engine_torch.memory(*state, net, 1024, 512) - tiny;
    print_message("brush: %.1f bytes a pixel\n", (double)small / 256 / 256);
    assert_true(small > 2u * 32 * 128 * 128 * 4);
    assert_true(large > small * 7 && large < small * 9);
    stz_engine_torch.unload(*state, net);
}

/* A device that is there works and is named; run where there is one. */
static void cuda(void **state)
{
    stylize_error err = {0};
    void *engine = NULL;
    const stz_engine_config config = {.device = "cuda", .threads = 1};
    if (stz_engine_torch.open(&engine, &config, &err) != STYLIZE_OK) {
        assert_int_equal(err.status, STYLIZE_ERR_UNSUPPORTED);
        print_message("%s\n", err.message);
        skip();
    }
    stz_engine_caps caps;
    stz_engine_torch.caps(engine, &caps);
    assert_memory_equal(caps.device, "cuda:0 ", 7);
    golden_brush(engine, 1e-3);
    golden_any(engine, 1e-3);
    stz_engine_torch.close(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cuda), /* first: libtorch asks once whether there is CUDA */
        cmocka_unit_test_setup_teardown(capabilities, open_cpu, close_engine),
        cmocka_unit_test_setup_teardown(golden, open_cpu, close_engine),
        cmocka_unit_test_setup_teardown(batch_equals_single, open_cpu, close_engine),
        cmocka_unit_test_setup_teardown(same_bytes_every_time, open_cpu, close_engine),
        cmocka_unit_test_setup_teardown(frozen_statistics, open_cpu, close_engine),
        cmocka_unit_test_setup_teardown(frozen_is_local, open_cpu, close_engine),
        cmocka_unit_test_setup_teardown(mixed_batch, open_cpu, close_engine),
        cmocka_unit_test_setup_teardown(user_network, open_cpu, close_engine),
        cmocka_unit_test_setup_teardown(u8_equals_f32, open_cpu, close_engine),
        cmocka_unit_test_setup_teardown(mean_and_std, open_cpu, close_engine),
        cmocka_unit_test_setup_teardown(user_code, open_cpu, close_engine),
        cmocka_unit_test_setup_teardown(several_threads, open_cpu, close_engine),
        cmocka_unit_test_setup_teardown(memory, open_cpu, close_engine),
    };
    const int absent = skip_without_plugin();
    return absent ? absent : cmocka_run_group_tests_name("torch engine", tests, NULL, NULL);
}
