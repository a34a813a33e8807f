/* The native engine and the torch engine on the same networks: no value more than 1e-3 apart. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

#define LIMIT 1e-3

/* Both engines with what they need to run. */
typedef struct pair {
    void *torch, *native;
    stz_pool *pool;
    stz_scratch scratch;
    stz_exec exec;
} pair;

static int pair_open(void **state)
{
    pair *p = calloc(1, sizeof *p);
    stylize_error err = {0};
    assert_non_null(p);
    p->torch = engine_open("cpu");
    p->pool = stz_pool_create(1u << 28);
    assert_non_null(p->pool);
    const stz_engine_config config = {.device = "cpu", .threads = 2, .pool = p->pool};
    if (stz_engine_native.open(&p->native, &config, &err) != STYLIZE_OK)
        fail_msg("%s", err.message);
    p->exec.team = stz_team_create(2, &p->scratch, 1);
    assert_non_null(p->exec.team);
    *state = p;
    return 0;
}

static int pair_close(void **state)
{
    pair *p = *state;
    stz_team_destroy(p->exec.team);
    stz_scratch_free(&p->scratch);
    stz_engine_native.close(p->native);
    stz_engine_torch.close(p->torch);
    stz_pool_end(p->pool);
    free(p);
    return 0;
}

static void paint(const pair *p, const stz_engine *engine, void *net, stz_apply a)
{
    stylize_error err = {0};
    void *e = engine == &stz_engine_torch ? p->torch : p->native;
    if (engine->apply(e, net, &a, 1, &p->exec, &err) != STYLIZE_OK)
        fail_msg("%s: %s", engine->name, err.message);
}

static void *native_net(const pair *p, const stz_model *model)
{
    void *net = NULL;
    stylize_error err = {0};
    if (stz_engine_native.load(p->native, model, &net, &err) != STYLIZE_OK)
        fail_msg("%s", err.message);
    return net;
}

/* Statistics of a norm are of the values' own range: the difference counts against their size. */
static double stats_distance(const float *a, const float *b, int n)
{
    double worst = 0, size = 0;
    for (int i = 0; i < n; i++) {
        worst = fmax(worst, fabs((double)a[i] - b[i]) / (1 + fabs((double)a[i])));
        size = fmax(size, fabs((double)a[i]));
    }
    assert_true(size > 0.01);
    return worst;
}

/* Painting, statistics, and painting with the other engine's statistics, at several sizes. */
static void compare(const pair *p, const stz_model *model, const float *code)
{
    const int sizes[][2] = {{64, 64}, {200, 132}, {36, 260}};
    void *torch = net_load(p->torch, model), *native = native_net(p, model);
    const size_t bytes = (size_t)model->stats_length * sizeof(float);
    float *ours = malloc(bytes), *theirs = malloc(bytes);
    assert_true(ours && theirs);
    for (int i = 0; i < 3; i++) {
        const int w = sizes[i][0], h = sizes[i][1];
        photo in = photo_random(w, h, 31u + (unsigned)i), a = photo_new(w, h), b = photo_new(w, h);
        paint(p, &stz_engine_native, native, job(&in, &a, code));
        paint(p, &stz_engine_torch, torch, job(&in, &b, code));
        const double painting = photo_distance(&a, &b);
        stz_apply only = job(&in, NULL, code);
        only.stats_out = ours;
        paint(p, &stz_engine_native, native, only);
        only.stats_out = theirs;
        paint(p, &stz_engine_torch, torch, only);
        const double stats = stats_distance(ours, theirs, model->stats_length);
        /* not the picture's own, so that it shows whose are used */
        for (int k = 0; k < model->stats_length; k++)
            ours[k] = theirs[k] * 0.9f + (k < model->stats_length / 2 ? 0.0f : 0.01f);
        stz_apply frozen = job(&in, &a, code);
        frozen.stats = ours;
        paint(p, &stz_engine_native, native, frozen);
        frozen.out = b.view;
        paint(p, &stz_engine_torch, torch, frozen);
        const double held = photo_distance(&a, &b);
        print_message("%s %d x %d: painting %.1e, statistics %.1e, frozen %.1e apart\n", model->name, w, h,
                      painting, stats, held);
        assert_true(painting < LIMIT && stats < LIMIT && held < LIMIT);
        photo_free(&in);
        photo_free(&a);
        photo_free(&b);
    }
    free(ours);
    free(theirs);
    stz_engine_torch.unload(p->torch, torch);
    stz_engine_native.unload(p->native, native);
}

static void brush(void **state)
{
    const stz_model model = shipped_model("brush");
    for (int style = 0; style < 16; style += 5) {
        float *code = library_code("brush", style);
        compare(*state, &model, code);
        free(code);
    }
}

static void any(void **state)
{
    const pair *p = *state;
    const stz_model model = shipped_model("any");
    void *torch = net_load(p->torch, &model), *native = native_net(p, &model);
    photo style = photo_random(150, 98, 3);
    float ours[1168], theirs[1168];
    stylize_error err = {0};
    assert_int_equal(stz_engine_native.encode(p->native, native, &style.view, ours, &p->exec, &err),
                     STYLIZE_OK);
    assert_int_equal(stz_engine_torch.encode(p->torch, torch, &style.view, theirs, &p->exec, &err),
                     STYLIZE_OK);
    const double codes = stats_distance(ours, theirs, 1168);
    print_message("any: codes %.1e apart\n", codes);
    assert_true(codes < LIMIT);
    photo_free(&style);
    stz_engine_torch.unload(p->torch, torch);
    stz_engine_native.unload(p->native, native);
    compare(p, &model, ours);
}

/* A TransformerNet: 9x9 convolutions, bias, fixed gamma and beta, nearest upsampling, clamp. */
static void transformer(void **state)
{
    stz_model model = user_model(DATA, "transformer.pt");
    model.native_file = "transformer.safetensors";
    model.multiple = 2;
    model.stats_length = 2 * (8 + 12 + 12 + 12 + 8);
    compare(*state, &model, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(brush, pair_open, pair_close),
        cmocka_unit_test_setup_teardown(any, pair_open, pair_close),
        cmocka_unit_test_setup_teardown(transformer, pair_open, pair_close),
    };
    const int absent = skip_without_plugin();
    return absent ? absent : cmocka_run_group_tests_name("native against torch", tests, NULL, NULL);
}
