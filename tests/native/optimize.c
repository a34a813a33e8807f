/* The method optimize in the native engine: its loss and gradient against the oracle, searches, the picture. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/native/optimize.h"
#include "engine/native/search.h"
#include "net_util.h"
#include "once.h"
#include "reference_loss.h"

#define WIDTH  48
#define HEIGHT 40
#define COUNT  (WIDTH * HEIGHT * 3)

#define MAPS 5
static const float style_weights[MAPS] = {1, .5f, 2, .75f, 1.5f},
                   content_weights[MAPS] = {0, .5f, .25f, 0, .5f};

/* A small loss network with filters beside it, a content, two styles and a picture. */
typedef struct scene {
    net_builder b;
    stz_loss_spec spec;
    float *content, *styles[2], *x;
    stz_view views[2];
    float shares[2];
    stz_optimize job;
    uint8_t out[COUNT];
} scene;

static stz_view view_of(float *p, int width, int height)
{
    return (stz_view){p, (ptrdiff_t)width * 12, width, height, STZ_F32};
}

static scene *scene_new(void)
{
    scene *s = calloc(1, sizeof *s);
    net_loss(&s->b, 3, 5, 20, 33);
    net_filters(&s->b, 1, 18, 3, 2);
    net_filters(&s->b, 4, 7, 3, 1);
    s->spec = (stz_loss_spec){.layers = MAPS, .multiple = 4, .radius = stz_graph_radius(&s->b.graph)};
    memcpy(s->spec.style_weights, style_weights, sizeof style_weights);
    memcpy(s->spec.content_weights, content_weights, sizeof content_weights);
    s->content = picture_random(WIDTH, HEIGHT, 1);
    s->x = picture_random(WIDTH, HEIGHT, 2);
    for (int i = 0; i < COUNT; i += 7) /* some of it outside of 0 to 1 */
        s->x[i] = s->x[i] * 2.5f - .75f;
    s->styles[0] = picture_random(32, 44, 3);
    s->styles[1] = picture_random(40, 36, 4);
    s->views[0] = view_of(s->styles[0], 32, 44);
    s->views[1] = view_of(s->styles[1], 40, 36);
    s->shares[0] = .75f;
    s->shares[1] = .25f;
    s->job = (stz_optimize){.content = view_of(s->content, WIDTH, HEIGHT),
                            .out = {s->out, WIDTH * 3, WIDTH, HEIGHT, STZ_U8},
                            .styles = s->views,
                            .weights = s->shares,
                            .style_count = 2,
                            .iterations = 30,
                            .seed = 5,
                            .memory = 1u << 28};
    return s;
}

static void scene_free(scene *s)
{
    net_free(&s->b);
    free(s->content);
    free(s->styles[0]);
    free(s->styles[1]);
    free(s->x);
    free(s);
}

/* The loss and gradient of the scene's picture. */
static double evaluate(scene *s, const stz_kernels *k, int threads, float *gradient)
{
    runner r;
    stz_objective o;
    stylize_error err;
    double loss = 0;
    runner_open(&r, &s->b.graph, k, threads);
    s->spec.smoothness = STZ_SMOOTHNESS;
    s->spec.pixel_bytes = stz_objective_pixel(&r.part, s->spec.multiple);
    if (stz_objective_open(&o, &r.part, &s->spec, &s->job, s->x, r.pool, &r.exec, &err))
        fail_msg("%s", err.message);
    for (int again = 0; again < 2; again++)
        if (stz_objective_evaluate(&o, s->x, gradient, &loss, &err))
            fail_msg("%s", err.message);
    stz_objective_close(&o);
    runner_close(&r);
    return loss;
}

static double *doubles(const float *from, size_t count)
{
    double *d = malloc(count * sizeof *d);
    for (size_t i = 0; i < count; i++)
        d[i] = (double)from[i];
    return d;
}

/* ------------------------------------------------------------------ loss and gradient */

/* Along the gradient, and along a random way, whose 5760 steps are up to 1: there a relu that is at its corner in one
 * precision and past it in the other is seen. */
static void check_slopes(const reference_loss *l, double *x, const float *gradient)
{
    double *from = malloc(COUNT * sizeof *from);
    memcpy(from, x, COUNT * sizeof *from);
    for (int way = 0; way < 2; way++) {
        unsigned seed = 9;
        double want = 0, size = 0, ends[2];
        const double step = way ? 1e-8 : 1e-7; /* few relus have their corner in between */
        double *d = malloc(COUNT * sizeof *d);
        for (int i = 0; i < COUNT; i++) {
            seed = seed * 1664525u + 1013904223u;
            d[i] = way ? (double)(seed >> 8) / 8388608. - 1 : (double)gradient[i];
            want += d[i] * (double)gradient[i];
            size += (double)gradient[i] * (double)gradient[i];
        }
        for (int side = 0; side < 2; side++) {
            for (int i = 0; i < COUNT; i++)
                x[i] = from[i] + (side ? step : -step) * d[i];
            ends[side] = reference_loss_of(l, x);
        }
        memcpy(x, from, COUNT * sizeof *x);
        const double found = (ends[1] - ends[0]) / (2 * step);
        if (!(fabs(found - want) <= (way ? 1e-3 * sqrt(size) : 1e-4 * fabs(want))))
            fail_msg("way %d: the slope is %.8g, the gradient says %.8g; %.8g", way, found, want, sqrt(size));
        free(d);
    }
    free(from);
}

static void the_loss_is_the_oracles(void **state)
{
    scene *s = scene_new();
    double *x = doubles(s->x, COUNT), *content = doubles(s->content, COUNT);
    double *styles[2] = {doubles(s->styles[0], 32 * 44 * 3), doubles(s->styles[1], 40 * 36 * 3)};
    float *gradient = malloc(COUNT * sizeof *gradient);
    reference_loss l = {&s->b.graph,
                        MAPS,
                        style_weights,
                        content_weights,
                        {content, WIDTH, HEIGHT},
                        {{styles[0], 32, 44}, {styles[1], 40, 36}},
                        {.75, .25},
                        2};
    const double want = reference_loss_of(&l, x);
    const stz_kernels *k;
    for (int i = 0; (k = kernels_at(i)); i++) {
        const double loss = evaluate(s, k, 1, gradient);
        if (!(fabs(loss - want) <= 1e-5 * want))
            fail_msg("%s: the loss is %.9g, not %.9g", stz_isa_name(k->isa), loss, want);
        check_slopes(&l, x, gradient);
    }
    free(gradient);
    free(x);
    free(content);
    free(styles[0]);
    free(styles[1]);
    scene_free(s);
}

/* How far the gradient in tiles is from that of the whole, as a part of its size. */
static double tiled_error(scene *s)
{
    float *whole = malloc(COUNT * sizeof *whole), *tiled = malloc(COUNT * sizeof *tiled);
    s->job.memory = 1u << 28;
    const double loss = evaluate(s, stz_kernels_get(false), 1, whole);
    s->job.memory = 1;
    const double other = evaluate(s, stz_kernels_get(false), 1, tiled);
    assert_true(fabs(loss - other) <= 1e-5 * loss);
    double size = 0, error = 0;
    for (int i = 0; i < COUNT; i++) {
        size += (double)whole[i] * (double)whole[i];
        error += ((double)whole[i] - (double)tiled[i]) * ((double)whole[i] - (double)tiled[i]);
    }
    free(whole);
    free(tiled);
    return sqrt(error / size);
}

/* Tiles see with a margin, and get the gradient of the whole picture's loss. Where a relu is at its corner, one side
 * may be on the other side of it: of some pictures most are without such a place. */
static void tiles_are_the_whole(void **state)
{
    int good = 0;
    for (unsigned seed = 2; seed < 9; seed++) {
        scene *s = scene_new();
        free(s->x);
        s->x = picture_random(WIDTH, HEIGHT, seed);
        const double error = tiled_error(s);
        assert_true(error < 1e-2);
        good += error < 1e-5;
        scene_free(s);
    }
    assert_true(good >= 4);
}

/* Only its sums are taken: the content's map is smaller, and ends within. */
static void a_style_may_be_larger(void **state)
{
    scene *s = scene_new();
    float *gradient = malloc(COUNT * sizeof *gradient), *large = picture_random(16 * WIDTH, 16 * HEIGHT, 6);
    s->views[0] = view_of(large, 16 * WIDTH, 16 * HEIGHT);
    for (int tiled = 0; tiled < 2; tiled++) {
        s->job.memory = tiled ? 1 : 1u << 30;
        assert_true(evaluate(s, stz_kernels_get(false), 2, gradient) > 0);
    }
    free(large);
    free(gradient);
    scene_free(s);
}

static void threads_do_not_matter(void **state)
{
    scene *s = scene_new();
    float *one = malloc(COUNT * sizeof *one), *more = malloc(COUNT * sizeof *more);
    for (int tiled = 0; tiled < 2; tiled++) {
        s->job.memory = tiled ? 1 : 1u << 28;
        const double loss = evaluate(s, stz_kernels_get(false), 1, one);
        for (int threads = 2; threads <= 16; threads *= 8) {
            assert_true(evaluate(s, stz_kernels_get(false), threads, more) == loss);
            assert_memory_equal(one, more, COUNT * sizeof *one);
        }
    }
    free(one);
    free(more);
    scene_free(s);
}

/* ------------------------------------------------------------------ searches */

#define LENGTH STZ_CHUNK

typedef struct valley {
    int asked, most;
    double value;
} valley;

/* Rosenbrock's valley in a few pairs of numbers, a stretched bowl in the others. */
static bool ask_valley(void *user, const float *x, float *g, double *value)
{
    valley *v = user;
    *value = 0;
    for (int i = 0; i < LENGTH; i++) {
        const double d = (double)x[i] - .25, stretch = 1 + i % 50;
        g[i] = (float)(stretch * d);
        *value += .5 * stretch * d * d;
    }
    for (int i = 0; i < 8; i += 2) {
        const double a = 1 - (double)x[i], b = (double)x[i + 1] - (double)x[i] * (double)x[i];
        g[i] = (float)(-2 * a - 400 * b * (double)x[i]);
        g[i + 1] = (float)(200 * b);
        *value += a * a + 100 * b * b - .5 * (1 + i % 50) * pow((double)x[i] - .25, 2) -
                  .5 * (2 + i % 50) * pow((double)x[i + 1] - .25, 2);
    }
    v->value = *value;
    return ++v->asked < v->most;
}

static double share(void *user)
{
    const valley *v = user;
    return 1 - (double)v->asked / v->most;
}

static void searches_find_the_valley(void **state)
{
    runner r;
    net_builder b;
    net_loss(&b, 1, 4, 4, 4);
    runner_open(&r, &b.graph, stz_kernels_get(false), 2);
    for (int adam = 0; adam < 2; adam++) {
        valley v = {.most = adam ? 3000 : 150};
        const size_t vectors = stz_search_vectors(adam, 12);
        float *memory = calloc((vectors + 1) * LENGTH, sizeof *memory);
        double *records = malloc(sizeof *records * stz_search_records(LENGTH, 12));
        const stz_search s = {.kernels = r.part.kernels,
                              .team = r.team,
                              .length = LENGTH,
                              .ask = ask_valley,
                              .user = &v,
                              .x = memory,
                              .history = 12,
                              .vectors = memory + LENGTH,
                              .records = records};
        for (int i = 0; i < 8; i += 2)
            s.x[i] = -1.2f;
        if (adam)
            stz_search_adam(&s, share);
        else
            stz_search_lbfgs(&s);
        assert_true(v.asked <= v.most);
        if (!(v.value < (adam ? .1 : 1e-6)))
            fail_msg("%s ended at %g after %d", adam ? "Adam" : "L-BFGS", v.value, v.asked);
        free(memory);
        free(records);
    }
    runner_close(&r);
    net_free(&b);
}

/* ------------------------------------------------------------------ the picture */

typedef struct watching {
    uint32_t steps, shown, end;
    atomic_int *cancel;
    uint32_t cancel_at;
} watching;

static bool on_step(void *user, uint32_t iterations, bool shown)
{
    watching *w = user;
    assert_int_equal(iterations, ++w->steps);
    w->shown += shown;
    if (w->cancel && w->steps == w->cancel_at)
        atomic_store(w->cancel, 1);
    return w->steps != w->end;
}

static stylize_status run(scene *s, int threads, watching *w, stylize_error *err)
{
    runner r;
    atomic_int cancel = 0;
    runner_open(&r, &s->b.graph, stz_kernels_get(false), threads);
    s->spec.smoothness = STZ_SMOOTHNESS;
    s->spec.pixel_bytes = stz_objective_pixel(&r.part, s->spec.multiple);
    if (w->cancel_at) {
        w->cancel = &cancel;
        r.exec.cancel = &cancel;
    }
    s->job.progress = on_step;
    s->job.user = w;
    const stylize_status status = stz_optimize_run(&r.part, &s->spec, &s->job, r.pool, &r.exec, err);
    runner_close(&r);
    return status;
}

/* The loss of the picture that came out. */
static double loss_of_result(scene *s)
{
    float *gradient = malloc(COUNT * sizeof *gradient);
    for (int i = 0; i < COUNT; i++)
        s->x[i] = (float)s->out[i] / 255.f;
    const double loss = evaluate(s, stz_kernels_get(false), 1, gradient);
    free(gradient);
    return loss;
}

static void the_loss_falls(void **state)
{
    scene *s = scene_new();
    stylize_error err;
    for (int adam = 0; adam < 2; adam++) {
        double losses[2];
        s->job.adam = adam;
        for (int i = 0; i < 2; i++) {
            watching w = {0};
            s->job.iterations = i ? 60 : 1;
            s->job.show_every = 7;
            assert_int_equal(run(s, 1, &w, &err), STYLIZE_OK);
            assert_int_equal(w.steps, s->job.iterations);
            assert_int_equal(w.shown, s->job.iterations / 7);
            losses[i] = loss_of_result(s);
        }
        assert_true(losses[1] < .6 * losses[0]);
    }
    scene_free(s);
}

static void the_same_for_any_number_of_threads(void **state)
{
    scene *s = scene_new();
    uint8_t *first = malloc(COUNT);
    stylize_error err;
    watching w = {0};
    assert_int_equal(run(s, 1, &w, &err), STYLIZE_OK);
    memcpy(first, s->out, COUNT);
    for (int threads = 2; threads <= 16; threads *= 8) {
        w = (watching){0};
        assert_int_equal(run(s, threads, &w, &err), STYLIZE_OK);
        assert_memory_equal(first, s->out, COUNT);
    }
    s->job.seed++;
    w = (watching){0};
    assert_int_equal(run(s, 1, &w, &err), STYLIZE_OK);
    assert_memory_not_equal(first, s->out, COUNT);
    free(first);
    scene_free(s);
}

/* Goes on from a picture: one evaluation leaves it as it is. */
static void starts_from_a_picture(void **state)
{
    scene *s = scene_new();
    stylize_error err;
    watching w = {0};
    uint8_t start[COUNT];
    for (int i = 0; i < COUNT; i++)
        start[i] = s->out[i] = (uint8_t)(i * 37);
    s->job.start = true;
    s->job.iterations = 1;
    assert_int_equal(run(s, 1, &w, &err), STYLIZE_OK);
    assert_memory_equal(start, s->out, COUNT);
    scene_free(s);
}

static void ends_early(void **state)
{
    scene *s = scene_new();
    stylize_error err;
    watching w = {.end = 4};
    assert_int_equal(run(s, 1, &w, &err), STYLIZE_OK);
    assert_int_equal(w.steps, 4);
    for (uint32_t at = 1; at < 12; at++) {
        w = (watching){.cancel_at = at};
        s->job.adam = at % 2;
        assert_int_equal(run(s, 1, &w, &err), STYLIZE_ERR_CANCELLED);
        assert_int_equal(w.steps, at);
    }
    scene_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        not_for_threads(the_loss_is_the_oracles),
        not_for_threads(tiles_are_the_whole),
        not_for_threads(a_style_may_be_larger),
        cmocka_unit_test(threads_do_not_matter),
        cmocka_unit_test(searches_find_the_valley),
        not_for_threads(the_loss_falls),
        cmocka_unit_test(the_same_for_any_number_of_threads),
        cmocka_unit_test(starts_from_a_picture),
        cmocka_unit_test(ends_early),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
