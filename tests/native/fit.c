/* Styles of one's own through the native engine's table: the shipped networks learn, with few and small pictures. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/native/graph_read.h"
#include "engine/native/grid_loss.h"
#include "engine/native/steady_loss.h"
#include "net_util.h"
#include "once.h"
#include "style/model.h"

#define SIDE     128
#define PICTURES 2
#define ART      96

static const stz_engine *const engine = &stz_engine_native;
static stz_model *brush, *loss;

static int set_up(void **state)
{
    stylize_error err;
    return stz_model_read(STYLIZE_SOURCE_DIR "/models/brush", &brush, &err) ||
           stz_model_read(STYLIZE_SOURCE_DIR "/models/loss", &loss, &err);
}

static int tear_down(void **state)
{
    stz_model_free(brush);
    stz_model_free(loss);
    return 0;
}

/* ------------------------------------------------------------------ what the fit asks */

typedef struct session {
    void *engine, *net;
    stz_pool *pool;
    stz_scratch scratch;
    stz_team *team;
    stz_exec exec;
    uint8_t art[ART * ART * 3];
    float *starts[2];
    stz_style_fit fit;
    int practised, told, painted;
    int prepared;  /* how often told before the first step */
    int answer_in; /* of these times the one in which the answer is not to go on; 0: none */
    int answer_at; /* step in which the answer is not to go on; 0: none */
    bool in_network;
    stz_fit_answer answer;
    double last, first_of_network;
    bool same; /* always the same picture */
} session;

static stylize_status practice(void *user, uint32_t number, int side, float *out, stylize_error *err)
{
    session *s = user;
    float *picture = picture_random(side, side, s->same ? 10 : 10 + number % 7);
    memcpy(out, picture, (size_t)side * (size_t)side * 3 * sizeof *out);
    free(picture);
    s->practised++;
    return STYLIZE_OK;
}

static stz_fit_answer progress(void *user, const stz_fit_state *state)
{
    session *s = user;
    s->prepared += state->steps == 0;
    if (!state->steps) {
        assert_true(s->told == 0 && !state->painted);
        return s->prepared == s->answer_in ? s->answer : STZ_FIT_GO_ON;
    }
    s->told++;
    s->painted += state->painted != NULL;
    assert_true(isfinite(state->loss) && state->loss > 0);
    if (!state->network)
        assert_true(state->loss <= s->last || s->told == 1);
    if (state->network && state->steps == 1)
        s->first_of_network = state->loss;
    s->last = state->loss;
    return s->answer_at && state->network == s->in_network && (int)state->steps == s->answer_at
               ? s->answer
               : STZ_FIT_GO_ON;
}

static session *session_open(int threads)
{
    session *s = calloc(1, sizeof *s);
    stylize_error err;
    s->pool = stz_pool_create(1u << 28);
    const stz_engine_config config = {.device = "cpu", .threads = threads, .pool = s->pool};
    if (engine->open(&s->engine, &config, &err) || engine->load(s->engine, loss, &s->net, &err))
        fail_msg("%s", err.message);
    s->team = stz_team_create(threads, &s->scratch, threads - 1);
    s->exec.team = s->team;
    float *art = picture_random(ART, ART, 3);
    for (int i = 0; i < ART * ART; i++) /* in few colours, so that there is something to learn */
        for (int c = 0; c < 3; c++)
            s->art[3 * i + c] = (uint8_t)((c == 0) * 120 + (art[3 * i] > .5f) * 100);
    free(art);
    const int n = brush->code_length;
    for (int k = 0; k < 2; k++) {
        s->starts[k] = calloc((size_t)n, sizeof(float));
        for (int i = 0; i < n / 2; i++)
            s->starts[k][i] = k ? 1 : 40; /* the first is far from anything */
    }
    s->fit = (stz_style_fit){
        .art = {s->art, ART * 3, ART, ART, STZ_U8},
        .side = SIDE,
        .practice = practice,
        .pictures = PICTURES,
        .starts = (const float *const *)s->starts,
        .start_count = 2,
        .code_steps = 8,
        .progress = progress,
        .user = s,
        .memory = UINT64_C(1) << 30,
        .code = calloc((size_t)n, sizeof(float)),
        .network_code = calloc((size_t)n, sizeof(float)),
    };
    return s;
}

static stylize_status fit(session *s, stylize_error *err)
{
    return engine->fit(s->engine, s->net, brush, &s->fit, &s->exec, err);
}

static void session_close(session *s)
{
    stz_buf_unref(s->fit.file);
    free(s->fit.code);
    free(s->fit.network_code);
    free(s->starts[0]);
    free(s->starts[1]);
    engine->unload(s->engine, s->net);
    engine->close(s->engine);
    stz_team_destroy(s->team);
    stz_scratch_free(&s->scratch);
    stz_pool_end(s->pool);
    free(s);
}

/* ------------------------------------------------------------------ tests */

/* Numbers of threads; the network learns with the first two. That the bytes are the same is what a release shows; what
 * a sanitizer looks for is there without the third, and one thread has no races. */
#if defined __SANITIZE_THREAD__
static const int teams[] = {2, 16};
#define TEAMS_OF_NETWORK 1
#elif defined __SANITIZE_ADDRESS__
static const int teams[] = {1, 2};
#define TEAMS_OF_NETWORK 2
#else
static const int teams[] = {1, 2, 16};
#define TEAMS_OF_NETWORK 2
#endif

static void the_code_learns(void **state)
{
    float *first = NULL;
    const int n = brush->code_length;
    for (size_t k = 0; k < STZ_LEN(teams); k++) {
        session *s = session_open(teams[k]);
        stylize_error err;
        if (fit(s, &err))
            fail_msg("%s", err.message);
        assert_int_equal(s->fit.code_made, 8);
        assert_int_equal(s->told, 8);
        assert_int_equal(s->painted, 8);
        assert_int_equal(s->practised, PICTURES);
        assert_true(s->fit.code_loss < 0.8 * s->fit.first_loss);
        assert_true(s->fit.code_loss == s->last);
        assert_null(s->fit.file);
        if (first)
            assert_memory_equal(first, s->fit.code, (size_t)n * sizeof *first);
        else
            memcpy(first = malloc((size_t)n * sizeof *first), s->fit.code, (size_t)n * sizeof *first);
        session_close(s);
    }
    free(first);
}

/* What the trained network is, once it is read from its file: the numbers that its graph points to. */
static uint64_t check_file(const session *s)
{
    stz_safetensors *file, *base;
    stylize_error err;
    stz_graph g = {0}, b = {0};
    uint64_t differ = 0, sum = 0;
    if (stz_safetensors_parse(s->fit.file->data, s->fit.file_size, &file, &err) ||
        stz_safetensors_open(STYLIZE_SOURCE_DIR "/models/brush/brush.safetensors", &base, &err) ||
        stz_graph_read(file, "graph", &g, &err) || stz_graph_read(base, "graph", &b, &err))
        fail_msg("%s", err.message);
    assert_int_equal(g.count, b.count);
    for (int i = 0; i < g.count; i++)
        for (int k = 0; g.ops[i].kind == STZ_OP_CONV && k < g.ops[i].in * g.ops[i].out * 9; k++) {
            const float moved = fabsf(g.ops[i].weight[k] - b.ops[i].weight[k]);
            uint32_t bits;
            assert_true(moved < 0.02f);
            differ += moved > 0;
            memcpy(&bits, &g.ops[i].weight[k], sizeof bits);
            sum = sum * 31 + bits;
        }
    assert_true(differ > 100000);
    stz_graph_free(&g);
    stz_graph_free(&b);
    stz_safetensors_close(file);
    stz_safetensors_close(base);
    return sum;
}

static void a_network_learns(void **state)
{
    uint64_t first = 0;
    for (int k = 0; k < TEAMS_OF_NETWORK; k++) {
        session *s = session_open(teams[k]);
        stylize_error err;
        s->fit.code_steps = 2;
        s->fit.network_steps = 16;
        s->same = true; /* so that its losses can be compared */
        if (fit(s, &err))
            fail_msg("%s", err.message);
        assert_int_equal(s->fit.code_made, 2);
        assert_int_equal(s->fit.network_made, 16);
        assert_int_equal(s->practised, PICTURES + 16);
        assert_true(s->fit.network_loss == s->last && s->last < s->first_of_network);
        assert_memory_not_equal(s->fit.code, s->fit.network_code, sizeof(float) * (size_t)brush->code_length);
        const uint64_t sum = check_file(s);
        assert_true(k == 0 || sum == first);
        first = sum;
        session_close(s);
    }
}

static void it_ends_when_told(void **state)
{
    static const struct {
        bool network;
        int at;
        stz_fit_answer answer;
    } cases[] = {{false, 1, STZ_FIT_KEEP},
                 {false, 3, STZ_FIT_CANCEL},
                 {true, 1, STZ_FIT_KEEP},
                 {true, 2, STZ_FIT_CANCEL}};
    for (size_t i = 0; i < STZ_LEN(cases); i++) {
        session *s = session_open(2);
        stylize_error err = {0};
        s->fit.code_steps = 4;
        s->fit.network_steps = 4;
        s->in_network = cases[i].network;
        s->answer_at = cases[i].at;
        s->answer = cases[i].answer;
        const bool kept = cases[i].answer == STZ_FIT_KEEP;
        assert_int_equal(fit(s, &err), kept ? STYLIZE_OK : STYLIZE_ERR_CANCELLED);
        assert_int_equal(s->fit.network_made, cases[i].network ? cases[i].at : 0);
        assert_true((s->fit.file != NULL) == (cases[i].network && kept));
        assert_int_equal(s->told, cases[i].at + 4 * cases[i].network);
        session_close(s);
    }
}

static void it_ends_before_its_first_step(void **state)
{
    enum { TIMES = PICTURES + 2 }; /* each picture is read, and each start tried */
    for (int at = 1; at <= TIMES; at++) {
        session *s = session_open(1);
        stylize_error err = {0};
        s->answer_in = at;
        s->answer = STZ_FIT_CANCEL;
        assert_int_equal(fit(s, &err), STYLIZE_ERR_CANCELLED);
        assert_int_equal(s->prepared, at);
        assert_int_equal(s->told, 0);
        session_close(s);
    }
    session *s = session_open(1);
    stylize_error err;
    s->answer_in = 1;
    s->answer = STZ_FIT_KEEP; /* there is nothing to keep before a step is made */
    s->fit.network_steps = 4;
    assert_int_equal(fit(s, &err), STYLIZE_OK);
    assert_int_equal(s->prepared, TIMES);
    assert_int_equal(s->fit.code_made, 1);
    assert_int_equal(s->fit.network_made, 0);
    session_close(s);
}

static void a_cancelled_run_ends(void **state)
{
    session *s = session_open(1);
    stylize_error err = {0};
    const atomic_int cancel = 1;
    s->exec.cancel = &cancel;
    assert_int_equal(fit(s, &err), STYLIZE_ERR_CANCELLED);
    assert_int_equal(s->told, 0);
    session_close(s);
}

static void memory_decides_the_size(void **state)
{
    session *s = session_open(1);
    stylize_error err = {0};
    s->fit.code_steps = 1;
    s->fit.memory = 1u << 20;
    assert_int_equal(fit(s, &err), STYLIZE_ERR_LIMIT);
    assert_non_null(strstr(err.message, "memory budget"));
    s->fit.side = 4 * SIDE; /* too large for what is enough at SIDE */
    s->fit.memory = 64u << 20;
    assert_int_equal(fit(s, &err), STYLIZE_OK);
    session_close(s);
}

static void what_cannot_be_is_refused(void **state)
{
    session *s = session_open(1);
    stylize_error err = {0};
    s->fit.art.width = 40; /* no multiple of the loss network's */
    assert_int_equal(fit(s, &err), STYLIZE_ERR_INVALID);
    s->fit.art.width = ART;
    s->fit.start_count = 0;
    assert_int_equal(fit(s, &err), STYLIZE_ERR_INVALID);
    s->fit.start_count = 2;
    assert_int_equal(engine->fit(s->engine, s->net, loss, &s->fit, &s->exec, &err), STYLIZE_ERR_UNSUPPORTED);
    void *net;
    assert_int_equal(engine->load(s->engine, brush, &net, &err), STYLIZE_OK);
    assert_int_equal(engine->fit(s->engine, net, brush, &s->fit, &s->exec, &err), STYLIZE_ERR_UNSUPPORTED);
    engine->unload(s->engine, net);
    session_close(s);
}

static void the_grid_loss_has_its_gradient(void **state)
{
    static const int sides[][2] = {{128, 128}, {130, 70}, {24, 40}, {3, 9}};
    stz_scratch scratch = {0};
    stz_team *team = stz_team_create(1, &scratch, 0);
    for (size_t k = 0; k < STZ_LEN(sides); k++) {
        const int w = sides[k][0], h = sides[k][1], count = w * h * 3;
        float *x = picture_random(w, h, 5), *g = calloc((size_t)count, sizeof *g),
              *none = calloc((size_t)count, sizeof *g);
        double records[128];
        for (int i = 0; i < count; i += 12) /* some of the pattern */
            x[i] += 0.1f;
        const double at = stz_grid_loss(x, w, h, 1500, g, records, team);
        assert_true(w < 4 ? at == 0 : at > 0);
        for (int i = 7; i < count; i += count / 9 + 1) {
            const float was = x[i];
            x[i] = was + 0.25f;
            const double up = stz_grid_loss(x, w, h, 1500, none, records, team);
            x[i] = was - 0.25f;
            const double down = stz_grid_loss(x, w, h, 1500, none, records, team);
            x[i] = was;
            /* the loss is a square, so differences are exact but for rounding */
            assert_true(fabs((up - down) / 0.5 - (double)g[i]) <=
                        1e-5 * (fabs((double)g[i]) + at / count + 1e-9));
        }
        free(x);
        free(g);
        free(none);
    }
    stz_team_destroy(team);
    stz_scratch_free(&scratch);
}

static void the_steady_loss_is_of_what_two_windows_show(void **state)
{
    static const stz_place places[][2] = {
        {{0, 0}, {8, 3}}, {{5, 1}, {2, 8}}, {{4, 4}, {4, 4}}, {{8, 0}, {0, 8}}};
    enum { WHOLE = 40, WINDOW = 32 };
    stz_scratch scratch = {0};
    stz_team *team = stz_team_create(1, &scratch, 0);
    float *picture = picture_random(WHOLE, WHOLE, 8);
    static float a[WINDOW * WINDOW * 3], b[WINDOW * WINDOW * 3], g[WINDOW * WINDOW * 3];
    double records[WINDOW];
    for (size_t k = 0; k < STZ_LEN(places); k++) {
        const stz_place at_a = places[k][0], at_b = places[k][1];
        stz_window(picture, WHOLE, at_a, WINDOW, a);
        stz_window(picture, WHOLE, at_b, WINDOW, b);
        memset(g, 0, sizeof g);
        assert_true(stz_steady_loss(a, at_a, b, at_b, WINDOW, 500, g, records, team) == 0);
        for (size_t i = 0; i < STZ_LEN(g); i++)
            assert_true(g[i] == 0);
        /* The last pixel of each is looked at where the other shows it, and not where it does not. */
        const int last = (WINDOW * WINDOW - 1) * 3;
        const bool shared = at_a.x <= at_b.x && at_a.y <= at_b.y;
        a[last] += 0.5f;
        const double at = stz_steady_loss(a, at_a, b, at_b, WINDOW, 500, g, records, team);
        const int count = 3 * (WINDOW - abs(at_a.x - at_b.x)) * (WINDOW - abs(at_a.y - at_b.y));
        assert_true(shared ? fabs(at * count / 125 - 1) < 1e-4 : at == 0);
        assert_true(shared ? fabs((double)g[last] * count / 500 - 1) < 1e-4 : g[last] == 0);
    }
    free(picture);
    stz_team_destroy(team);
    stz_scratch_free(&scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_steady_loss_is_of_what_two_windows_show),
        cmocka_unit_test(the_grid_loss_has_its_gradient),
        cmocka_unit_test(the_code_learns),
        cmocka_unit_test(a_network_learns),
        not_for_threads(it_ends_when_told),
        cmocka_unit_test(it_ends_before_its_first_step),
        cmocka_unit_test(a_cancelled_run_ends),
        not_for_threads(memory_decides_the_size),
        cmocka_unit_test(what_cannot_be_is_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
