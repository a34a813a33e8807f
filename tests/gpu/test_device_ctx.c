/* The whole library with its torch engine on the double: pictures in and out through the public interface. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "double.h"
#include "fake_engine.h"

/* The double is in the library that the engine loads; here is that one. */
static double_state *state;
static __typeof__(double_reset) *reset;
static __typeof__(double_alloc) *alloc_on;
static __typeof__(double_free) *free_on;
static __typeof__(double_stream_create) *stream_create;
static __typeof__(double_stream_destroy) *stream_destroy;
static __typeof__(double_stream_write) *stream_write;

static stylize_ctx *open_ctx_with(const char *device, stylize_precision precision, stylize_error *err)
{
    stylize_options o;
    stylize_ctx *ctx = NULL;
    stylize_options_init(&o, sizeof o);
    o.engine = "torch";
    o.device = device;
    o.threads = 2;
    o.batch_threshold = 0;
    o.batch_max = 32;
    o.precision = precision;
    stylize_ctx_create(&ctx, &o, err);
    return ctx;
}

static stylize_ctx *open_ctx(const char *device)
{
    stylize_error err = {0};
    stylize_ctx *ctx = open_ctx_with(device, STYLIZE_PRECISION_FP32, &err);
    if (!ctx)
        fail_msg("%s", err.message);
    return ctx;
}

typedef struct order {
    stylize_request req;
    stylize_style_ref style;
    stylize_report report;
} order;

static void order_init(order *o, const stylize_image *content)
{
    stylize_request_init(&o->req, sizeof o->req);
    o->style = (stylize_style_ref){.id = "starry_night", .weight = 1};
    o->report = (stylize_report){.struct_size = sizeof o->report};
    o->req.content = content;
    o->req.styles = &o->style;
    o->req.style_count = 1;
    o->req.report = &o->report;
}

static stylize_image run_ok(stylize_ctx *ctx, const order *o)
{
    stylize_image out = {0};
    stylize_error err = {0};
    if (stylize_ctx_run(ctx, &o->req, &out, &err) != STYLIZE_OK)
        fail_msg("%s", err.message);
    return out;
}

static void run_fails(stylize_ctx *ctx, const order *o, const stylize_image *target, stylize_status status,
                      const char *part)
{
    stylize_image out = target ? *target : (stylize_image){0};
    stylize_error err = {0};
    const stylize_status got = stylize_ctx_run(ctx, &o->req, &out, &err);
    if (got != status || !strstr(err.message, part))
        fail_msg("status %d instead of %d, text \"%s\" without \"%s\"", (int)got, (int)status, err.message,
                 part);
}

static int largest_difference(const stylize_image *a, const stylize_image *b)
{
    const uint32_t row = a->width * (a->format == STYLIZE_FORMAT_RGBA8 ? 4 : 3);
    int worst = 0;
    assert_int_equal(a->format, b->format);
    assert_int_equal(a->width, b->width);
    assert_int_equal(a->height, b->height);
    for (uint32_t y = 0; y < a->height; y++)
        for (uint32_t x = 0; x < row; x++) {
            const int d = abs(a->pixels[y * a->stride + x] - b->pixels[y * b->stride + x]);
            worst = d > worst ? d : worst;
        }
    return worst;
}

static stylize_image to_device(const stylize_image *host, int device)
{
    stylize_image p = *host;
    const size_t size = (size_t)host->stride * host->height;
    p.pixels = alloc_on(device, size);
    p.memory = STYLIZE_MEMORY_CUDA;
    p.device = device;
    memcpy(p.pixels, host->pixels, size);
    return p;
}

static stylize_image device_blank(uint32_t width, uint32_t height, stylize_format format, int device)
{
    const uint32_t bpp = format == STYLIZE_FORMAT_RGBA8 ? 4 : 3;
    return (stylize_image){.pixels = alloc_on(device, (size_t)width * height * bpp),
                           .stride = (ptrdiff_t)(width * bpp),
                           .width = width,
                           .height = height,
                           .format = format,
                           .memory = STYLIZE_MEMORY_CUDA,
                           .device = device};
}

/* What the same engine makes of it on the CPU, with the core's own code around. */
static stylize_image on_cpu(const order *o)
{
    stylize_ctx *ctx = open_ctx("cpu");
    stylize_image out = run_ok(ctx, o);
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
    return out;
}

/* ------------------------------------------------------------------ pictures */

static void orders_vary(order *o, const stylize_image *content, int k)
{
    order_init(o, content);
    o->req.strength = k & 1 ? 0.6f : 1;
    o->req.preserve_color = k >> 1 & 1 ? 0.7f : 0;
    if (k & 2)
        o->req.output_size = 48;
    if (k & 4) {
        o->req.output_size = 0;
        o->req.output_width = 40;
        o->req.output_height = 52;
    }
}

/* All four ways between host and device, each as the CPU does it. The networks run on the same libtorch, so
 * one level is for sums in another order only. */
static void every_way_gives_the_picture_of_the_cpu(void **unused)
{
    static const stylize_format formats[] = {STYLIZE_FORMAT_RGB8, STYLIZE_FORMAT_RGBA8, STYLIZE_FORMAT_GRAY8};
    reset();
    stylize_ctx *ctx = open_ctx("cuda");
    for (int k = 0; k < 6; k++) {
        order o;
        stylize_image photo = fake_picture(66, 57, formats[k % 3], (uint32_t)k + 1);
        orders_vary(&o, &photo, k);
        stylize_image want = on_cpu(&o), host = run_ok(ctx, &o);
        assert_true(largest_difference(&want, &host) <= 1);
        stylize_image in = to_device(&photo, 0);
        stylize_image out = device_blank(want.width, want.height, want.format, 0);
        stylize_error err = {0};
        if (stylize_ctx_run(ctx, &o.req, &out, &err) != STYLIZE_OK) /* host to device */
            fail_msg("%s", err.message);
        assert_true(largest_difference(&host, &out) == 0);
        memset(out.pixels, 0, (size_t)out.stride * out.height);
        o.req.content = &in;
        if (stylize_ctx_run(ctx, &o.req, &out, &err) != STYLIZE_OK) /* device to device */
            fail_msg("%s", err.message);
        assert_true(largest_difference(&want, &out) <= 1);
        stylize_image back = run_ok(ctx, &o); /* device to host */
        assert_true(largest_difference(&back, &out) == 0);
        assert_string_equal(o.report.engine, "torch");
        free_on(in.pixels);
        free_on(out.pixels);
        stylize_image_free(&host);
        stylize_image_free(&want);
        stylize_image_free(&back);
        free(photo.pixels);
    }
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
    assert_int_equal(state->bytes, 0);
    assert_int_equal(state->pinned, 0);
}

static void a_stream_is_followed_to_an_encoded_file(void **unused)
{
    reset();
    stylize_ctx *ctx = open_ctx("cuda:0");
    stylize_image photo = fake_picture(64, 64, STYLIZE_FORMAT_RGB8, 3), in = to_device(&photo, 0);
    memset(in.pixels, 0, 64 * 64 * 3);
    in.stream = stream_create();
    stream_write(in.stream, in.pixels, photo.pixels, 64 * 64 * 3);
    order o;
    order_init(&o, &in);
    o.req.output_format = STYLIZE_FORMAT_PNG;
    stylize_image file = run_ok(ctx, &o), decoded, want;
    assert_int_equal(stylize_image_decode(ctx, &file, &decoded, NULL), STYLIZE_OK);
    o.req.content = &photo;
    o.req.output_format = STYLIZE_FORMAT_RGB8;
    want = run_ok(ctx, &o);
    assert_int_equal(largest_difference(&want, &decoded), 0);
    stream_destroy(in.stream);
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
    stylize_image_free(&file);
    stylize_image_free(&decoded);
    stylize_image_free(&want); /* pinned, and outlives the context */
    assert_int_equal(state->pinned, 0);
    free_on(in.pixels);
    free(photo.pixels);
}

/* A picture that is painted with the statistics of a smaller one, which the device makes: as the core does it. */
static void a_large_picture_is_the_cpus(void **unused)
{
    reset();
    stylize_ctx *ctx = open_ctx("cuda");
    stylize_image photo = fake_picture(1400, 88, STYLIZE_FORMAT_RGB8, 5);
    for (int i = 0; i < 1400 * 3 * 40; i++)
        photo.pixels[i] /= 4;
    order o;
    order_init(&o, &photo);
    stylize_image want = on_cpu(&o), got = run_ok(ctx, &o);
    assert_int_equal(o.report.tiles, 1);
    assert_true(largest_difference(&want, &got) <= 1);
    stylize_image_free(&got);
    stylize_image in = to_device(&photo, 0);
    o.req.content = &in;
    got = run_ok(ctx, &o);
    assert_true(largest_difference(&want, &got) <= 1);
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
    free_on(in.pixels);
    stylize_image_free(&want);
    stylize_image_free(&got);
    free(photo.pixels);
}

/* Tiles on a GPU, where a request allows little memory: within a level of the CPU's tiles. */
static void a_small_budget_paints_in_tiles(void **unused)
{
    reset();
    stylize_ctx *ctx = open_ctx("cuda");
    stylize_image photo = fake_picture(560, 420, STYLIZE_FORMAT_RGB8, 3);
    order o;
    order_init(&o, &photo);
    o.req.memory_budget = 32 << 20;
    stylize_image want = on_cpu(&o), got = run_ok(ctx, &o);
    assert_true(o.report.tiles > 1);
    assert_true(largest_difference(&want, &got) <= 1);
    stylize_image in = to_device(&photo, 0);
    o.req.content = &in;
    run_fails(ctx, &o, NULL, STYLIZE_ERR_LIMIT, "in one piece");
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
    free_on(in.pixels);
    stylize_image_free(&want);
    stylize_image_free(&got);
    free(photo.pixels);
}

struct many {
    stylize_ctx *ctx;
    order order;
    int worst;
    const stylize_image *want;
};

static void *one_of_many(void *arg)
{
    struct many *m = arg;
    for (int i = 0; i < 4; i++) {
        stylize_image out = {0};
        if (stylize_ctx_run(m->ctx, &m->order.req, &out, NULL) != STYLIZE_OK) {
            m->worst = 999;
            return NULL;
        }
        const int d = largest_difference(m->want, &out);
        m->worst = d > m->worst ? d : m->worst;
        stylize_image_free(&out);
    }
    return NULL;
}

static void requests_share_runs_and_devices(const char *device, int devices)
{
    enum { N = 12 };
    reset();
    state->devices = devices;
    stylize_ctx *ctx = open_ctx(device);
    stylize_image photo = fake_picture(32, 32, STYLIZE_FORMAT_RGB8, 3);
    struct many m[N];
    pthread_t threads[N];
    order first;
    order_init(&first, &photo);
    stylize_image want = on_cpu(&first);
    for (int i = 0; i < N; i++) {
        m[i] = (struct many){.ctx = ctx, .want = &want};
        order_init(&m[i].order, &photo);
        m[i].order.req.styles = &m[i].order.style;
        pthread_create(&threads[i], NULL, one_of_many, &m[i]);
    }
    for (int i = 0; i < N; i++) {
        pthread_join(threads[i], NULL);
        assert_true(m[i].worst <= 1);
    }
    stylize_stats s = {.struct_size = sizeof s};
    stylize_ctx_stats(ctx, &s);
    assert_int_equal(s.device_images, 4 * N);
    assert_true(s.device_allocs > 0 && s.device_peak > 0);
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
    stylize_image_free(&want);
    free(photo.pixels);
    assert_int_equal(state->bytes, 0);
}

static void one_device(void **unused) { requests_share_runs_and_devices("cuda", 1); }
static void all_devices(void **unused) { requests_share_runs_and_devices("cuda:all", 3); }
static void named_devices(void **unused) { requests_share_runs_and_devices("cuda:2,0", 3); }

/* Half precision on a CPU is what newer versions of libtorch can do. */
static void half_precision_is_near(void **unused)
{
    reset();
    stylize_error err = {0};
    stylize_ctx *ctx = open_ctx_with("cuda", STYLIZE_PRECISION_FP16, &err);
    if (!ctx)
        fail_msg("%s", err.message);
    stylize_image photo = fake_picture(64, 48, STYLIZE_FORMAT_RGB8, 5), got = {0};
    order o;
    order_init(&o, &photo);
    const stylize_status status = stylize_ctx_run(ctx, &o.req, &got, &err);
    if (status == STYLIZE_ERR_MODEL && strstr(err.message, "Half")) {
        print_message("this libtorch has no half precision on a CPU: %s\n", err.message);
    } else {
        stylize_image want = on_cpu(&o);
        assert_int_equal(status, STYLIZE_OK);
        const int d = largest_difference(&want, &got);
        print_message("half precision: %d levels of 255 away at most\n", d);
        assert_true(d <= 8);
        stylize_image_free(&want);
    }
    stylize_image_free(&got);
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
    free(photo.pixels);
}

/* ------------------------------------------------------------------ misuse and what is missing */

static void memory_that_is_not_what_it_says_is_invalid(void **unused)
{
    reset();
    state->devices = 2;
    stylize_ctx *ctx = open_ctx("cuda:0");
    stylize_image photo = fake_picture(32, 32, STYLIZE_FORMAT_RGB8, 1), in = to_device(&photo, 0);
    stylize_image far = to_device(&photo, 1), out = device_blank(32, 32, STYLIZE_FORMAT_RGB8, 1);
    order o;
    order_init(&o, &in);
    stylize_image bad = photo;
    bad.memory = STYLIZE_MEMORY_CUDA;
    o.req.content = &bad;
    run_fails(ctx, &o, NULL, STYLIZE_ERR_INVALID, "lies in host memory");
    bad = in;
    bad.memory = STYLIZE_MEMORY_HOST;
    run_fails(ctx, &o, NULL, STYLIZE_ERR_INVALID, "says that it is in host memory");
    bad = in;
    bad.device = 1;
    run_fails(ctx, &o, NULL, STYLIZE_ERR_INVALID, "another device's");
    bad.device = -1;
    run_fails(ctx, &o, NULL, STYLIZE_ERR_INVALID, "device -1");
    bad = in;
    bad.memory = 7;
    run_fails(ctx, &o, NULL, STYLIZE_ERR_INVALID, "kind 7");
    bad = in;
    bad.format = STYLIZE_FORMAT_PNG;
    bad.size = 100;
    run_fails(ctx, &o, NULL, STYLIZE_ERR_INVALID, "only pixels may");
    o.req.content = &far;
    run_fails(ctx, &o, NULL, STYLIZE_ERR_INVALID, "lies on cuda:1; the context works on cuda:0");
    o.req.content = &in;
    run_fails(ctx, &o, &out, STYLIZE_ERR_INVALID, "lies on cuda:1");
    out.width = 16;
    run_fails(ctx, &o, &out, STYLIZE_ERR_INVALID, "result's own memory is 16x32");
    o.style = (stylize_style_ref){.picture = &in, .weight = 1};
    run_fails(ctx, &o, NULL, STYLIZE_ERR_INVALID, "must lie in host memory");
    stylize_image resized;
    assert_int_equal(stylize_image_resize(ctx, &in, 20, 20, &resized, NULL), STYLIZE_ERR_INVALID);
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
    free_on(in.pixels);
    free_on(far.pixels);
    free_on(out.pixels);
    free(photo.pixels);
}

static void a_context_on_the_cpu_refuses_device_pictures(void **unused)
{
    reset();
    stylize_ctx *ctx = open_ctx("cpu");
    stylize_image photo = fake_picture(32, 32, STYLIZE_FORMAT_RGB8, 1), in = to_device(&photo, 0);
    order o;
    order_init(&o, &in);
    run_fails(ctx, &o, NULL, STYLIZE_ERR_UNSUPPORTED, "engine torch works on cpu");
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
    free_on(in.pixels);
    free(photo.pixels);
}

static void what_is_missing_is_said(void **unused)
{
    static const char *const reasons[] = {"no NVIDIA driver is installed",
                                          "the NVIDIA driver is for CUDA 12.4 and this build needs 13.0",
                                          "the driver sees no CUDA device"};
    for (size_t i = 0; i < STZ_LEN(reasons); i++) {
        reset();
        state->devices = -1;
        state->reason = reasons[i];
        stylize_error err = {0};
        assert_null(open_ctx_with("cuda", STYLIZE_PRECISION_FP32, &err));
        assert_int_equal(err.status, STYLIZE_ERR_UNSUPPORTED);
        assert_non_null(strstr(err.message, reasons[i]));
        stylize_ctx *ctx = open_ctx("auto"); /* the CPU, and says so */
        char *info = NULL;
        assert_int_equal(stylize_ctx_info(ctx, &info, NULL), STYLIZE_OK);
        assert_non_null(strstr(info, "\"not_cuda\""));
        assert_non_null(strstr(info, reasons[i]));
        stylize_free(info);
        stylize_image photo = fake_picture(32, 32, STYLIZE_FORMAT_RGB8, 1), out;
        order o;
        order_init(&o, &photo);
        out = run_ok(ctx, &o);
        stylize_stats s = {.struct_size = sizeof s};
        stylize_ctx_stats(ctx, &s);
        assert_int_equal(s.device_images, 0);
        stylize_image_free(&out);
        free(photo.pixels);
        stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
    }
}

static void a_wrong_index_is_said(void **unused)
{
    reset();
    state->devices = 2;
    stylize_error err = {0};
    assert_null(open_ctx_with("cuda:2", STYLIZE_PRECISION_FP32, &err));
    assert_int_equal(err.status, STYLIZE_ERR_UNSUPPORTED);
    assert_non_null(strstr(err.message, "number too high"));
    assert_non_null(strstr(err.message, "cuda:0 to cuda:1"));
    static const char *const bad[] = {"cuda:", "cuda:0,", "cuda:0,0", "cuda:,1", "cuda:-1", "cuda:1x", "gpu"};
    for (size_t i = 0; i < STZ_LEN(bad); i++) {
        assert_null(open_ctx_with(bad[i], STYLIZE_PRECISION_FP32, &err));
        assert_int_equal(err.status, STYLIZE_ERR_INVALID);
    }
    assert_null(open_ctx_with("cuda", STYLIZE_PRECISION_INT8, &err));
    assert_int_equal(err.status, STYLIZE_ERR_UNSUPPORTED);
}

static void a_device_that_is_full_is_said_and_recovers(void **unused)
{
    reset();
    stylize_ctx *ctx = open_ctx("cuda");
    stylize_image photo = fake_picture(64, 64, STYLIZE_FORMAT_RGB8, 1), out;
    order o;
    order_init(&o, &photo);
    state->limit = 20000;
    run_fails(ctx, &o, NULL, STYLIZE_ERR_NOMEM, "cuda:0: out of memory");
    state->limit = 1L << 40;
    out = run_ok(ctx, &o);
    stylize_stats s = {.struct_size = sizeof s};
    stylize_ctx_stats(ctx, &s);
    assert_true(s.device_trims > 0);
    stylize_image_free(&out);
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
    free(photo.pixels);
}

static int set_up(void **unused)
{
    void *half = dlopen(DOUBLE_FOLDER "/libstylize_torch_cuda.so", RTLD_NOW | RTLD_LOCAL);
    if (!half) {
        printf("%s\n", dlerror());
        return -1;
    }
    *(void **)&state = dlsym(half, "device_double");
    *(void **)&reset = dlsym(half, "double_reset");
    *(void **)&alloc_on = dlsym(half, "double_alloc");
    *(void **)&free_on = dlsym(half, "double_free");
    *(void **)&stream_create = dlsym(half, "double_stream_create");
    *(void **)&stream_destroy = dlsym(half, "double_stream_destroy");
    *(void **)&stream_write = dlsym(half, "double_stream_write");
    return state && reset && alloc_on && free_on && stream_create && stream_destroy && stream_write ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_way_gives_the_picture_of_the_cpu),
        cmocka_unit_test(a_stream_is_followed_to_an_encoded_file),
        cmocka_unit_test(a_large_picture_is_the_cpus),
        cmocka_unit_test(a_small_budget_paints_in_tiles),
        cmocka_unit_test(one_device),
        cmocka_unit_test(all_devices),
        cmocka_unit_test(named_devices),
        cmocka_unit_test(half_precision_is_near),
        cmocka_unit_test(memory_that_is_not_what_it_says_is_invalid),
        cmocka_unit_test(a_context_on_the_cpu_refuses_device_pictures),
        cmocka_unit_test(what_is_missing_is_said),
        cmocka_unit_test(a_wrong_index_is_said),
        cmocka_unit_test(a_device_that_is_full_is_said_and_recovers),
    };
    if (stz_engine_torch.probe(NULL) == STYLIZE_ERR_NOT_FOUND) {
        printf("skipped: the torch plugin was not built\n");
        return 77;
    }
    return cmocka_run_group_tests(tests, set_up, NULL);
}
