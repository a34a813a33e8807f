/* The line search: a step that lessens the value enough and the slope by much. */
#include "engine/native/wolfe.h"

#include <math.h>

#define ENOUGH    1e-4 /* of the decrease that the slope promises */
#define FLAT      0.9  /* of the slope at the start */
#define TRIES_MAX 25
#define NARROW    1e-9 /* change of any number of the vector */

typedef struct line {
    const stz_search *s;
    const float *from, *direction;
    const stz_line_point *start;
    float *const *buffers;
    int tries;
} line;

/* A gradient that neither point has. */
static float *unused(const line *l, const stz_line_point *a, const stz_line_point *b)
{
    for (int i = 0; i < 2; i++)
        if (l->buffers[i] != a->gradient && l->buffers[i] != b->gradient)
            return l->buffers[i];
    return l->buffers[2];
}

static bool try(line *l, double t, float *gradient, stz_line_point *out)
{
    stz_search_add(l->s, l->from, t, l->direction, l->s->x);
    out->t = t;
    out->gradient = gradient;
    if (!l->s->ask(l->s->user, l->s->x, gradient, &out->value))
        return false;
    out->slope = stz_search_product(l->s, gradient, l->direction);
    return true;
}

static bool low_enough(const line *l, const stz_line_point *p)
{
    return p->value <= l->start->value + ENOUGH * p->t * l->start->slope;
}

static bool flat_enough(const line *l, const stz_line_point *p)
{
    return fabs(p->slope) <= -FLAT * l->start->slope;
}

/* Where the cubic through two points and their slopes is smallest, within bounds. */
static double cubic(const stz_line_point *a, const stz_line_point *b, double low, double high)
{
    const stz_line_point *first = a->t <= b->t ? a : b, *last = first == a ? b : a;
    const double d1 = first->slope + last->slope - 3 * (first->value - last->value) / (first->t - last->t);
    const double square = d1 * d1 - first->slope * last->slope;
    if (square < 0)
        return (low + high) / 2;
    const double d2 = sqrt(square);
    const double t =
        last->t - (last->t - first->t) * ((last->slope + d2 - d1) / (last->slope - first->slope + 2 * d2));
    return isnan(t) ? (low + high) / 2 : fmin(fmax(t, low), high);
}

/* Larger steps until a minimum lies between two points. *done: *b is good already. */
static bool bracket(line *l, double t, stz_line_point *a, stz_line_point *b, bool *done)
{
    *a = *l->start;
    if (!try(l, t, l->buffers[0], b))
        return false;
    for (l->tries = 0; l->tries < TRIES_MAX; l->tries++) {
        if (!low_enough(l, b) || (l->tries > 1 && b->value >= a->value))
            return true;
        *done = flat_enough(l, b);
        if (*done || b->slope >= 0)
            return true;
        const double next = cubic(a, b, b->t + 0.01 * (b->t - a->t), b->t * 10);
        stz_line_point c;
        if (!try(l, next, unused(l, a, b), &c))
            return false;
        *a = *b;
        *b = c;
    }
    *a = *l->start;
    return true;
}

/* Not too near to an end twice: then a tenth of the way from it. */
static double inside(double t, double low, double high, bool *slow)
{
    const double near = 0.1 * (high - low);
    if (fmin(high - t, t - low) >= near) {
        *slow = false;
        return t;
    }
    if (!*slow && t < high && t > low) {
        *slow = true;
        return t;
    }
    *slow = false;
    return fabs(t - high) < fabs(t - low) ? high - near : low + near;
}

/* The largest number of the direction, to know when steps change nothing any more. */
static double largest(const stz_search *s, const float *v)
{
    float most = 0;
    for (size_t i = 0; i < s->length; i++)
        most = fmaxf(most, fabsf(v[i]));
    return (double)most;
}

/* Halves the interval until a point in it is good. *low: the better end. */
static bool zoom(line *l, stz_line_point *low, stz_line_point *high)
{
    const double size = largest(l->s, l->direction);
    bool slow = false;
    for (; l->tries < TRIES_MAX; l->tries++) {
        const double first = fmin(low->t, high->t), last = fmax(low->t, high->t);
        if ((last - first) * size < NARROW)
            return true;
        stz_line_point c;
        const double t = inside(cubic(low, high, first, last), first, last, &slow);
        if (!try(l, t, unused(l, low, high), &c))
            return false;
        if (!low_enough(l, &c) || c.value >= low->value) {
            *high = c;
            if (high->value < low->value) { /* not below what was promised, but below the other end */
                const stz_line_point end = *low;
                *low = *high;
                *high = end;
            }
            continue;
        }
        const bool done = flat_enough(l, &c);
        if (!done && c.slope * (high->t - low->t) >= 0)
            *high = *low;
        *low = c;
        if (done)
            return true;
    }
    return true;
}

bool stz_search_line(const stz_search *s, const float *from, const float *direction,
                     const stz_line_point *start, double t, float *const buffers[3], stz_line_point *taken)
{
    line l = {s, from, direction, start, buffers, 0};
    stz_line_point a, b;
    bool done = false;
    if (!bracket(&l, t, &a, &b, &done))
        return false;
    if (!done) {
        const bool first = a.value <= b.value;
        stz_line_point low = first ? a : b, high = first ? b : a;
        if (!zoom(&l, &low, &high))
            return false;
        b = low;
    }
    *taken = b;
    return true;
}
