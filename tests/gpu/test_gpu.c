/* A GPU at work, over the double: pictures, streams, memory that runs out, faults, threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "double.h"
#include "fake_engine.h"
#include "fake_net.h"

static const stz_exec no_exec = {0};

static stz_gpu *open_gpu(void)
{
    stz_gpu *gpu = NULL;
    stylize_error err = {0};
    if (stz_gpu_open(double_table(), 0, 64 << 20, &gpu, &err) != STYLIZE_OK)
        fail_msg("%s", err.message);
    return gpu;
}

/* Closes, and nothing of the device is left. */
static void close_gpu(stz_gpu *gpu)
{
    stz_gpu_close(gpu);
    assert_int_equal(device_double.bytes, 0);
    assert_int_equal(device_double.pinned, 0);
    assert_int_equal(device_double.events, 0);
    assert_int_equal(device_double.graphs, 0);
    assert_int_equal(device_double.open, 0);
    assert_int_equal(fake_net.kept, 0);
}

/* ------------------------------------------------------------------ one picture as a case */

typedef struct shot {
    stylize_image in, out, want;
    float code[FAKE_NET_CODE];
    stz_gpu_item item;
} shot;

static stylize_image blank(uint32_t width, uint32_t height, stylize_format format, size_t extra)
{
    const size_t stride = width * (size_t)stz_bytes_per_pixel(format) + extra;
    return (stylize_image){.pixels = calloc(stride, height),
                           .stride = (ptrdiff_t)stride,
                           .width = width,
                           .height = height,
                           .format = format};
}

/* seed decides on formats, strength and strides; the sizes are given. */
static void shot_make(shot *s, uint32_t in_w, uint32_t in_h, uint32_t w, uint32_t h, uint32_t seed,
                      const stz_gpu_net *net)
{
    const stylize_format formats[] = {STYLIZE_FORMAT_RGB8, STYLIZE_FORMAT_RGBA8, STYLIZE_FORMAT_GRAY8};
    memset(s, 0, sizeof *s);
    s->in = fake_picture(in_w, in_h, formats[seed % 3], seed);
    s->out = blank(w, h, seed % 3 == 1 ? STYLIZE_FORMAT_RGBA8 : STYLIZE_FORMAT_RGB8, seed % 2 * 5);
    s->code[0] = 0.5f + 0.01f * (float)(seed % 40);
    s->code[1] = 0.05f;
    s->code[2] = 0.25f;
    s->item = (stz_gpu_item){.in = &s->in,
                             .source = {0, 0, in_w, in_h},
                             .out = &s->out,
                             .code = s->code,
                             .strength = seed % 4 ? 1 : 0.6f,
                             .preserve_color = seed % 5 == 2   ? 1
                                               : seed % 5 == 3 ? 0.4f
                                                               : 0};
    s->want = fake_net_reference(&s->in, s->item.source, w, h, net, s->code, s->item.strength,
                                 s->item.preserve_color);
}

static void shot_check(const shot *s)
{
    const size_t row = (size_t)s->want.stride;
    assert_int_equal(s->want.format, s->out.format);
    for (uint32_t y = 0; y < s->want.height; y++)
        assert_memory_equal(s->out.pixels + (ptrdiff_t)y * s->out.stride, s->want.pixels + y * row, row);
}

static void shot_free(shot *s)
{
    free(s->in.pixels);
    free(s->out.pixels);
    free(s->want.pixels);
}

static void make_batch(shot *shots, stz_gpu_item *items, int n, uint32_t w, uint32_t h, uint32_t seed,
                       const stz_gpu_net *net)
{
    for (int i = 0; i < n; i++) {
        shot_make(&shots[i], w, h, w, h, seed + (uint32_t)i, net);
        items[i] = shots[i].item;
    }
}

static void check_batch(shot *shots, int n)
{
    for (int i = 0; i < n; i++)
        shot_check(&shots[i]);
}

static void clear_batch(shot *shots, int n)
{
    for (int i = 0; i < n; i++)
        memset(shots[i].out.pixels, 0, (size_t)shots[i].out.stride * shots[i].out.height);
}

static void free_batch(shot *shots, int n)
{
    for (int i = 0; i < n; i++)
        shot_free(&shots[i]);
}

static void run_ok(stz_gpu *gpu, stz_gpu_net *net, const stz_gpu_item *items, int n)
{
    stylize_error err = {0};
    if (stz_gpu_run(gpu, net, items, n, &no_exec, &err) != STYLIZE_OK)
        fail_msg("%s", err.message);
}

#define NET(multiple, half, last)                                                                            \
    stz_gpu_net net = fake_net_new(multiple, half, last);                                                    \
    net.net = (stz_torch_net *)(void *)&net;                                                                 \
    double_reset()

/* ------------------------------------------------------------------ pictures */

static void every_kind_of_picture_is_painted(void **state)
{
    for (int k = 0; k < 4; k++) {
        NET(8, k & 1, k >> 1);
        stz_gpu *gpu = open_gpu();
        for (uint32_t seed = 0; seed < 12; seed++) {
            shot s;
            if (seed & 1)
                shot_make(&s, 70 + seed, 50, 43, 31 + seed, seed, &net);
            else
                shot_make(&s, 40 + seed, 33, 40 + seed, 33, seed, &net);
            if (seed & 1) { /* a part of it */
                s.item.source = (stz_rect){3, 5, 60, 40};
                free(s.want.pixels);
                s.want = fake_net_reference(&s.in, s.item.source, s.out.width, s.out.height, &net, s.code,
                                            s.item.strength, s.item.preserve_color);
            }
            run_ok(gpu, &net, &s.item, 1);
            shot_check(&s);
            shot_free(&s);
        }
        close_gpu(gpu);
    }
}

static void strength_zero_is_the_content(void **state)
{
    NET(8, 0, 0);
    stz_gpu *gpu = open_gpu();
    shot s;
    shot_make(&s, 64, 40, 32, 20, 1, &net);
    free(s.want.pixels);
    s.item.strength = 0;
    s.want = fake_net_reference(&s.in, s.item.source, 32, 20, &net, s.code, 0, false);
    run_ok(gpu, &net, &s.item, 1);
    shot_check(&s);
    assert_int_equal(fake_net.calls, 0);
    shot_free(&s);
    close_gpu(gpu);
}

/* Pinned pictures are copied without a stage between: by the double's book, and with the right result. */
static void pinned_pictures_are_not_copied_twice(void **state)
{
    NET(4, 0, 0);
    stz_gpu *gpu = open_gpu();
    shot s;
    shot_make(&s, 64, 64, 64, 64, 0, &net);
    const stz_device_table *t = double_table();
    const size_t size = 64 * 64 * 3;
    const long before = device_double.pinned;
    uint8_t *in = t->pinned_alloc(size), *out = t->pinned_alloc(size);
    memcpy(in, s.in.pixels, size);
    stylize_image pinned_in = s.in, pinned_out = s.out;
    pinned_in.pixels = in;
    pinned_out.pixels = out;
    s.item.in = &pinned_in;
    s.item.out = &pinned_out;
    run_ok(gpu, &net, &s.item, 1);
    assert_true(device_double.pinned - before - (long)(2 * size) <= 8192); /* parameters only */
    memcpy(s.out.pixels, out, size);
    shot_check(&s);
    t->pinned_free(in);
    t->pinned_free(out);
    shot_free(&s);
    close_gpu(gpu);
}

/* A program's pictures in device memory, written and read on streams of its own. */
static void device_pictures_follow_their_streams(void **state)
{
    NET(4, 1, 0);
    device_double.delay_us = 3000;
    stz_gpu *gpu = open_gpu();
    void *writer = double_stream_create(), *reader = double_stream_create();
    for (uint32_t seed = 0; seed < 6; seed++) {
        shot s;
        shot_make(&s, 48, 40, seed & 1 ? 24 : 48, seed & 1 ? 20 : 40, seed, &net);
        const size_t in_size = (size_t)s.in.stride * 40, out_size = (size_t)s.out.stride * s.out.height;
        stylize_image in = s.in, out = s.out;
        in.memory = out.memory = STYLIZE_MEMORY_CUDA;
        in.stream = writer;
        out.stream = reader;
        in.pixels = double_alloc(0, in_size);
        out.pixels = double_alloc(0, out_size);
        uint8_t *elsewhere = malloc(out_size), *junk = malloc(out_size);
        memset(in.pixels, 0, in_size);
        memset(junk, 77, out_size);
        double_stream_write(writer, in.pixels, s.in.pixels, in_size); /* comes after the submission */
        double_stream_write(reader, out.pixels, junk, out_size);      /* must not overwrite the result */
        double_stream_write(reader, elsewhere, out.pixels, out_size);
        s.item.in = &in;
        s.item.out = &out;
        run_ok(gpu, &net, &s.item, 1);
        memcpy(s.out.pixels, out.pixels, out_size);
        shot_check(&s);
        double_free(in.pixels);
        double_free(out.pixels);
        free(junk);
        free(elsewhere);
        shot_free(&s);
    }
    double_stream_destroy(writer);
    double_stream_destroy(reader);
    close_gpu(gpu);
}

static void statistics_are_read_and_given(void **state)
{
    NET(4, 0, 0);
    stz_gpu *gpu = open_gpu();
    shot s;
    shot_make(&s, 32, 32, 32, 32, 0, &net);
    float stats = -1;
    s.item.out = NULL;
    s.item.stats_out = &stats;
    run_ok(gpu, &net, &s.item, 1);
    double sum = 0;
    for (int i = 0; i < 32 * 32 * 3; i++)
        sum += s.in.pixels[i] / 255.0;
    assert_true(stats > sum / 3072 - 1e-3 && stats < sum / 3072 + 1e-3);
    s.item.out = &s.out;
    s.item.stats_out = NULL;
    s.item.stats = &stats; /* not captured, whatever comes */
    for (int i = 0; i < 5; i++)
        run_ok(gpu, &net, &s.item, 1);
    assert_int_equal(device_double.captures, 0);
    shot_free(&s);
    close_gpu(gpu);
}

static void a_painting_that_is_not_finite_is_an_error(void **state)
{
    NET(4, 0, 0);
    stz_gpu *gpu = open_gpu();
    shot shots[3];
    stz_gpu_item items[3];
    make_batch(shots, items, 3, 24, 24, 0, &net);
    stylize_error err = {0};
    fake_net.not_a_number = 1;
    assert_int_equal(stz_gpu_run(gpu, &net, items, 3, &no_exec, &err), STYLIZE_ERR_ENGINE);
    assert_non_null(strstr(err.message, "not finite"));
    fake_net.not_a_number = 0;
    run_ok(gpu, &net, items, 3);
    check_batch(shots, 3);
    free_batch(shots, 3);
    close_gpu(gpu);
}

/* ------------------------------------------------------------------ batches, memory, graphs */

static void a_batch_is_as_each_alone(void **state)
{
    enum { N = 40 };
    static shot shots[N];
    static stz_gpu_item items[N];
    NET(4, 1, 1);
    stz_gpu *gpu = open_gpu();
    make_batch(shots, items, N, 33, 21, 5, &net);
    run_ok(gpu, &net, items, N);
    check_batch(shots, N);
    assert_int_equal(fake_net.largest, STZ_GPU_BATCH_MAX);
    free_batch(shots, N);
    close_gpu(gpu);
}

static void memory_that_is_short_makes_batches_smaller(void **state)
{
    enum { N = 16 };
    static shot shots[N];
    static stz_gpu_item items[N];
    NET(4, 0, 0);
    stz_gpu *gpu = open_gpu();
    make_batch(shots, items, N, 40, 40, 3, &net);
    fake_net.most = 5; /* libtorch has memory for five */
    run_ok(gpu, &net, items, N);
    check_batch(shots, N);
    assert_true(fake_net.largest <= 5);
    stz_gpu_stats stats;
    stz_gpu_get_stats(gpu, &stats);
    assert_int_equal(stats.images, N);
    assert_int_equal(stats.splits, 2); /* 16 to 8 to 4 */
    assert_true(device_double.trims >= 2);
    fake_net.most = 0;
    for (int i = 0; i < 150; i++) /* it dares more again after a while */
        run_ok(gpu, &net, items, 8);
    fake_net.largest = 0;
    clear_batch(shots, N);
    run_ok(gpu, &net, items, N);
    check_batch(shots, N);
    assert_int_equal(fake_net.largest, N);
    free_batch(shots, N);
    close_gpu(gpu);
}

static void memory_for_not_even_one_is_an_error(void **state)
{
    NET(4, 0, 0);
    stz_gpu *gpu = open_gpu();
    shot shots[4];
    stz_gpu_item items[4];
    make_batch(shots, items, 4, 64, 64, 3, &net);
    device_double.limit = 20000;
    stylize_error err = {0};
    assert_int_equal(stz_gpu_run(gpu, &net, items, 4, &no_exec, &err), STYLIZE_ERR_NOMEM);
    assert_non_null(strstr(err.message, "cuda:0: out of memory"));
    device_double.limit = 1L << 30;
    fake_net.most = 1;
    fake_net.fail_in = 2;
    assert_int_equal(stz_gpu_run(gpu, &net, items, 4, &no_exec, &err), STYLIZE_ERR_ENGINE);
    run_ok(gpu, &net, items, 4);
    check_batch(shots, 4);
    free_batch(shots, 4);
    close_gpu(gpu);
}

static void a_steady_state_allocates_nothing(void **state)
{
    NET(4, 0, 0);
    stz_gpu *gpu = open_gpu();
    shot shots[4];
    stz_gpu_item items[4];
    make_batch(shots, items, 4, 64, 48, 3, &net);
    for (int i = 0; i < 4; i++)
        run_ok(gpu, &net, items, 4);
    stz_gpu_stats before, after;
    stz_gpu_get_stats(gpu, &before);
    const long bytes = device_double.bytes;
    for (int i = 0; i < 20; i++)
        run_ok(gpu, &net, items, 4);
    stz_gpu_get_stats(gpu, &after);
    assert_int_equal(after.allocs, before.allocs);
    assert_true(after.reuses >= before.reuses + 20);
    assert_int_equal(device_double.bytes, bytes);
    assert_true(after.peak >= after.bytes && after.bytes == (uint64_t)bytes);
    stz_gpu_trim(gpu);
    assert_int_equal(device_double.bytes, 0);
    free_batch(shots, 4);
    close_gpu(gpu);
}

static void a_size_that_comes_again_is_captured(void **state)
{
    NET(4, 1, 0);
    stz_gpu *gpu = open_gpu();
    for (int size = 0; size < 12; size++)
        for (int round = 0; round < 5; round++) {
            shot s;
            shot_make(&s, 20 + 4 * (uint32_t)size, 24, 20 + 4 * (uint32_t)size, 24, (uint32_t)round, &net);
            run_ok(gpu, &net, &s.item, 1);
            shot_check(&s);
            shot_free(&s);
            assert_true(device_double.graphs <= 8);
        }
    assert_int_equal(device_double.captures, 12);
    assert_int_equal(device_double.replays, 12 * 3);
    assert_int_equal(fake_net.tuned, 12); /* once for each, before it is captured */
    stz_gpu_forget(gpu, &net);
    assert_int_equal(device_double.graphs, 0);
    assert_int_equal(fake_net.kept, 0);
    close_gpu(gpu);
}

static void what_cannot_be_captured_runs_without(void **state)
{
    NET(4, 0, 0);
    device_double.no_capture = 1;
    stz_gpu *gpu = open_gpu();
    shot s;
    shot_make(&s, 24, 24, 24, 24, 0, &net);
    for (int i = 0; i < 6; i++) {
        clear_batch(&s, 1);
        run_ok(gpu, &net, &s.item, 1);
        shot_check(&s);
    }
    assert_true(net.no_graphs);
    assert_int_equal(device_double.replays, 0);
    shot_free(&s);
    close_gpu(gpu);
}

/* ------------------------------------------------------------------ faults */

/* Each call of the device fails once: a status, nothing lost, and the next run is right. */
static void every_call_that_fails_is_an_error(void **state)
{
    NET(4, 0, 0);
    device_double.delay_us = 20;
    int failed = 0, at = 1;
    for (;; at++) {
        shot shots[2];
        stz_gpu_item items[2];
        double_reset();
        device_double.delay_us = 20;
        make_batch(shots, items, 2, 40, 24, 1, &net);
        shots[1].item.source = items[1].source = (stz_rect){0, 0, 20, 24}; /* one is scaled */
        device_double.fail_in = at;
        stz_gpu *gpu = NULL;
        stylize_error err = {0};
        stylize_status status = stz_gpu_open(double_table(), 0, 1 << 20, &gpu, &err);
        for (int i = 0; status == STYLIZE_OK && i < 4; i++) /* the third is captured */
            status = stz_gpu_run(gpu, &net, items, 2, &no_exec, &err);
        if (status != STYLIZE_OK) {
            failed++;
            assert_int_equal(status, STYLIZE_ERR_ENGINE);
            assert_int_equal(err.status, status);
            assert_non_null(strstr(err.message, "told to fail"));
        }
        const bool reached = device_double.fail_in == 0;
        device_double.fail_in = 0;
        if (gpu)
            run_ok(gpu, &net, items, 2);
        if (gpu)
            shot_check(&shots[0]);
        if (gpu)
            close_gpu(gpu);
        assert_int_equal(device_double.events, 0);
        assert_int_equal(device_double.open, 0);
        free_batch(shots, 2);
        if (!reached)
            break;
    }
    assert_true(failed > 40); /* all but the allocations, which are tried again */
    assert_true(at > failed);
}

static void without_pinned_memory_it_works(void **state)
{
    NET(4, 0, 0);
    device_double.no_pinned = 1;
    stz_gpu *gpu = open_gpu();
    shot s;
    shot_make(&s, 24, 24, 24, 24, 1, &net);
    run_ok(gpu, &net, &s.item, 1);
    shot_check(&s);
    shot_free(&s);
    close_gpu(gpu);
}

static int forwards_until_cancel;
static atomic_int cancel;
static __typeof__(stz_torch_forward) *real_forward;

static int cancelling_forward(stz_torch_net *n, stz_torch_batch *b, const stz_torch_error *error)
{
    if (--forwards_until_cancel == 0)
        atomic_store(&cancel, 1);
    return real_forward(n, b, error);
}

static void a_run_is_cancelled_between_batches(void **state)
{
    enum { N = 12 };
    static shot shots[N];
    static stz_gpu_item items[N];
    NET(4, 0, 0);
    real_forward = net.forward;
    net.forward = cancelling_forward;
    fake_net.most = 3; /* 12 to 6 to 3: four batches */
    stz_gpu *gpu = open_gpu();
    make_batch(shots, items, N, 24, 24, 0, &net);
    const stz_exec exec = {.cancel = &cancel};
    stylize_error err = {0};
    atomic_store(&cancel, 1);
    assert_int_equal(stz_gpu_run(gpu, &net, items, N, &exec, &err), STYLIZE_ERR_CANCELLED);
    assert_int_equal(fake_net.calls, 0);
    atomic_store(&cancel, 0);
    forwards_until_cancel = 4; /* two that are short of memory, then the second batch */
    assert_int_equal(stz_gpu_run(gpu, &net, items, N, &exec, &err), STYLIZE_ERR_CANCELLED);
    assert_int_equal(fake_net.calls, 4);
    check_batch(shots, 6); /* what was done is right, the rest untouched */
    for (size_t i = 0; i < 24u * 24 * 3; i++)
        assert_int_equal(shots[6].out.pixels[i], 0);
    atomic_store(&cancel, 0);
    run_ok(gpu, &net, items, N);
    check_batch(shots, N);
    free_batch(shots, N);
    close_gpu(gpu);
}

/* ------------------------------------------------------------------ threads */

struct client {
    stz_gpu *gpu;
    stz_gpu_net *net;
    uint32_t seed;
    int bad;
};

static void *client_main(void *arg)
{
    struct client *c = arg;
    for (uint32_t round = 0; round < 12; round++) {
        shot shots[5];
        stz_gpu_item items[5];
        const int n = 1 + (int)((c->seed + round) % 5);
        const uint32_t side = 16 + 8 * ((c->seed + round) % 3);
        make_batch(shots, items, n, side, 20, c->seed * 100 + round, c->net);
        stylize_error err = {0};
        const stylize_status status = stz_gpu_run(c->gpu, c->net, items, n, &no_exec, &err);
        if (status != STYLIZE_OK) /* only with memory that others hold */
            c->bad += status != STYLIZE_ERR_NOMEM;
        else
            for (int i = 0; i < n; i++)
                for (uint32_t y = 0; y < 20; y++)
                    c->bad += memcmp(shots[i].out.pixels + (ptrdiff_t)y * shots[i].out.stride,
                                     shots[i].want.pixels + (ptrdiff_t)y * shots[i].want.stride,
                                     (size_t)shots[i].want.stride) != 0;
        free_batch(shots, n);
        if (round % 5 == 4)
            stz_gpu_trim(c->gpu);
    }
    return NULL;
}

static void threads_share_a_device(long limit)
{
    NET(4, 0, 0);
    device_double.limit = limit;
    stz_gpu *gpu = open_gpu();
    pthread_t threads[5];
    struct client clients[5];
    for (uint32_t i = 0; i < 5; i++) {
        clients[i] = (struct client){gpu, &net, i, 0};
        pthread_create(&threads[i], NULL, client_main, &clients[i]);
    }
    for (int i = 0; i < 5; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(clients[i].bad, 0);
    }
    assert_int_equal(stz_gpu_busy(gpu), 0);
    close_gpu(gpu);
}

static void threads_share_it_with_plenty(void **state) { threads_share_a_device(1L << 40); }
static void threads_share_it_when_it_is_full(void **state) { threads_share_a_device(150000); }

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_picture_is_painted),
        cmocka_unit_test(strength_zero_is_the_content),
        cmocka_unit_test(pinned_pictures_are_not_copied_twice),
        cmocka_unit_test(device_pictures_follow_their_streams),
        cmocka_unit_test(statistics_are_read_and_given),
        cmocka_unit_test(a_painting_that_is_not_finite_is_an_error),
        cmocka_unit_test(a_batch_is_as_each_alone),
        cmocka_unit_test(memory_that_is_short_makes_batches_smaller),
        cmocka_unit_test(memory_for_not_even_one_is_an_error),
        cmocka_unit_test(a_steady_state_allocates_nothing),
        cmocka_unit_test(a_size_that_comes_again_is_captured),
        cmocka_unit_test(what_cannot_be_captured_runs_without),
        cmocka_unit_test(every_call_that_fails_is_an_error),
        cmocka_unit_test(without_pinned_memory_it_works),
        cmocka_unit_test(a_run_is_cancelled_between_batches),
        cmocka_unit_test(threads_share_it_with_plenty),
        cmocka_unit_test(threads_share_it_when_it_is_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
