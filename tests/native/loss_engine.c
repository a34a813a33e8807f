/* The shipped loss network through the native engine's table: what it refuses, deadlines, blends, tiles, half precision.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net_util.h"
#include "once.h"

#define WIDTH  96
#define HEIGHT 64
#define COUNT  (WIDTH * HEIGHT * 3)

static const stz_engine *const engine = &stz_engine_native;
static char dir[] = STYLIZE_SOURCE_DIR "/models/loss", file[] = "loss.safetensors";
static char other_dir[] = STYLIZE_SOURCE_DIR "/models/brush", other_file[] = "brush.safetensors";

/* As models/loss/model.json. */
static stz_model loss_model(void)
{
    return (stz_model){.name = "loss",
                       .dir = dir,
                       .native_file = file,
                       .multiple = 16,
                       .optimizes = true,
                       .layers = 8,
                       .receptive_radius = 73,
                       .style_weights = {1, 1, 1, 1, 1, 1, 1, 1},
                       .content_weights = {0, 0, .5f, .5f, 0}};
}

typedef struct session {
    void *engine, *net;
    stz_pool *pool;
    stz_scratch scratch;
    stz_team *team;
    stz_exec exec;
    uint8_t content[COUNT], style[COUNT], out[COUNT];
    stz_view styles[2];
    float shares[2];
    stz_optimize job;
} session;

static stz_view view_of(uint8_t *p) { return (stz_view){p, (ptrdiff_t)WIDTH * 3, WIDTH, HEIGHT, STZ_U8}; }

static session *session_open(stylize_precision precision)
{
    session *s = calloc(1, sizeof *s);
    stylize_error err;
    const stz_model model = loss_model();
    s->pool = stz_pool_create(1u << 28);
    const stz_engine_config config = {.device = "cpu", .threads = 1, .precision = precision, .pool = s->pool};
    if (engine->open(&s->engine, &config, &err) || engine->load(s->engine, &model, &s->net, &err))
        fail_msg("%s", err.message);
    s->team = stz_team_create(1, &s->scratch, 0);
    s->exec.team = s->team;
    float *content = picture_random(WIDTH, HEIGHT, 1), *style = picture_random(HEIGHT, WIDTH, 2);
    for (int i = 0; i < COUNT; i++) {
        s->content[i] = (uint8_t)(content[i] * 255);
        s->style[i] = (uint8_t)(255 - style[i] * 200);
    }
    free(content);
    free(style);
    s->styles[0] = view_of(s->style);
    s->styles[1] = view_of(s->content);
    s->shares[0] = 1;
    s->job = (stz_optimize){.content = view_of(s->content),
                            .out = view_of(s->out),
                            .styles = s->styles,
                            .weights = s->shares,
                            .style_count = 1,
                            .iterations = 12,
                            .memory = 1u << 28};
    return s;
}

static void session_close(session *s)
{
    stz_team_destroy(s->team);
    stz_scratch_free(&s->scratch);
    engine->unload(s->engine, s->net);
    engine->close(s->engine);
    stz_pool_end(s->pool);
    free(s);
}

static stylize_status run(session *s)
{
    stylize_error err = {0};
    const stylize_status status = engine->optimize(s->engine, s->net, &s->job, &s->exec, &err);
    assert_true(status == STYLIZE_OK || strlen(err.message) > 0);
    return status;
}

static int distance(const uint8_t *a, const uint8_t *b)
{
    int sum = 0;
    for (int i = 0; i < COUNT; i++)
        sum += abs(a[i] - b[i]);
    return sum;
}

/* Tiles end with nearly the picture of the whole: after a few steps rounding has not grown. */
static void tiles_and_whole_agree(void **state)
{
    session *s = session_open(STYLIZE_PRECISION_FP32);
    uint8_t *whole = malloc(COUNT);
    s->job.iterations = 25;
    s->job.adam = true; /* goes far in few steps */
    assert_int_equal(run(s), STYLIZE_OK);
    memcpy(whole, s->out, COUNT);
    assert_true(distance(s->content, s->out) > 8 * COUNT); /* not the noise of the start alone, which is 4 */
    s->job.memory = 1;
    assert_int_equal(run(s), STYLIZE_OK);
    assert_true(distance(whole, s->out) < COUNT / 20);
    free(whole);
    session_close(s);
}

typedef struct runner_thread {
    session *s;
    stz_scratch scratch;
    uint8_t *out;
    stylize_status status;
} runner_thread;

static void *optimise_apart(void *arg)
{
    runner_thread *t = arg;
    stylize_error err;
    stz_team *team = stz_team_create(2, &t->scratch, 1);
    const stz_exec exec = {.team = team};
    stz_optimize job = t->s->job;
    job.out = view_of(t->out);
    t->status = engine->optimize(t->s->engine, t->s->net, &job, &exec, &err);
    stz_team_destroy(team);
    stz_scratch_free(&t->scratch);
    return NULL;
}

/* Several at once share plans and weights, which the first to come makes. */
static void two_at_once_are_as_one(void **state)
{
    session *s = session_open(STYLIZE_PRECISION_FP32);
    runner_thread t[2];
    pthread_t threads[2];
    for (int i = 0; i < 2; i++) {
        t[i] = (runner_thread){.s = s, .out = malloc(COUNT)};
        assert_int_equal(pthread_create(&threads[i], NULL, optimise_apart, &t[i]), 0);
    }
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(run(s), STYLIZE_OK);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(t[i].status, STYLIZE_OK);
        assert_memory_equal(t[i].out, s->out, COUNT);
        free(t[i].out);
    }
    session_close(s);
}

/* Half precision stores no gradients: a loss network runs in fp32. */
static void half_precision_is_not_for_gradients(void **state)
{
    session *s = session_open(STYLIZE_PRECISION_FP32), *half = session_open(STYLIZE_PRECISION_FP16);
    assert_int_equal(run(s), STYLIZE_OK);
    assert_int_equal(run(half), STYLIZE_OK);
    assert_memory_equal(s->out, half->out, COUNT);
    session_close(s);
    session_close(half);
}

/* A blend is the sum of the losses by the shares: of a style with itself, or with nothing of another, it is the style's. */
static void blends_are_sums(void **state)
{
    session *s = session_open(STYLIZE_PRECISION_FP32);
    uint8_t *first = malloc(COUNT);
    s->job.iterations = 25;
    s->job.adam = true; /* goes far in few steps */
    assert_int_equal(run(s), STYLIZE_OK);
    memcpy(first, s->out, COUNT);
    s->job.style_count = 2;
    s->shares[1] = 0;
    assert_int_equal(run(s), STYLIZE_OK);
    assert_true(distance(first, s->out) < COUNT / 20);
    s->shares[0] = s->shares[1] = .5f;
    assert_int_equal(run(s), STYLIZE_OK);
    assert_true(distance(first, s->out) > COUNT);
    s->styles[1] = s->styles[0];
    assert_int_equal(run(s), STYLIZE_OK);
    assert_true(distance(first, s->out) < COUNT / 20);
    free(first);
    session_close(s);
}

static void a_deadline_ends_it(void **state)
{
    session *s = session_open(STYLIZE_PRECISION_FP32);
    s->exec.deadline_ns = stz_now_ns() + 1;
    assert_int_equal(run(s), STYLIZE_ERR_CANCELLED);
    s->exec.deadline_ns = 0;
    assert_int_equal(run(s), STYLIZE_OK);
    session_close(s);
}

static void wrong_jobs_are_refused(void **state)
{
    session *s = session_open(STYLIZE_PRECISION_FP32);
    const stz_optimize good = s->job;
    for (int i = 0; i < 8; i++) {
        s->job = good;
        s->styles[0] = view_of(s->style);
        s->job.content.width -= i == 0 ? 8 : 0;
        s->job.out.height -= i == 1 ? 16 : 0;
        s->job.out.data = i == 2 ? NULL : s->job.out.data;
        s->job.out.elem = i == 3 ? STZ_F32 : STZ_U8;
        s->job.style_count = i == 4 ? 0 : i == 5 ? STYLIZE_STYLES_MAX + 1 : 1;
        s->job.iterations = i == 6 ? 0 : 12;
        s->styles[0].height -= i == 7 ? 1 : 0;
        if (i != 5) /* which has no pictures to look at */
            assert_int_equal(run(s), STYLIZE_ERR_INVALID);
    }
    stylize_error err;
    const stz_apply paint = {.in = view_of(s->content), .out = view_of(s->out)};
    assert_int_equal(engine->apply(s->engine, s->net, &paint, 1, &s->exec, &err), STYLIZE_ERR_UNSUPPORTED);
    assert_int_equal(engine->encode(s->engine, s->net, &paint.in, NULL, &s->exec, &err),
                     STYLIZE_ERR_UNSUPPORTED);
    session_close(s);
}

static void refuse_model(session *s, const stz_model *model, const char *text)
{
    void *net;
    stylize_error err = {0};
    assert_int_equal(engine->load(s->engine, model, &net, &err), STYLIZE_ERR_MODEL);
    if (!strstr(err.message, text))
        fail_msg("\"%s\" does not hold \"%s\"", err.message, text);
}

static void wrong_models_are_refused(void **state)
{
    session *s = session_open(STYLIZE_PRECISION_FP32);
    stz_model m = loss_model();
    m.layers = 5;
    refuse_model(s, &m, "weights for 5 feature maps, the file makes 8");
    m = loss_model();
    m.multiple = 24;
    refuse_model(s, &m, "needs multiples of 16");
    m = loss_model();
    m.optimizes = false;
    refuse_model(s, &m, "holds a loss network");
    m = loss_model();
    m.dir = other_dir;
    m.native_file = other_file;
    refuse_model(s, &m, "holds no loss network");
    session_close(s);
}

/* A painting network has no method optimize. */
static void painters_do_not_optimise(void **state)
{
    session *s = session_open(STYLIZE_PRECISION_FP32);
    stylize_error err;
    void *net;
    const stz_model m = {.name = "brush", .dir = other_dir, .native_file = other_file, .code_length = 1168};
    assert_int_equal(engine->load(s->engine, &m, &net, &err), STYLIZE_OK);
    assert_int_equal(engine->optimize(s->engine, net, &s->job, &s->exec, &err), STYLIZE_ERR_INVALID);
    engine->unload(s->engine, net);
    session_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        not_for_threads(tiles_and_whole_agree),     not_for_threads(half_precision_is_not_for_gradients),
        not_for_threads(blends_are_sums),           cmocka_unit_test(a_deadline_ends_it),
        cmocka_unit_test(wrong_jobs_are_refused),   cmocka_unit_test(wrong_models_are_refused),
        cmocka_unit_test(painters_do_not_optimise), cmocka_unit_test(two_at_once_are_as_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
