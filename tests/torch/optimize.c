/* The method optimize in the torch engine: a small loss network with random weights. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

#define SIDE 64

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

static stz_model loss_model(const char *file)
{
    stz_model m = user_model(DATA, file);
    m.optimizes = true;
    m.multiple = 4;
    m.receptive_radius = 12;
    m.layers = 3;
    for (int i = 0; i < 3; i++) {
        m.style_weights[i] = 1;
        m.content_weights[i] = i == 2 ? 0.3f : 0;
    }
    return m;
}

/* Bytes: what a run gives back. */
typedef struct result {
    uint8_t pixels[SIDE * SIDE * 3];
    stz_view view;
    uint32_t calls, shown, stop_after;
} result;

static result *result_new(void)
{
    result *r = calloc(1, sizeof *r);
    assert_non_null(r);
    r->view = (stz_view){r->pixels, SIDE * 3, SIDE, SIDE, STZ_U8};
    return r;
}

static bool on_step(void *user, uint32_t iterations, bool shown)
{
    result *r = user;
    assert_true(iterations == r->calls + 1);
    r->calls = iterations;
    r->shown += shown;
    return !r->stop_after || iterations < r->stop_after;
}

static stz_optimize task_of(const photo *content, const photo *style, result *r)
{
    static const float one = 1;
    return (stz_optimize){.content = content->view,
                          .out = r->view,
                          .styles = &style->view,
                          .weights = &one,
                          .style_count = 1,
                          .iterations = 20,
                          .seed = 1,
                          .memory = 1u << 30,
                          .progress = on_step,
                          .user = r};
}

static void optimise(void *engine, void *net, const stz_optimize *task)
{
    stylize_error err = {0};
    const stz_exec exec = {0};
    if (stz_engine_torch.optimize(engine, net, task, &exec, &err) != STYLIZE_OK)
        fail_msg("%s", err.message);
}

static double mean_of(const uint8_t *bytes, int channel)
{
    double sum = 0;
    for (int i = 0; i < SIDE * SIDE; i++)
        sum += bytes[i * 3 + channel] / 255.0;
    return sum / (SIDE * SIDE);
}

static double style_mean(const photo *p, int channel)
{
    double sum = 0;
    for (int i = 0; i < p->view.width * p->view.height; i++)
        sum += (double)p->data[i * 3 + channel];
    return sum / (p->view.width * p->view.height);
}

/* A dark photograph takes on the palette of a bright style. */
static photo dark(void)
{
    photo p = photo_random(SIDE, SIDE, 3);
    for (int i = 0; i < SIDE * SIDE * 3; i++)
        p.data[i] *= 0.3f;
    return p;
}

static photo bright(int width, int height)
{
    photo p = photo_random(width, height, 4);
    for (int i = 0; i < width * height; i++) {
        p.data[i * 3] = 0.6f + 0.4f * p.data[i * 3];
        p.data[i * 3 + 2] *= 0.5f;
    }
    return p;
}

static void takes_the_palette(void **state)
{
    const stz_model m = loss_model("loss.pt");
    void *net = net_load(*state, &m);
    photo content = dark(), style = bright(72, 48);
    for (int adam = 0; adam < 2; adam++) {
        result *r = result_new();
        stz_optimize task = task_of(&content, &style, r);
        task.adam = adam == 1;
        task.iterations = adam ? 200 : 120;
        task.show_every = 10;
        optimise(*state, net, &task);
        assert_int_equal(r->calls, task.iterations);
        assert_int_equal(r->shown, task.iterations / 10);
        double before = 0, after = 0; /* distances of the mean colours */
        for (int c = 0; c < 3; c++) {
            before += fabs(style_mean(&content, c) - style_mean(&style, c));
            after += fabs(mean_of(r->pixels, c) - style_mean(&style, c));
        }
        print_message("%s: %.3f from the style's colours, was %.3f\n", adam ? "Adam" : "L-BFGS", after,
                      before);
        assert_true(after < 0.7 * before);
        free(r);
    }
    photo_free(&content);
    photo_free(&style);
    stz_engine_torch.unload(*state, net);
}

static int largest_difference(const result *a, const result *b)
{
    int most = 0;
    for (size_t i = 0; i < sizeof a->pixels; i++)
        most = stz_max(most, abs(a->pixels[i] - b->pixels[i]));
    return most;
}

/* The loss is a function of sums over pixels, so tiles must give the gradient of the whole picture. */
static void tiles_equal_whole(void **state)
{
    const stz_model m = loss_model("loss.pt");
    void *net = net_load(*state, &m);
    photo content = photo_random(SIDE, SIDE, 1), style = bright(SIDE, SIDE);
    result *whole = result_new(), *tiled = result_new();
    stz_optimize task = task_of(&content, &style, whole);
    task.adam = true;
    task.iterations = 12;
    optimise(*state, net, &task);
    task.out = tiled->view;
    task.user = tiled;
    task.memory = 1;
    optimise(*state, net, &task);
    const int most = largest_difference(whole, tiled);
    print_message("tiles: %d of 255 from the whole\n", most);
    assert_true(most <= 1);
    free(whole);
    free(tiled);
    photo_free(&content);
    photo_free(&style);
    stz_engine_torch.unload(*state, net);
}

static void seed_and_start(void **state)
{
    const stz_model m = loss_model("loss.pt");
    void *net = net_load(*state, &m);
    photo content = photo_random(SIDE, SIDE, 1), style = bright(SIDE, SIDE);
    result *r[4];
    for (int i = 0; i < 4; i++) {
        r[i] = result_new();
        stz_optimize task = task_of(&content, &style, r[i]);
        task.iterations = 3;
        task.adam = true;
        task.seed = i == 2 ? 7 : 1;
        task.start = i == 3;
        memset(r[i]->pixels, 200, sizeof r[i]->pixels);
        optimise(*state, net, &task);
    }
    assert_int_equal(largest_difference(r[0], r[1]), 0);
    assert_true(largest_difference(r[0], r[2]) > 0);
    for (size_t i = 0; i < sizeof r[3]->pixels; i++)
        assert_true(abs(r[3]->pixels[i] - 200) < 30); /* near its start */
    for (int i = 0; i < 4; i++)
        free(r[i]);
    photo_free(&content);
    photo_free(&style);
    stz_engine_torch.unload(*state, net);
}

static void can_be_ended(void **state)
{
    const stz_model m = loss_model("loss.pt");
    void *net = net_load(*state, &m);
    photo content = photo_random(SIDE, SIDE, 1), style = bright(SIDE, SIDE);
    result *r = result_new();
    stz_optimize task = task_of(&content, &style, r);
    r->stop_after = 5;
    optimise(*state, net, &task); /* ended early is not failed */
    assert_int_equal(r->calls, 5);
    assert_true(mean_of(r->pixels, 0) > 0.05);

    atomic_int stop = 1;
    stz_exec exec = {.cancel = &stop};
    stylize_error err = {0};
    r->calls = 0;
    assert_int_equal(stz_engine_torch.optimize(*state, net, &task, &exec, &err), STYLIZE_ERR_CANCELLED);
    exec = (stz_exec){.deadline_ns = 1};
    r->calls = 0;
    assert_int_equal(stz_engine_torch.optimize(*state, net, &task, &exec, &err), STYLIZE_ERR_CANCELLED);
    free(r);
    photo_free(&content);
    photo_free(&style);
    stz_engine_torch.unload(*state, net);
}

static void wrong_networks(void **state)
{
    stz_model m = loss_model("loss_short.pt");
    load_fails(*state, &m, STYLIZE_ERR_MODEL, "2 feature maps, not 3");
    m = loss_model("loss_odd.pt");
    load_fails(*state, &m, STYLIZE_ERR_MODEL, "no stride that divides");
    m = loss_model("echo.pt");
    load_fails(*state, &m, STYLIZE_ERR_MODEL, "0 feature maps, not 3");
    m = loss_model("blind.pt");
    load_fails(*state, &m, STYLIZE_ERR_MODEL, "gradient");
    m = loss_model("absent.pt");
    load_fails(*state, &m, STYLIZE_ERR_MODEL, "/absent.pt");
    m = loss_model("throws.pt");
    load_fails(*state, &m, STYLIZE_ERR_MODEL, "shape");
}

static void task_fails(void *engine, void *net, const stz_optimize *task, const char *part)
{
    stylize_error err = {0};
    const stz_exec exec = {0};
    assert_int_equal(stz_engine_torch.optimize(engine, net, task, &exec, &err), STYLIZE_ERR_INVALID);
    if (!strstr(err.message, part))
        fail_msg("\"%s\" without \"%s\"", err.message, part);
}

static void wrong_tasks(void **state)
{
    const stz_model m = loss_model("loss.pt"), echo = user_model(DATA, "echo.pt");
    void *net = net_load(*state, &m), *painter = net_load(*state, &echo);
    photo content = photo_random(SIDE, SIDE, 1), odd = photo_random(SIDE + 2, SIDE, 1),
          style = bright(50, 48);
    result *r = result_new();
    const stz_optimize good = task_of(&content, &content, r);
    stz_optimize task = good;
    task.content = odd.view;
    task_fails(*state, net, &task, "not multiples");
    task = good;
    task.styles = &style.view;
    task_fails(*state, net, &task, "style picture");
    task = good;
    task.style_count = 0;
    task_fails(*state, net, &task, "no style");
    task = good;
    task.iterations = 0;
    task_fails(*state, net, &task, "nothing to do");
    task = good;
    task.out.elem = STZ_F32;
    task_fails(*state, net, &task, "must be bytes");
    task_fails(*state, painter, &good, "no loss network");

    stylize_error err = {0};
    const stz_exec exec = {0};
    photo out = photo_new(SIDE, SIDE);
    float code[4];
    const stz_apply a = job(&content, &out, NULL);
    assert_int_equal(stz_engine_torch.apply(*state, net, &a, 1, &exec, &err), STYLIZE_ERR_UNSUPPORTED);
    assert_int_equal(stz_engine_torch.encode(*state, net, &content.view, code, &exec, &err),
                     STYLIZE_ERR_UNSUPPORTED);
    photo_free(&out);
    photo_free(&content);
    photo_free(&odd);
    photo_free(&style);
    free(r);
    stz_engine_torch.unload(*state, net);
    stz_engine_torch.unload(*state, painter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(takes_the_palette, open_cpu, close_engine),
        cmocka_unit_test_setup_teardown(tiles_equal_whole, open_cpu, close_engine),
        cmocka_unit_test_setup_teardown(seed_and_start, open_cpu, close_engine),
        cmocka_unit_test_setup_teardown(can_be_ended, open_cpu, close_engine),
        cmocka_unit_test_setup_teardown(wrong_networks, open_cpu, close_engine),
        cmocka_unit_test_setup_teardown(wrong_tasks, open_cpu, close_engine),
    };
    const int skip = skip_without_plugin();
    return skip ? skip : cmocka_run_group_tests(tests, NULL, NULL);
}
