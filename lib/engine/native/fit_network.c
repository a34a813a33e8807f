/* All weights of a generator, trained on for one style. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "engine/native/fit.h"
#include "engine/native/own_weights.h"

#define BATCH       2    /* windows of one picture, whose paintings must agree */
#define MOVE        8    /* pixels between them each way, at most */
#define RATE        8e-4 /* of the weights, falling to nothing along half a cosine */
#define CODE_FACTOR 3.0  /* the code's rate, a multiple of that */
#define FIRST       0.9  /* decays of Adam */
#define SECOND      0.99
#define WARM_UP     20 /* steps in which the rate rises */
#define SHOW_EVERY  20
#define LATE        0.99 /* of the mean of late losses */
#define WINDOW      200  /* steps in which the loss must fall by more than FLAT of it */
#define FLAT        2e-3
#define LAST_STEPS  400 /* once it does not, the rate falls to nothing within so many */

/* Numbers that Adam moves. */
typedef struct moving {
    size_t count, length;                      /* length: in whole chunks */
    float *x, *gradient, *mean, *square, *one; /* one: the gradient of one picture */
} moving;
#define MOVING_VECTORS 5

typedef struct training {
    stz_fitting *f;
    moving weights, code;
    float *whole, *before; /* the picture to practise on, larger by MOVE; a painting of its first window */
    double first_power, second_power, late, then;
    uint32_t step, picture;
    double flat; /* how much was done when the loss stopped falling; below 0: it falls */
    uint32_t flat_step;
    stz_own_weights own;
} training;

/* ------------------------------------------------------------------ the file */

/* The file that the network came from, with other numbers in the same places. */
static stylize_status make_file(training *t)
{
    stz_fitting *f = t->f;
    stz_graph *g = &f->generator->graph;
    size_t size;
    const uint8_t *from = stz_safetensors_bytes(f->net->file, &size);
    stz_buf *copy = stz_pool_get(f->pool, STZ_MEM_ENCODED, size);
    if (!copy)
        return stz_nomem(f->err, size);
    memcpy(copy->data, from, size);
    stz_weight_run runs[2];
    for (int i = 0; i < g->count; i++)
        for (int k = 0, count = stz_weight_runs(g, i, runs); k < count; k++)
            memcpy(copy->data + ((const uint8_t *)(const void *)t->own.read_from[2 * i + k] - from),
                   *runs[k].slot, runs[k].count * sizeof(float));
    f->fit->file = copy;
    f->fit->file_size = size;
    return STYLIZE_OK;
}

/* ------------------------------------------------------------------ steps */

static void adam(training *t, moving *m, double rate)
{
    stz_adam a = {m->gradient,
                  m->x,
                  m->mean,
                  m->square,
                  (float)(rate / (1 - t->first_power)),
                  (float)FIRST,
                  (float)SECOND,
                  (float)(1 / sqrt(1 - t->second_power))};
    stz_team_run(t->f->exec->team, t->f->generator->kernels->adam, &a, (int)(m->length / STZ_CHUNK));
}

static void add(moving *m)
{
    for (size_t i = 0; i < m->count; i++)
        m->gradient[i] += m->one[i] / BATCH;
}

static stz_place draw_place(uint64_t *random)
{
    const uint32_t x = stz_random_below(random, MOVE + 1);
    return (stz_place){(int)x, (int)stz_random_below(random, MOVE + 1)};
}

/* One picture of a step, which makes its share of the gradients. */
static stylize_status evaluate(training *t, const float *picture, double *loss)
{
    stz_fitting *f = t->f;
    union {
        const float *read;
        void *data;
    } in = {picture};
    const stz_view view = {in.data, f->side * 3 * (ptrdiff_t)sizeof(float), f->side, f->side, STZ_F32};
    double own;
    stylize_status status = stz_objective_read_content(&f->objective, &view, f->err);
    if (!status)
        status = stz_fit_evaluate(f, picture, t->code.x, t->code.one, t->weights.one, &own);
    if (status)
        return status;
    *loss += own / BATCH;
    add(&t->weights);
    add(&t->code);
    return STYLIZE_OK;
}

static stylize_status batch(training *t, double *loss)
{
    stz_fitting *f = t->f;
    float *picture = stz_fit_picture(f, f->fit->pictures);
    memset(t->weights.gradient, 0, t->weights.length * sizeof(float));
    memset(t->code.gradient, 0, t->code.length * sizeof(float));
    *loss = 0;
    const int whole = f->side + MOVE;
    uint64_t random = t->step;
    stylize_status status = f->fit->practice(f->fit->user, t->picture++, whole, t->whole, f->err);
    for (int i = 0; i < BATCH && !status; i++) {
        f->place = draw_place(&random);
        stz_window(t->whole, whole, f->place, f->side, picture);
        status = evaluate(t, picture, loss);
        memcpy(t->before, f->painted, f->samples * sizeof(float));
        f->before = t->before;
        f->before_place = f->place;
    }
    f->before = NULL;
    return status;
}

/* 0 to 1: by the steps, the clock, or what is left once the loss is flat. The last part must not be left out: much is won
 * only as the rate falls. */
static double done(const training *t)
{
    const stz_style_fit *fit = t->f->fit;
    const double clock = fmin(fit->share ? fit->share(fit->user) : 0, 1);
    const double usual = fmax((double)t->step / fit->network_steps, clock);
    if (t->flat < 0)
        return usual;
    return fmin(1, fmax(usual, t->flat + (1 - t->flat) * (t->step - t->flat_step) / LAST_STEPS));
}

static stylize_status step(training *t)
{
    stz_fitting *f = t->f;
    double loss;
    stylize_status status = batch(t, &loss);
    if (status)
        return status;
    const double rate = RATE * 0.5 * (1 + cos(acos(-1.0) * done(t))) * fmin(1, (t->step + 1.0) / WARM_UP);
    t->first_power *= FIRST;
    t->second_power *= SECOND;
    adam(t, &t->weights, rate);
    adam(t, &t->code, rate * CODE_FACTOR);
    t->step++;
    t->late = t->step == 1 ? loss : LATE * t->late + (1 - LATE) * loss;
    return stz_part_renew(f->generator, f->kept.run.plan, f->err);
}

/* Whether all is done that is worth it: the loss was flat, and what could be won by smaller steps is won. */
static bool settled(training *t)
{
    if (t->flat >= 0)
        return t->step - t->flat_step >= LAST_STEPS;
    if (t->step % WINDOW)
        return false;
    if (t->step > WINDOW && t->then - t->late < FLAT * t->then) {
        t->flat = done(t);
        t->flat_step = t->step;
    }
    t->then = t->late;
    return false;
}

static stylize_status train(training *t)
{
    stz_fitting *f = t->f;
    stz_style_fit *fit = f->fit;
    for (bool on = true; on && t->step < fit->network_steps && !fit->network_settled;) {
        f->status = step(t);
        if (f->status)
            return f->status;
        const bool show = t->step % SHOW_EVERY == 1;
        if (show && (f->status = stz_fit_paint(f, stz_fit_picture(f, 0), t->code.x)))
            return f->status;
        fit->network_made = t->step;
        fit->network_loss = t->late;
        const stz_fit_state state = {true, t->step, t->late, show ? f->painted : NULL, f->side};
        on = stz_fit_tell(f, &state);
        fit->network_settled = settled(t);
    }
    return f->status;
}

/* ------------------------------------------------------------------ memory */

static float *place(moving *m, float *at)
{
    m->x = at;
    m->gradient = m->x + m->length;
    m->mean = m->gradient + m->length;
    m->square = m->mean + m->length;
    m->one = m->square + m->length;
    return m->one + m->length;
}

static moving moving_of(size_t count)
{
    return (moving){.count = count, .length = (count + STZ_CHUNK - 1) / STZ_CHUNK * STZ_CHUNK};
}

stylize_status stz_fit_network(stz_fitting *f)
{
    stz_graph *g = &f->generator->graph;
    training t = {
        .f = f, .first_power = 1, .second_power = 1, .flat = -1, .picture = (uint32_t)f->fit->pictures};
    t.weights = moving_of(stz_back_weight_count(g));
    t.code = moving_of((size_t)g->code_length);
    const size_t side = (size_t)(f->side + MOVE),
                 moving = MOVING_VECTORS * (t.weights.length + t.code.length);
    const size_t whole = moving_of(3 * side * side).length; /* in chunks: what lies behind it is aligned */
    const size_t floats = moving + whole + f->samples,
                 bytes = floats * sizeof(float) + 2 * (size_t)g->count * sizeof *t.own.read_from;
    stz_buf *memory = stz_pool_get(f->pool, STZ_MEM_ARENA, bytes);
    if (!memory)
        return stz_nomem(f->err, bytes);
    memset(memory->data, 0, bytes);
    t.own.graph = g;
    t.whole = place(&t.code, place(&t.weights, (float *)(void *)memory->data));
    t.before = t.whole + whole;
    t.own.read_from = (const float **)(void *)(t.before + f->samples);
    t.own.x = t.weights.x;
    memcpy(t.code.x, f->fit->code, t.code.count * sizeof(float));
    f->status = stz_own_weights_begin(&t.own, f->err);
    if (!f->status) {
        f->status = train(&t);
        if (!f->status)
            f->status = make_file(&t);
        if (!f->status)
            memcpy(f->fit->network_code, t.code.x, t.code.count * sizeof(float));
        stz_own_weights_end(&t.own);
    }
    stz_buf_unref(memory);
    return f->status;
}
