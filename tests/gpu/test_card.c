/* On a card: kernels, streams and memory of the plugin's CUDA half against the CPU, then the whole library.
 * STYLIZE_PLUGINS says whose CUDA half; with the double in its place the tests test themselves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_engine.h"
#include "host_ops.h"

static const stz_device_table *t;
static stz_device *device;
static char text[256];
static const stz_torch_error error = {text, sizeof text};

static void ok(int code)
{
    if (code != STZ_TORCH_OK)
        fail_msg("%d: %s", code, text);
}

static void *stream(int which) { return t->stream(device, which); }

static void *on_device(size_t size)
{
    void *p = NULL;
    ok(t->alloc(device, size, &p, &error));
    return p;
}

static void finish(int which)
{
    void *event = NULL;
    ok(t->event_create(device, &event, &error));
    ok(t->record(device, event, stream(which), &error));
    ok(t->finish(device, event, &error));
    t->event_destroy(device, event);
}

static void copy_on(int which, void *to, const void *from, size_t size)
{
    const stz_copy c = {to, from, size, size, size, 1};
    ok(t->copy(device, stream(which), &c, &error));
}

static void copy_now(void *to, const void *from, size_t size)
{
    copy_on(STZ_STREAM_RUN, to, from, size);
    finish(STZ_STREAM_RUN);
}

/* ------------------------------------------------------------------ kernels, to the bit */

typedef struct both { /* a buffer on the host and its twin on the device */
    uint8_t *host, *device;
    size_t size;
} both;

static both both_new(size_t size, uint32_t seed)
{
    both b = {malloc(size), on_device(size), size};
    for (size_t i = 0; i < size; i++)
        b.host[i] = (uint8_t)((seed = seed * 1664525u + 1013904223u) >> 24);
    copy_now(b.device, b.host, size);
    return b;
}

static void both_equal(both *b)
{
    uint8_t *back = malloc(b->size);
    copy_now(back, b->device, b->size);
    assert_memory_equal(back, b->host, b->size);
    free(back);
}

static void both_free(both *b)
{
    t->free(device, b->device);
    free(b->host);
}

static void input_kernel(void **state)
{
    enum { W = 37, H = 29, PW = 40, PH = 32, N = 3 };
    for (int k = 0; k < 8; k++) {
        const int channels = k & 1 ? 4 : 3, half = k >> 1 & 1, last = k >> 2;
        both in = both_new(N * H * W * 4, (uint32_t)k), out = both_new(N * PW * PH * 3 * 4, 1);
        stz_op_input op = {.n = N, .width = W, .height = H, .padded_width = PW, .padded_height = PH};
        for (int c = 0; c < 3; c++) {
            op.scale[c] = 1 / (255 * (0.2f + 0.01f * (float)c));
            op.shift[c] = 0.4f + 0.1f * (float)c;
        }
        op.out = last ? (stz_planes){out.host, 3 * PW * PH, 1, 3 * PW, 3, half}
                      : (stz_planes){out.host, 3 * PW * PH, PW * PH, PW, 1, half};
        for (int i = 0; i < N; i++) {
            op.channels[i] = (uint8_t)channels;
            op.pitch[i] = W * channels;
            op.in[i] = in.host + i * H * W * 4;
        }
        host_op(STZ_OP_INPUT, &op);
        op.out.data = out.device;
        for (int i = 0; i < N; i++)
            op.in[i] = in.device + i * H * W * 4;
        ok(t->launch(device, stream(STZ_STREAM_RUN), STZ_OP_INPUT, &op, &error));
        both_equal(&out);
        both_free(&in);
        both_free(&out);
    }
}

static void output_kernel(void **state)
{
    enum { W = 45, H = 19, N = 4 };
    for (int half = 0; half < 2; half++) {
        both y = both_new(N * W * H * 3 * 4, 5), content = both_new(N * W * H * 4, 6);
        both out = both_new(N * W * H * 4, 7), bad = both_new(N * sizeof(int), 8);
        memset(bad.host, 0, bad.size);
        copy_now(bad.device, bad.host, bad.size);
        stz_op_output op = {.n = N, .width = W, .height = H, .scale = 255, .bad = (int *)(void *)bad.host};
        op.y = (stz_planes){y.host, 3 * W * H, W * H, W, 1, half};
        for (int i = 0; i < N * W * H * 3; i++)
            stz_put(&op.y, i / (3 * W * H), i / (W * H) % 3, i / W % H, i % W,
                    i == N * W * H * 3 - 1 ? 0.0f / 0.0f : (float)(i * 37 % 1009) / 800.0f - 0.1f);
        copy_now(y.device, y.host, y.size);
        for (int side = 0; side < 2; side++) {
            for (int i = 0; i < N; i++) {
                op.content_channels[i] = op.out_channels[i] = i & 1 ? 4 : 3;
                op.content_pitch[i] = op.out_pitch[i] = W * op.out_channels[i];
                op.strength[i] = (uint16_t)(i == 3 ? STZ_MIX_ONE : 5000 * i);
                op.preserve[i] = i >= 2;
                op.content[i] = (side ? content.device : content.host) + i * W * H * 4;
                op.out[i] = (side ? out.device : out.host) + i * W * H * 4;
            }
            op.y.data = side ? y.device : y.host;
            op.bad = (int *)(void *)(side ? bad.device : bad.host);
            if (side)
                ok(t->launch(device, stream(STZ_STREAM_RUN), STZ_OP_OUTPUT, &op, &error));
            else
                host_op(STZ_OP_OUTPUT, &op);
        }
        both_equal(&out);
        both_equal(&bad);
        assert_int_equal(((int *)(void *)bad.host)[N - 1], 1);
        both_free(&y);
        both_free(&content);
        both_free(&out);
        both_free(&bad);
    }
}

/* Taps of no particular filter: what is compared is the sums. */
static void resize_kernels(void **state)
{
    enum { W = 50, H = 40, OW = 33, OH = 27, STEP = 8 };
    for (int k = 0; k < 3; k++) {
        const int channels = k == 0 ? 3 : 4;
        both in = both_new(W * H * 4, 3), temp = both_new(W * OH * 4 * 4, 4), out = both_new(OW * OH * 4, 5);
        both first = both_new(64 * 4, 6), count = both_new(64 * 4, 7), coef = both_new(64 * STEP * 2, 8);
        both weight = both_new(64 * STEP * 4, 9), flag = both_new(sizeof(int), 1);
        memset(flag.host, 0, sizeof(int));
        for (int i = 0; i < 64; i++) {
            ((uint32_t *)(void *)first.host)[i] = (uint32_t)i / 2;
            ((uint32_t *)(void *)count.host)[i] = 1 + (uint32_t)i % STEP;
            for (int s = 0; s < STEP; s++) {
                ((int16_t *)(void *)coef.host)[i * STEP + s] =
                    (int16_t)(s == i % STEP ? 9000 : 1000 - 200 * s);
                ((float *)(void *)weight.host)[i * STEP + s] = s == i % STEP ? 0.7f : 0.04f;
            }
        }
        for (int i = 0; k == 1 && i < W * H; i++)
            in.host[i * 4 + 3] = 255; /* opaque */
        both *const all[] = {&in, &first, &count, &coef, &weight, &flag};
        for (size_t i = 0; i < STZ_LEN(all); i++)
            copy_now(all[i]->device, all[i]->host, all[i]->size);
        for (int side = 0; side < 2; side++) {
#define AT(b) (void *)(side ? (b).device : (b).host)
            const stz_op_translucent look = {AT(in), W * channels, W, H, AT(flag)};
            stz_op_taps taps = {AT(first), AT(count), AT(coef), AT(first), AT(count), AT(weight), STEP, OH};
            const stz_op_down down = {AT(in), W * channels, channels, W, AT(flag), taps, AT(temp)};
            taps.outputs = OW;
            const stz_op_across across = {AT(temp), channels, W, OH, AT(flag), taps, AT(out), OW * channels};
            const void *const args[] = {&look, &down, &across};
            for (int i = channels == 4 ? 0 : 1; i < 3; i++)
                if (side)
                    ok(t->launch(device, stream(STZ_STREAM_RUN), STZ_OP_TRANSLUCENT + i, args[i], &error));
                else
                    host_op(STZ_OP_TRANSLUCENT + i, args[i]);
        }
        both_equal(&out);
        both_equal(&flag);
        assert_int_equal(*(int *)(void *)flag.host, k == 2);
        both *const every[] = {&in, &temp, &out, &first, &count, &coef, &weight, &flag};
        for (size_t i = 0; i < STZ_LEN(every); i++)
            both_free(every[i]);
    }
}

/* ------------------------------------------------------------------ streams and memory */

static void streams_wait_for_each_other(void **state)
{
    enum { SIZE = 32 << 20 };
    uint8_t *in = t->pinned_alloc(SIZE), *out = t->pinned_alloc(SIZE), *a = on_device(SIZE),
            *b = on_device(SIZE);
    void *copied = NULL, *computed = NULL;
    ok(t->event_create(device, &copied, &error));
    ok(t->event_create(device, &computed, &error));
    for (int round = 1; round < 6; round++) {
        memset(in, round, SIZE);
        copy_on(STZ_STREAM_IN, a, in, SIZE);
        ok(t->record(device, copied, stream(STZ_STREAM_IN), &error));
        ok(t->wait(device, stream(STZ_STREAM_RUN), copied, &error));
        copy_on(STZ_STREAM_RUN, b, a, SIZE);
        ok(t->record(device, computed, stream(STZ_STREAM_RUN), &error));
        ok(t->wait(device, stream(STZ_STREAM_OUT), computed, &error));
        copy_on(STZ_STREAM_OUT, out, b, SIZE);
        finish(STZ_STREAM_OUT);
        assert_memory_equal(in, out, SIZE);
    }
    t->event_destroy(device, copied);
    t->event_destroy(device, computed);
    t->free(device, a);
    t->free(device, b);
    t->pinned_free(in);
    t->pinned_free(out);
}

static void memory_says_where_it_is(void **state)
{
    uint8_t *pinned = t->pinned_alloc(4096), *there = on_device(4096), *plain = malloc(4096);
    assert_int_equal(t->where(pinned), -1);
    assert_int_equal(t->where(there + 4095), 0);
    assert_int_equal(t->where(plain), -2);
    t->pinned_free(pinned);
    t->free(device, there);
    free(plain);
}

static void too_much_memory_is_refused(void **state)
{
    stz_device_info info;
    void *p = NULL;
    ok(t->info(0, &info, &error));
    assert_true(*info.name && info.total >= info.free && info.free > 0);
    text[0] = 0;
    assert_int_equal(t->alloc(device, info.total + info.total / 2, &p, &error), STZ_TORCH_NOMEM);
    assert_string_equal(text, "out of memory");
    t->trim(device);
    t->free(device, on_device(1 << 20));
}

/* ------------------------------------------------------------------ the library */

static stylize_ctx *open_ctx(const char *on, stylize_precision precision)
{
    stylize_options o;
    stylize_error err = {0};
    stylize_ctx *ctx = NULL;
    stylize_options_init(&o, sizeof o);
    o.engine = "torch";
    o.device = on;
    o.threads = 2;
    o.precision = precision;
    if (stylize_ctx_create(&ctx, &o, &err) != STYLIZE_OK)
        fail_msg("%s", err.message);
    return ctx;
}

static int distance(const stylize_image *a, const uint8_t *b)
{
    int worst = 0;
    for (size_t i = 0; i < (size_t)a->width * a->height * 3; i++)
        worst = stz_max(worst, abs(a->pixels[i] - b[i]));
    return worst;
}

/* tolerance: other algorithms sum in another order, and half precision has 11 bits. */
static void paints_as_the_cpu(stylize_precision precision, int tolerance)
{
    stylize_error err = {0};
    stylize_ctx *ctx = open_ctx("cuda:0", precision), *cpu = open_ctx("cpu", STYLIZE_PRECISION_FP32);
    stylize_image photo = fake_picture(200, 152, STYLIZE_FORMAT_RGB8, 4), want = {0};
    stylize_style_ref style = {.id = "great_wave", .weight = 1};
    stylize_request req;
    stylize_request_init(&req, sizeof req);
    req.content = &photo;
    req.styles = &style;
    req.style_count = 1;
    assert_int_equal(stylize_ctx_run(cpu, &req, &want, &err), STYLIZE_OK);
    const size_t size = 200 * 152 * 3;
    uint8_t *back = malloc(size);
    stylize_image in = photo, out = photo;
    in.pixels = on_device(size);
    out.pixels = on_device(size);
    in.memory = out.memory = STYLIZE_MEMORY_CUDA;
    copy_now(in.pixels, photo.pixels, size);
    req.content = &in;
    int worst = 0;
    for (int round = 0; round < 6; round++) { /* eager, tuned, captured, replayed */
        stylize_image result = out;
        if (stylize_ctx_run(ctx, &req, &result, &err) != STYLIZE_OK)
            fail_msg("%s", err.message);
        copy_now(back, out.pixels, size);
        worst = stz_max(worst, distance(&want, back));
    }
    stylize_stats s = {.struct_size = sizeof s};
    stylize_ctx_stats(ctx, &s);
    print_message("%d levels of 255 away at most; %d of 6 runs were graphs\n", worst, (int)s.device_replays);
    assert_true(worst <= tolerance);
    assert_int_equal(s.device_images, 6);
    assert_int_equal(s.device_replays, 4);
    t->free(device, in.pixels);
    t->free(device, out.pixels);
    stylize_image_free(&want);
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
    stylize_ctx_destroy(cpu, STYLIZE_DRAIN);
    free(back);
    free(photo.pixels);
}

static void fp32_paints_as_the_cpu(void **state) { paints_as_the_cpu(STYLIZE_PRECISION_FP32, 1); }
static void tf32_is_near(void **state) { paints_as_the_cpu(STYLIZE_PRECISION_TF32, 4); }

static void half_precision_is_near(void **state)
{
    if (t->host_tensors)
        skip(); /* the double's libtorch may not have it */
    paints_as_the_cpu(STYLIZE_PRECISION_FP16, 4);
}

/* Why there is nothing to test here, or NULL. */
static const char *absent(void)
{
    static char path[1024];
    snprintf(path, sizeof path, "%s/libstylize_torch_cuda.so", getenv("STYLIZE_PLUGINS"));
    void *half = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!half)
        return "the torch plugin's CUDA half was not built";
    __typeof__(stz_device_table_get) *get;
    void (*reset)(void);
    *(void **)&get = dlsym(half, "stz_device_table_get");
    if ((*(void **)&reset = dlsym(half, "double_reset")))
        reset();
    t = get();
    return t->count(&error) < 1 ? text : NULL;
}

static int set_up(void **state)
{
    stylize_ctx *ctx = open_ctx("cuda:0", STYLIZE_PRECISION_FP32); /* libtorch looks for CUDA once */
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
    return t->open(0, &device, &error);
}

static int tear_down(void **state)
{
    t->close(device);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(input_kernel),
        cmocka_unit_test(output_kernel),
        cmocka_unit_test(resize_kernels),
        cmocka_unit_test(streams_wait_for_each_other),
        cmocka_unit_test(memory_says_where_it_is),
        cmocka_unit_test(too_much_memory_is_refused),
        cmocka_unit_test(fp32_paints_as_the_cpu),
        cmocka_unit_test(tf32_is_near),
        cmocka_unit_test(half_precision_is_near),
    };
    const char *why =
        stz_engine_torch.probe(NULL) == STYLIZE_ERR_NOT_FOUND ? "the torch plugin was not built" : absent();
    if (why) {
        printf("skipped: %s\n", why);
        return 77;
    }
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
