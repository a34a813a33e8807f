#include "engine/native/search.h"

#include <math.h>
#include <string.h>

#include "engine/native/wolfe.h"

/*
 * The directions of L-BFGS are sums of the kept steps, the kept changes of the gradient, and the gradient. So the
 * recursion runs on the factors of that sum, with all inner products known (Chen, Wang and Zhou 2014): a step reads
 * every kept vector twice instead of four times.
 */
#define KINDS (2 * STZ_HISTORY_MAX + 1)

typedef struct memory {
    const stz_search *s;
    int kept, next; /* pairs; the slot that is written next */
    float *step[STZ_HISTORY_MAX], *change[STZ_HISTORY_MAX];
    double product[KINDS][KINDS]; /* of steps, then changes by slot, then the gradient */
    double curvature;             /* of the newest pair: what the first guess is scaled by */
} memory;

static int slot(const memory *m, int age) { return (m->next - 1 - age + 2 * m->s->history) % m->s->history; }

/* All inner products of the newest pair (if `pair`) and of the gradient. */
static void update_products(memory *m, bool pair, const float *gradient)
{
    const int h = m->s->history, newest = slot(m, 0);
    const float *v[KINDS], *with[3] = {gradient, m->step[newest], m->change[newest]};
    int index[KINDS], count = 0;
    double out[3 * KINDS];
    for (int age = 0; age < m->kept; age++) {
        index[count] = slot(m, age);
        v[count++] = m->step[slot(m, age)];
        index[count] = h + slot(m, age);
        v[count++] = m->change[slot(m, age)];
    }
    index[count] = 2 * h;
    v[count++] = gradient;
    const int others = pair ? 3 : 1, rows[3] = {2 * h, newest, h + newest};
    stz_search_products(m->s, v, count, with, others, out);
    for (int o = 0; o < others; o++)
        for (int i = 0; i < count; i++)
            m->product[rows[o]][index[i]] = m->product[index[i]][rows[o]] = out[o * count + i];
}

static double along(const memory *m, const double *factors, int kind)
{
    double sum = 0;
    for (int i = 0; i <= 2 * m->s->history; i++)
        sum += factors[i] * m->product[i][kind];
    return sum;
}

/* The direction, down from the gradient. Returns its slope. */
static double direction(const memory *m, const float *gradient, float *out)
{
    const int h = m->s->history;
    double factors[KINDS] = {0}, alpha[STZ_HISTORY_MAX];
    const float *v[KINDS];
    double used[KINDS];
    int count = 0;
    factors[2 * h] = -1;
    for (int age = 0; age < m->kept; age++) {
        const int k = slot(m, age);
        alpha[age] = along(m, factors, k) / m->product[k][h + k];
        factors[h + k] -= alpha[age];
    }
    for (int i = 0; i <= 2 * h; i++)
        factors[i] *= m->curvature;
    for (int age = m->kept - 1; age >= 0; age--) {
        const int k = slot(m, age);
        factors[k] += alpha[age] - along(m, factors, h + k) / m->product[k][h + k];
    }
    for (int age = 0; age < m->kept; age++)
        for (int half = 0; half < 2; half++) {
            used[count] = factors[half * h + slot(m, age)];
            v[count++] = half ? m->change[slot(m, age)] : m->step[slot(m, age)];
        }
    used[count] = factors[2 * h];
    v[count++] = gradient;
    stz_search_sum(m->s, v, used, count, out);
    return along(m, factors, 2 * h);
}

static double absolute_sum(const stz_search *s, const float *v)
{
    double sum = 0;
    for (size_t i = 0; i < s->length; i++)
        sum += fabs((double)v[i]);
    return sum;
}

/* Keeps the step that was taken and what it changed, unless it says nothing of the curvature. */
static void remember(memory *m, const float *way, double t, const float *before, const float *after)
{
    const int h = m->s->history, k = m->next;
    stz_search_sum(m->s, &way, &t, 1, m->step[k]);
    stz_search_add(m->s, after, -1, before, m->change[k]);
    m->next = (k + 1) % h;
    m->kept = stz_min(m->kept + 1, h);
    update_products(m, true, after);
    if (m->product[k][h + k] > 1e-10) {
        m->curvature = m->product[k][h + k] / m->product[h + k][h + k];
        return;
    }
    m->next = k;
    m->kept--;
}

void stz_search_lbfgs(const stz_search *s)
{
    const size_t n = s->length;
    memory m = {.s = s, .curvature = 1};
    float *from = s->vectors, *way = from + n,
          *gradients[4] = {way + n, way + 2 * n, way + 3 * n, way + 4 * n};
    for (int i = 0; i < s->history; i++) {
        m.step[i] = s->vectors + (6 + 2 * (size_t)i) * n;
        m.change[i] = m.step[i] + n;
    }
    stz_line_point here = {.gradient = gradients[0]}, next;
    if (!s->ask(s->user, s->x, here.gradient, &here.value))
        return;
    update_products(&m, false, here.gradient);
    double t = fmin(1, 1 / absolute_sum(s, here.gradient));
    memcpy(from, s->x, n * sizeof *from);
    for (;; t = 1) {
        here.slope = direction(&m, here.gradient, way);
        here.t = 0;
        if (!(here.slope < 0))
            return;
        float *buffers[3];
        for (int i = 0, k = 0; i < 4; i++)
            if (gradients[i] != here.gradient)
                buffers[k++] = gradients[i];
        if (!stz_search_line(s, from, way, &here, t, buffers, &next) || next.t == 0)
            return;
        remember(&m, way, next.t, here.gradient, next.gradient);
        stz_search_add(s, from, next.t, way, from);
        here = next;
    }
}

void stz_search_adam(const stz_search *s, double (*share)(void *user))
{
    const double rate = 0.02, first = 0.9, second = 0.99;
    const size_t n = s->length;
    float *gradient = s->vectors, *mean = gradient + n, *square = mean + n;
    double value, first_power = 1, second_power = 1;
    memset(mean, 0, 2 * n * sizeof *mean);
    while (s->ask(s->user, s->x, gradient, &value)) {
        first_power *= first;
        second_power *= second;
        const double now = rate * (0.1 + 0.9 * share(s->user));
        stz_adam a = {gradient,
                      s->x,
                      mean,
                      square,
                      (float)(now / (1 - first_power)),
                      (float)first,
                      (float)second,
                      (float)(1 / sqrt(1 - second_power))};
        stz_team_run(s->team, s->kernels->adam, &a, stz_search_items(s));
    }
}
