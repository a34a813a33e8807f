#include "engine/native/optimize.h"

#include <math.h>
#include <string.h>

#include "base/random.h"
#include "engine/native/search.h"

#define START_NOISE 0.02f /* of white; flat areas would have no gradient to begin with */
#define HISTORY_MIN 4
#define PAIRS_SHARE 0.5 /* of the memory, of what the search keeps; the network's run takes the rest */

typedef struct optimization {
    const stz_optimize *job;
    const stz_exec *exec;
    stz_objective objective;
    stz_buf *memory;
    size_t count; /* numbers of the picture */
    float *best;
    double best_loss;
    uint32_t done;
    stylize_status status;
    stylize_error *err;
} optimization;

/* ------------------------------------------------------------------ pictures */

static void read_picture(const stz_view *v, float *out)
{
    for (int y = 0; y < v->height; y++) {
        const uint8_t *row = (const uint8_t *)v->data + y * v->stride;
        const int samples = 3 * v->width;
        if (v->elem == STZ_F32)
            memcpy(out, row, sizeof *out * (size_t)samples);
        else
            for (int i = 0; i < samples; i++)
                out[i] = (float)row[i] / 255.f;
        out += samples;
    }
}

static void show(const optimization *o)
{
    const stz_view *v = &o->job->out;
    const float *from = o->best;
    for (int y = 0; y < v->height; y++) {
        uint8_t *row = (uint8_t *)v->data + y * v->stride;
        for (int i = 0; i < 3 * v->width; i++)
            row[i] = (uint8_t)(fminf(fmaxf(*from++, 0), 1) * 255.f + .5f);
    }
}

/* Normally distributed numbers of deviation START_NOISE: Marsaglia's polar method. */
static double uniform(uint64_t *state) { return 2 * stz_random_share(state) - 1; }

static void add_noise(uint64_t seed, float *x, size_t count)
{
    for (size_t i = 0; i < count;) {
        const double a = uniform(&seed), b = uniform(&seed), r = a * a + b * b;
        if (r >= 1 || r == 0)
            continue;
        const double f = sqrt(-2 * log(r) / r);
        x[i++] += START_NOISE * (float)(a * f);
        if (i < count)
            x[i++] += START_NOISE * (float)(b * f);
    }
}

/* ------------------------------------------------------------------ the search */

/* The loss of x; remembers the best picture and tells the caller. */
static bool ask(void *user, const float *x, float *gradient, double *loss)
{
    optimization *o = user;
    if (stz_cancelled(o->exec))
        o->status = stz_fail(o->err, STYLIZE_ERR_CANCELLED, "cancelled");
    else
        o->status = stz_objective_evaluate(&o->objective, x, gradient, loss, o->err);
    if (!o->status && !isfinite(*loss))
        o->status = stz_fail(o->err, STYLIZE_ERR_ENGINE, "the loss is not finite");
    if (o->status)
        return false;
    o->done++;
    if (o->done == 1 || *loss < o->best_loss) {
        o->best_loss = *loss;
        memcpy(o->best, x, sizeof *x * o->count);
    }
    const bool shown = o->job->show_every && o->done % o->job->show_every == 0;
    if (shown)
        show(o);
    if (o->job->progress && !o->job->progress(o->job->user, o->done, shown))
        return false;
    return o->done < o->job->iterations;
}

static double share_left(void *user)
{
    const optimization *o = user;
    return 1 - (double)o->done / o->job->iterations;
}

/* Of a vector as long as the picture. */
static size_t vector_length(int width, int height)
{
    const size_t count = 3 * (size_t)width * (size_t)height;
    return (count + STZ_CHUNK - 1) / STZ_CHUNK * STZ_CHUNK;
}

static double search_bytes(size_t length, bool adam, int pairs)
{
    return (double)(stz_search_vectors(adam, pairs) * length * sizeof(float));
}

double stz_optimize_least(const stz_loss_spec *spec, int width, int height, bool adam)
{
    return search_bytes(vector_length(width, height), adam, HISTORY_MIN) +
           stz_objective_least(spec, width, height);
}

/* The pairs that L-BFGS keeps are each as large as two pictures. In `left` what remains for the network. */
static int share_memory(const stz_optimize *job, size_t length, uint64_t *left)
{
    const double all = (double)job->memory, pair = 2.0 * (double)length * sizeof(float);
    const double fit = floor((PAIRS_SHARE * all - search_bytes(length, job->adam, 0)) / pair);
    const int pairs = (int)fmin(fmax(fit, HISTORY_MIN), STZ_HISTORY_MAX);
    *left = (uint64_t)fmax(all - search_bytes(length, job->adam, pairs), 0);
    return pairs;
}

static void search(optimization *o, const stz_search *s)
{
    if (o->job->adam)
        stz_search_adam(s, share_left);
    else
        stz_search_lbfgs(s);
}

stylize_status stz_optimize_run(stz_part *part, const stz_loss_spec *spec, const stz_optimize *job,
                                stz_pool *pool, const stz_exec *exec, stylize_error *err)
{
    optimization o = {.job = job, .exec = exec, .err = err};
    o.count = 3 * (size_t)job->content.width * (size_t)job->content.height;
    const size_t length = vector_length(job->content.width, job->content.height);
    stz_optimize task = *job;
    const int pairs = share_memory(job, length, &task.memory);
    const size_t vectors = stz_search_vectors(job->adam, pairs) + 2,
                 records = stz_search_records(length, pairs);
    const size_t bytes = vectors * length * sizeof(float) + records * sizeof(double);
    o.memory = stz_pool_get(pool, STZ_MEM_ARENA, bytes);
    if (!o.memory)
        return stz_nomem(err, bytes);
    float *x = (float *)(void *)o.memory->data;
    memset(x, 0,
           (vectors < 8 ? vectors : 8) * length *
               sizeof *x); /* vectors end with zeros; pairs are sums of others */
    o.best = x + length;
    if (job->start && job->fine)
        memcpy(x, job->fine, o.count * sizeof *x);
    else
        read_picture(job->start ? &job->out : &job->content, x);
    if (!job->start)
        add_noise(job->seed, x, o.count);
    o.status = stz_objective_open(&o.objective, part, spec, &task, x, pool, exec, err);
    if (o.status)
        goto done;
    search(&o, &(stz_search){.kernels = part->kernels,
                             .team = exec->team,
                             .length = length,
                             .ask = ask,
                             .user = &o,
                             .x = x,
                             .history = pairs,
                             .vectors = x + 2 * length,
                             .records = (double *)(void *)(x + vectors * length)});
    stz_objective_close(&o.objective);
    if (o.done)
        show(&o);
    if (o.done && job->fine)
        memcpy(job->fine, o.best, o.count * sizeof *x);
done:
    stz_buf_unref(o.memory);
    return o.status;
}
