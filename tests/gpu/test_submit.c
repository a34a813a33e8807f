/* Requests that are handed in with content and result in a device's memory: the core and lib/engine/torch/gpu on the double, with a
 * network that is no libtorch's, so that ThreadSanitizer sees all of it. */
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

#define WIDTH  40
#define HEIGHT 28

/* ------------------------------------------------------------------ an engine on the double */

static stz_gpu_net net;
static const float code_a[] = {1, 0, 0.5f}; /* of style a in the model folder */

static stylize_status open_engine(void **engine, const stz_engine_config *config, stylize_error *err)
{
    return stz_gpu_open(double_table(), 0, config->pool_keep, (stz_gpu **)engine, err);
}

static void close_engine(void *engine) { stz_gpu_close(engine); }

static void caps(void *engine, stz_engine_caps *caps)
{
    *caps = (stz_engine_caps){
        .device = "cuda:0", .batch_max = STZ_GPU_BATCH_MAX, .parallel_max = 2, .memory = 1u << 30};
}

static stylize_status load(void *engine, const stz_model *model, void **out, stylize_error *err)
{
    net = fake_net_new(model->multiple, 0, 0);
    net.net = (stz_torch_net *)(void *)&net;
    *out = &net;
    return STYLIZE_OK;
}

static void unload(void *engine, void *loaded) { stz_gpu_forget(engine, loaded); }

static size_t memory(void *engine, void *loaded, int width, int height) { return 1; }

static stylize_status paint(void *engine, void *loaded, const stz_paint *batch, int n, const stz_exec *exec,
                            stylize_error *err)
{
    stz_gpu_item items[64];
    for (int i = 0; i < n; i++)
        items[i] = (stz_gpu_item){.in = batch[i].in,
                                  .source = batch[i].source,
                                  .out = batch[i].out,
                                  .code = batch[i].code,
                                  .strength = batch[i].strength};
    return stz_gpu_run(engine, loaded, items, n, exec, err);
}

static const stz_engine on_double = {.name = "double",
                                     .open = open_engine,
                                     .close = close_engine,
                                     .caps = caps,
                                     .load = load,
                                     .unload = unload,
                                     .memory = memory,
                                     .paint = paint};

static stylize_ctx *open_ctx(void)
{
    stylize_options o;
    stylize_error err = {0};
    stylize_ctx *ctx = NULL;
    fake_options(&o);
    stz_engine_register(&on_double);
    o.engine = "double";
    o.batch_threshold = 0;
    o.batch_max = 8;
    double_reset();
    if (stylize_ctx_create(&ctx, &o, &err) != STYLIZE_OK)
        fail_msg("%s", err.message);
    return ctx;
}

static void close_ctx(stylize_ctx *ctx, stylize_destroy_mode mode)
{
    stylize_ctx_destroy(ctx, mode);
    assert_int_equal(device_double.bytes, 0);
    assert_int_equal(device_double.open, 0);
    assert_int_equal(device_double.events, 0);
    assert_int_equal(fake_net.kept, 0);
}

/* ------------------------------------------------------------------ one request */

/* A picture and the memory it is painted into; each in the device's memory or not. Both are written to by streams of
 * the program's until just before: the content to its last bytes, the target to what must not be left there. */
typedef struct order {
    pthread_mutex_t lock;
    pthread_cond_t cond;
    bool over;
    stylize_status status;
    stylize_image photo, content, target, result;
    uint8_t *noise;
    void *streams[2];
    stylize_style_ref style;
    stylize_request req;
    uint64_t id;
    int wrong; /* bytes of the result */
} order;

static uint8_t *memory_for(bool device, size_t size) { return device ? double_alloc(0, size) : malloc(size); }

static void give_back(const stylize_image *image)
{
    if (image->memory == STYLIZE_MEMORY_CUDA)
        double_free(image->pixels);
    else
        free(image->pixels);
}

static void order_make(order *o, uint32_t seed, bool content_there, bool target_there)
{
    const size_t size = WIDTH * HEIGHT * 3;
    *o = (order){.lock = PTHREAD_MUTEX_INITIALIZER, .cond = PTHREAD_COND_INITIALIZER};
    o->photo = fake_picture(WIDTH, HEIGHT, STYLIZE_FORMAT_RGB8, seed);
    o->content = o->target = o->photo;
    o->content.pixels = memory_for(content_there, size);
    o->target.pixels = memory_for(target_there, size);
    o->noise = malloc(size);
    memset(o->noise, 7, size);
    for (int i = 0; i < 2; i++) {
        stylize_image *image = i ? &o->target : &o->content;
        const uint8_t *from = i ? o->noise : o->photo.pixels;
        if (!(i ? target_there : content_there)) {
            memcpy(image->pixels, from, size);
            continue;
        }
        image->memory = STYLIZE_MEMORY_CUDA;
        image->stream = o->streams[i] = double_stream_create();
        double_stream_write(image->stream, image->pixels, from, size);
        if (seed % 5 == 4) { /* as DLPack does it */
            double_stream_follow(DOUBLE_DEFAULT_STREAM, image->stream);
            image->stream = DOUBLE_DEFAULT_STREAM;
        }
    }
    stylize_request_init(&o->req, sizeof o->req);
    o->style = (stylize_style_ref){.id = "a", .weight = 1};
    o->req.content = &o->content;
    o->req.target = &o->target;
    o->req.styles = &o->style;
    o->req.style_count = 1;
}

/* Bytes that are not those of the picture painted by the core on the host. */
static int compare(const order *o)
{
    stylize_image want = fake_net_reference(&o->photo, (stz_rect){0, 0, WIDTH, HEIGHT}, WIDTH, HEIGHT, &net,
                                            code_a, o->req.strength, false);
    int wrong = 0;
    for (size_t i = 0; i < WIDTH * HEIGHT * 3; i++)
        wrong += want.pixels[i] != o->target.pixels[i];
    free(want.pixels);
    return wrong;
}

/* The work is over when this is called: memory is read and given back at once. */
static void on_done(void *user, uint64_t id, stylize_status status, stylize_image *result,
                    const stylize_error *error)
{
    order *o = user;
    if (status == STYLIZE_OK) {
        o->wrong = compare(o);
        o->wrong += result->pixels != o->target.pixels || result->owner || result->memory != o->target.memory;
        stylize_image_free(result);
    }
    for (int i = 0; i < 2; i++)
        if (o->streams[i])
            double_stream_destroy(o->streams[i]);
    give_back(&o->content);
    give_back(&o->target);
    pthread_mutex_lock(&o->lock);
    o->status = status;
    o->over = true;
    pthread_cond_signal(&o->cond);
    pthread_mutex_unlock(&o->lock);
}

static void submit(stylize_ctx *ctx, order *o)
{
    stylize_error err = {0};
    if (stylize_ctx_submit(ctx, &o->req, on_done, o, &o->id, &err) != STYLIZE_OK)
        abort();
}

static stylize_status end_of(order *o)
{
    pthread_mutex_lock(&o->lock);
    while (!o->over)
        pthread_cond_wait(&o->cond, &o->lock);
    pthread_mutex_unlock(&o->lock);
    free(o->photo.pixels);
    free(o->noise);
    return o->status;
}

/* ------------------------------------------------------------------ tests */

static void every_way_is_painted(void **state)
{
    stylize_ctx *ctx = open_ctx();
    for (int k = 0; k < 8; k++) {
        order o;
        order_make(&o, (uint32_t)k, k & 1, k >> 1 & 1);
        o.req.strength = k & 4 ? 0 : 0.7f;
        submit(ctx, &o);
        assert_int_equal(end_of(&o), STYLIZE_OK);
        assert_int_equal(o.wrong, 0);
    }
    close_ctx(ctx, STYLIZE_DRAIN);
}

typedef struct client {
    stylize_ctx *ctx;
    uint32_t seed;
    bool cancels;
    int bad, done;
} client;

/* Hands in several before it waits for the first. */
static void *client_main(void *arg)
{
    enum { N = 6 };
    client *c = arg;
    order o[N];
    for (uint32_t round = 0; round < 3; round++) {
        for (uint32_t i = 0; i < N; i++) {
            const uint32_t k = c->seed * 31 + round * N + i;
            order_make(&o[i], k, k & 1, k % 3);
            submit(c->ctx, &o[i]);
            if (c->cancels && k % 4 == 0)
                stylize_ctx_cancel(c->ctx, o[i].id);
        }
        for (int i = 0; i < N; i++) {
            const stylize_status status = end_of(&o[i]);
            c->done += status == STYLIZE_OK;
            c->bad +=
                o[i].wrong || (status != STYLIZE_OK && !(c->cancels && status == STYLIZE_ERR_CANCELLED));
        }
    }
    return NULL;
}

static void clients(bool cancel)
{
    enum { N = 4 };
    stylize_ctx *ctx = open_ctx();
    client c[N];
    pthread_t threads[N];
    for (uint32_t i = 0; i < N; i++) {
        c[i] = (client){.ctx = ctx, .seed = i, .cancels = cancel};
        pthread_create(&threads[i], NULL, client_main, &c[i]);
    }
    int done = 0;
    for (int i = 0; i < N; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(c[i].bad, 0);
        done += c[i].done;
    }
    assert_true(cancel ? done > 0 : done == N * 18);
    close_ctx(ctx, STYLIZE_DRAIN);
}

static void many_at_once(void **state) { clients(false); }
static void some_are_cancelled(void **state) { clients(true); }

static void the_context_ends_first(void **state)
{
    for (int k = 0; k < 6; k++) {
        stylize_ctx *ctx = open_ctx();
        order o[8];
        for (uint32_t i = 0; i < STZ_LEN(o); i++) {
            order_make(&o[i], i, true, true);
            submit(ctx, &o[i]);
        }
        close_ctx(ctx, STYLIZE_CANCEL);
        for (size_t i = 0; i < STZ_LEN(o); i++) {
            assert_true(o[i].over);
            const stylize_status status = end_of(&o[i]);
            assert_true(status == STYLIZE_OK || status == STYLIZE_ERR_CANCELLED);
            assert_int_equal(o[i].wrong, 0);
        }
    }
}

static void a_failing_device_is_told(void **state)
{
    stylize_ctx *ctx = open_ctx();
    for (int call = 1; call < 20; call++) {
        order o;
        order_make(&o, 3, true, true);
        device_double.fail_in = call;
        submit(ctx, &o);
        const stylize_status status = end_of(&o);
        assert_true(status == STYLIZE_OK ? o.wrong == 0
                                         : status == STYLIZE_ERR_ENGINE || status == STYLIZE_ERR_NOMEM);
        device_double.fail_in = 0;
    }
    order o;
    order_make(&o, 5, true, true);
    submit(ctx, &o);
    assert_int_equal(end_of(&o), STYLIZE_OK);
    assert_int_equal(o.wrong, 0);
    close_ctx(ctx, STYLIZE_DRAIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_way_is_painted),     cmocka_unit_test(many_at_once),
        cmocka_unit_test(some_are_cancelled),       cmocka_unit_test(the_context_ends_first),
        cmocka_unit_test(a_failing_device_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
