/* Networks run forward and back through stylize/train.h. */
#include "core/helpers.h"

#include <math.h>
#include <unistd.h>

#include "alloc/failing.h"
#include "blob.h"
#include "net_util.h"
#include "once.h"
#include "stylize/train.h"

#define W    48
#define H    32
#define CODE 32

static char generator[64], eyes[64], halves[64], twice[64];
static stylize_ctx *ctx;

static void write_file(char *name, const char *graph_key, const char *graph, const blob_tensor *tensors,
                       int count)
{
    const char *const meta[] = {graph_key,     graph, "multiple_of", "2",    "norm_widths", "[16]",
                                "code_length", "32",  "norm_eps",    "1e-5", NULL};
    const char *const no_norm[] = {graph_key, graph, "multiple_of", "2", NULL};
    blob b = blob_file(strstr(graph, "norm") ? meta : no_norm, tensors, count);
    strcpy(name, "/tmp/stylize-training-XXXXXX");
    const int fd = mkstemp(name);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, b.data, b.size), b.size);
    close(fd);
    free(b.data);
}

static int set_up(void **state)
{
    static float weights[16 * 27 + 12 * 144 + 12];
    static uint16_t half[16 * 27];
    net_builder random;
    net_begin(&random, 9);
    for (size_t i = 0; i < STZ_LEN(weights); i++)
        weights[i] = 0.2f * net_random(&random);
    net_free(&random);
    const blob_tensor tensors[] = {{"first", "F32", 4, {16, 3, 3, 3}, weights},
                                   {"last", "F32", 4, {12, 16, 3, 3}, weights + 16 * 27},
                                   {"bias", "F32", 1, {12}, weights + 16 * 27 + 12 * 144}};
    write_file(
        generator, "graph",
        "[{\"op\":\"conv\",\"w\":\"first\",\"in\":3,\"out\":16,\"stride\":2},{\"op\":\"norm\",\"i\":0},"
        "{\"op\":\"relu\"},{\"op\":\"conv\",\"w\":\"last\",\"b\":\"bias\",\"in\":16,\"out\":12,\"stride\":1},"
        "{\"op\":\"pixel_shuffle\",\"factor\":2},{\"op\":\"sigmoid\"}]",
        tensors, 3);
    const char *const two_maps = "[{\"op\":\"conv\",\"w\":\"first\",\"in\":3,\"out\":16,\"stride\":1},{"
                                 "\"op\":\"relu\"},{\"op\":\"tap\"},"
                                 "{\"op\":\"mean_pool\",\"factor\":2},"
                                 "{\"op\":\"conv\",\"w\":\"last\",\"b\":\"bias\",\"in\":16,\"out\":12,"
                                 "\"stride\":1},{\"op\":\"relu\"},{\"op\":\"tap\"}]";
    write_file(eyes, "loss_graph", two_maps, tensors, 3);
    const blob_tensor stored[] = {tensors[1], tensors[2], {"first", "F16", 4, {16, 3, 3, 3}, half}};
    write_file(halves, "loss_graph", two_maps, stored, 3);
    const blob_tensor square = {"same", "F32", 4, {3, 3, 3, 3}, weights};
    write_file(twice, "graph",
               "[{\"op\":\"conv\",\"w\":\"same\",\"in\":3,\"out\":3,\"stride\":1},{\"op\":\"relu\"},"
               "{\"op\":\"conv\",\"w\":\"same\",\"in\":3,\"out\":3,\"stride\":1}]",
               &square, 1);
    return 0;
}

static int tear_down(void **state)
{
    unlink(generator);
    unlink(eyes);
    unlink(halves);
    unlink(twice);
    return 0;
}

static stylize_ctx *context(int threads)
{
    stylize_options o;
    stylize_error err = {0};
    stylize_ctx *c = NULL;
    stylize_options_init(&o, sizeof o);
    o.threads = (uint32_t)threads;
    ok(stylize_ctx_create(&c, &o, &err));
    return c;
}

static int open_ctx(void **state)
{
    ctx = context(1);
    return 0;
}

static int close_ctx(void **state)
{
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
    return 0;
}

static stylize_net *open_net(const char *file, uint32_t places)
{
    stylize_error err = {0};
    stylize_net *net = NULL;
    ok(stylize_net_open(ctx, file, W, H, places, &net, &err));
    return net;
}

/* Numbers of one run there and back. */
typedef struct numbers {
    float picture[W * H * 3], code[CODE], maps[2][W * H * 16], towards[2][W * H * 16];
    float by_picture[W * H * 3], by_code[CODE], *by_weights;
} numbers;

static numbers *numbers_new(const stylize_net *net)
{
    numbers *n = calloc(1, sizeof *n);
    net_builder random;
    assert_non_null(n);
    net_begin(&random, 4);
    for (size_t i = 0; i < STZ_LEN(n->picture); i++)
        n->picture[i] = 0.5f + 0.4f * net_random(&random);
    for (size_t i = 0; i < CODE; i++)
        n->code[i] = 1 + 0.3f * net_random(&random);
    for (size_t i = 0; i < STZ_LEN(n->towards[0]); i++) {
        n->towards[0][i] = net_random(&random);
        n->towards[1][i] = net_random(&random);
    }
    net_free(&random);
    n->by_weights = calloc(stylize_net_weight_count(net), sizeof(float));
    assert_non_null(n->by_weights);
    return n;
}

static void numbers_free(numbers *n)
{
    free(n->by_weights);
    free(n);
}

static void forward(stylize_net *net, uint32_t place, numbers *n)
{
    stylize_error err = {0};
    float *maps[] = {n->maps[0], n->maps[1]};
    ok(stylize_net_forward(net, place, n->picture, n->code, maps, &err));
}

static void backward(stylize_net *net, uint32_t place, numbers *n)
{
    stylize_error err = {0};
    const float *towards[] = {n->towards[0], n->towards[1]};
    ok(stylize_net_backward(net, place, towards, n->by_picture, n->by_code, n->by_weights, &err));
}

/* The number whose gradients are asked for: the maps times `towards`. */
static double value(stylize_net *net, numbers *n)
{
    double sum = 0;
    uint32_t shape[3];
    forward(net, 0, n);
    for (size_t m = 0; m < stylize_net_map_count(net); m++) {
        stylize_net_map_shape(net, m, shape, NULL);
        for (size_t i = 0; i < (size_t)shape[0] * shape[1] * shape[2]; i++)
            sum += (double)n->maps[m][i] * (double)n->towards[m][i];
    }
    return sum;
}

/* A step along the gradient changes the value by its length squared. */
static void check_step(stylize_net *net, numbers *n, float *x, const float *gradient, size_t count,
                       float *weights)
{
    stylize_error err = {0};
    double power = 0, found[2];
    float *kept = malloc(count * sizeof *kept);
    assert_non_null(kept);
    memcpy(kept, x, count * sizeof *kept);
    for (size_t i = 0; i < count; i++)
        power += (double)gradient[i] * (double)gradient[i];
    assert_true(power > 0);
    const double length = 1e-4 / sqrt(power / (double)count);
    for (int side = 0; side < 2; side++) {
        for (size_t i = 0; i < count; i++)
            x[i] = kept[i] + (float)((side ? length : -length) * (double)gradient[i]);
        if (weights)
            ok(stylize_net_set_weights(net, weights, &err));
        found[side] = value(net, n);
    }
    memcpy(x, kept, count * sizeof *kept);
    if (weights)
        ok(stylize_net_set_weights(net, weights, &err));
    free(kept);
    const double slope = (found[1] - found[0]) / (2 * length);
    if (!(fabs(slope - power) < 0.02 * power))
        fail_msg("slope %g, gradient %g", slope, power);
}

static void check_gradients(const char *file)
{
    stylize_error err = {0};
    stylize_net *net = open_net(file, 1);
    numbers *n = numbers_new(net);
    const size_t count = stylize_net_weight_count(net);
    float *weights = malloc(count * sizeof *weights);
    assert_non_null(weights);
    ok(stylize_net_get_weights(net, weights, &err));
    forward(net, 0, n);
    backward(net, 0, n);
    check_step(net, n, n->picture, n->by_picture, STZ_LEN(n->picture), NULL);
    if (stylize_net_code_length(net))
        check_step(net, n, n->code, n->by_code, CODE, NULL);
    check_step(net, n, weights, n->by_weights, count, weights);
    free(weights);
    numbers_free(n);
    stylize_net_close(net);
}

static void gradients_are_those_of_what_forward_computes(void **state)
{
    check_gradients(generator);
    check_gradients(eyes);
}

static void a_file_says_what_it_is(void **state)
{
    stylize_error err = {0};
    uint32_t shape[3];
    stylize_net *net = open_net(generator, 2), *look = open_net(eyes, 1);
    assert_int_equal(stylize_net_weight_count(net), 16 * 27 + 12 * 144 + 12);
    assert_int_equal(stylize_net_code_length(net), CODE);
    assert_int_equal(stylize_net_map_count(net), 1);
    ok(stylize_net_map_shape(net, 0, shape, &err));
    assert_true(shape[0] == H && shape[1] == W && shape[2] == 3);
    assert_int_equal(stylize_net_map_count(look), 2);
    assert_int_equal(stylize_net_code_length(look), 0);
    ok(stylize_net_map_shape(look, 0, shape, &err));
    assert_true(shape[0] == H && shape[1] == W && shape[2] == 16);
    ok(stylize_net_map_shape(look, 1, shape, &err));
    assert_true(shape[0] == H / 2 && shape[1] == W / 2 && shape[2] == 12);
    fails(stylize_net_map_shape(look, 2, shape, &err), STYLIZE_ERR_INVALID, "map is 2");
    stylize_net_close(net);
    stylize_net_close(look);
}

/* Two places keep two runs; what the second holds does not change the first. */
static void places_are_apart(void **state)
{
    stylize_net *net = open_net(generator, 2);
    numbers *a = numbers_new(net), *b = numbers_new(net);
    for (size_t i = 0; i < STZ_LEN(b->picture); i++)
        b->picture[i] = 1 - b->picture[i];
    forward(net, 0, a);
    backward(net, 0, a);
    float *alone = malloc(sizeof a->by_picture);
    assert_non_null(alone);
    memcpy(alone, a->by_picture, sizeof a->by_picture);
    forward(net, 0, a);
    forward(net, 1, b);
    backward(net, 1, b);
    backward(net, 0, a);
    assert_memory_equal(alone, a->by_picture, sizeof a->by_picture);
    assert_memory_not_equal(alone, b->by_picture, sizeof b->by_picture);
    free(alone);
    numbers_free(a);
    numbers_free(b);
    stylize_net_close(net);
}

/* The same bytes for any number of threads. */
static void threads_do_not_matter(void **state)
{
    const int counts[] = {1, 2, 16};
    for (int f = 0; f < 2; f++) {
        numbers *first = NULL;
        for (size_t i = 0; i < STZ_LEN(counts); i++) {
            stylize_ctx *own = ctx;
            ctx = context(counts[i]);
            stylize_net *net = open_net(f ? eyes : generator, 1);
            const size_t bytes = stylize_net_weight_count(net) * sizeof(float);
            numbers *n = numbers_new(net);
            forward(net, 0, n);
            backward(net, 0, n);
            if (first) {
                assert_memory_equal(first->maps, n->maps, sizeof n->maps);
                assert_memory_equal(first->by_picture, n->by_picture, sizeof n->by_picture);
                assert_memory_equal(first->by_weights, n->by_weights, bytes);
                numbers_free(n);
            } else {
                first = n;
            }
            stylize_net_close(net);
            stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
            ctx = own;
        }
        numbers_free(first);
    }
}

static void other_weights_end_what_was_kept(void **state)
{
    stylize_error err = {0};
    stylize_net *net = open_net(generator, 1);
    numbers *n = numbers_new(net);
    const float *towards[] = {n->towards[0]};
    const size_t count = stylize_net_weight_count(net);
    float *weights = malloc(count * sizeof *weights), *again = malloc(count * sizeof *again);
    assert_true(weights && again);
    fails(stylize_net_backward(net, 0, towards, NULL, NULL, NULL, &err), STYLIZE_ERR_INVALID, "holds no run");
    forward(net, 0, n);
    float *before = malloc(sizeof n->maps[0]);
    assert_non_null(before);
    memcpy(before, n->maps[0], sizeof n->maps[0]);
    ok(stylize_net_get_weights(net, weights, &err));
    for (size_t i = 0; i < count; i++)
        weights[i] *= 1.5f;
    ok(stylize_net_set_weights(net, weights, &err));
    ok(stylize_net_get_weights(net, again, &err));
    assert_memory_equal(weights, again, count * sizeof *weights);
    fails(stylize_net_backward(net, 0, towards, NULL, NULL, NULL, &err), STYLIZE_ERR_INVALID, "holds no run");
    forward(net, 0, n);
    assert_memory_not_equal(before, n->maps[0], sizeof n->maps[0]);
    ok(stylize_net_backward(net, 0, towards, NULL, NULL, NULL, &err));
    free(before);
    free(weights);
    free(again);
    numbers_free(n);
    stylize_net_close(net);
}

/* ------------------------------------------------------------------ misuse */

static void opening_refuses_what_it_cannot_use(void **state)
{
    stylize_error err = {0};
    stylize_net *net = NULL;
    fails(stylize_net_open(NULL, generator, W, H, 1, &net, &err), STYLIZE_ERR_INVALID, "ctx is NULL");
    fails(stylize_net_open(ctx, NULL, W, H, 1, &net, &err), STYLIZE_ERR_INVALID, "file is NULL");
    fails(stylize_net_open(ctx, generator, W, H, 1, NULL, &err), STYLIZE_ERR_INVALID, "net is NULL");
    fails(stylize_net_open(ctx, generator, 16, H, 1, &net, &err), STYLIZE_ERR_INVALID, "32 to 4096");
    fails(stylize_net_open(ctx, generator, W, 5000, 1, &net, &err), STYLIZE_ERR_INVALID, "32 to 4096");
    fails(stylize_net_open(ctx, generator, W + 1, H, 1, &net, &err), STYLIZE_ERR_INVALID, "multiples of 2");
    fails(stylize_net_open(ctx, generator, W, H, 0, &net, &err), STYLIZE_ERR_INVALID, "places is 0");
    fails(stylize_net_open(ctx, generator, W, H, 65, &net, &err), STYLIZE_ERR_INVALID, "1 to 64");
    fails(stylize_net_open(ctx, "/no/such/file", W, H, 1, &net, &err), STYLIZE_ERR_IO, "/no/such/file");
    fails(stylize_net_open(ctx, "/proc/self/exe", W, H, 1, &net, &err), STYLIZE_ERR_MODEL, "");
    fails(stylize_net_open(ctx, halves, W, H, 1, &net, &err), STYLIZE_ERR_UNSUPPORTED, "32-bit");
    fails(stylize_net_open(ctx, twice, W, H, 1, &net, &err), STYLIZE_ERR_UNSUPPORTED, "twice");
    assert_null(net);
}

static void calls_refuse_what_is_missing(void **state)
{
    stylize_error err = {0};
    uint32_t shape[3];
    stylize_net *net = open_net(generator, 2);
    numbers *n = numbers_new(net);
    const float *towards[] = {n->towards[0]}, *nothing[] = {NULL};
    stylize_net_close(NULL);
    assert_int_equal(stylize_net_weight_count(NULL), 0);
    assert_int_equal(stylize_net_code_length(NULL), 0);
    assert_int_equal(stylize_net_map_count(NULL), 0);
    fails(stylize_net_map_shape(NULL, 0, shape, &err), STYLIZE_ERR_INVALID, "net is NULL");
    fails(stylize_net_map_shape(net, 0, NULL, &err), STYLIZE_ERR_INVALID, "shape is NULL");
    fails(stylize_net_get_weights(NULL, n->by_weights, &err), STYLIZE_ERR_INVALID, "net is NULL");
    fails(stylize_net_get_weights(net, NULL, &err), STYLIZE_ERR_INVALID, "weights is NULL");
    fails(stylize_net_set_weights(NULL, n->by_weights, &err), STYLIZE_ERR_INVALID, "net is NULL");
    fails(stylize_net_set_weights(net, NULL, &err), STYLIZE_ERR_INVALID, "weights is NULL");
    fails(stylize_net_forward(NULL, 0, n->picture, n->code, NULL, &err), STYLIZE_ERR_INVALID, "net is NULL");
    fails(stylize_net_forward(net, 0, NULL, n->code, NULL, &err), STYLIZE_ERR_INVALID, "picture is NULL");
    fails(stylize_net_forward(net, 0, n->picture, NULL, NULL, &err), STYLIZE_ERR_INVALID, "32 floats");
    fails(stylize_net_forward(net, 2, n->picture, n->code, NULL, &err), STYLIZE_ERR_INVALID, "place is 2");
    ok(stylize_net_forward(net, 0, n->picture, n->code, NULL, &err));
    fails(stylize_net_backward(NULL, 0, towards, NULL, NULL, NULL, &err), STYLIZE_ERR_INVALID, "net is NULL");
    fails(stylize_net_backward(net, 0, NULL, NULL, NULL, NULL, &err), STYLIZE_ERR_INVALID,
          "gradients is NULL");
    fails(stylize_net_backward(net, 0, nothing, NULL, NULL, NULL, &err), STYLIZE_ERR_INVALID, "painting");
    fails(stylize_net_backward(net, 2, towards, NULL, NULL, NULL, &err), STYLIZE_ERR_INVALID, "place is 2");
    fails(stylize_net_backward(net, 1, towards, NULL, NULL, NULL, &err), STYLIZE_ERR_INVALID, "holds no run");
    numbers_free(n);
    stylize_net_close(net);
}

/* ------------------------------------------------------------------ memory */

static bool scenario(const char *file)
{
    stylize_error err = {0};
    stylize_net *net = NULL;
    if (stylize_net_open(ctx, file, W, H, 2, &net, &err) != STYLIZE_OK) {
        assert_null(net);
        assert_true(err.message[0]);
        return false;
    }
    static float picture[W * H * 3], code[CODE], gradient[W * H * 16], weights[4096];
    const float *towards[] = {gradient, gradient};
    assert_true(stylize_net_weight_count(net) <= STZ_LEN(weights));
    bool worked = stylize_net_get_weights(net, weights, &err) == STYLIZE_OK &&
                  stylize_net_set_weights(net, weights, &err) == STYLIZE_OK &&
                  stylize_net_forward(net, 1, picture, code, NULL, &err) == STYLIZE_OK &&
                  stylize_net_backward(net, 1, towards, picture, code, weights, &err) == STYLIZE_OK;
    assert_true(worked || err.message[0]);
    stylize_net_close(net);
    return worked;
}

static void every_allocation_may_fail(void **state)
{
    const char *const files[] = {generator, eyes};
    const failing_mode modes[] = {FAILING_ONCE, FAILING_ALWAYS};
    for (int i = 0; i < 4; i++) {
        bool failed = true;
        for (long n = 1; failed; n++) {
            stylize_ctx *own = ctx;
            ctx = context(1);
            failing_arm(n, modes[i % 2]);
            const bool worked = scenario(files[i / 2]);
            failed = failing_disarm();
            assert_true(worked || failed);
            assert_true(scenario(files[i / 2]));
            stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
            ctx = own;
            assert_true(failed ? n < 2000 : n > 15);
        }
    }
}

#define with_ctx(test) cmocka_unit_test_setup_teardown(test, open_ctx, close_ctx)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_ctx(gradients_are_those_of_what_forward_computes),
        with_ctx(a_file_says_what_it_is),
        with_ctx(places_are_apart),
        with_ctx(threads_do_not_matter),
        with_ctx(other_weights_end_what_was_kept),
        with_ctx(opening_refuses_what_it_cannot_use),
        with_ctx(calls_refuse_what_is_missing),
        not_for_threads(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
