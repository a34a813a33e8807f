#include "engine/native/steady_loss.h"

#include <stdlib.h>
#include <string.h>

#include "base/common.h"

typedef struct job {
    const float *a, *b; /* the first sample that both show */
    float *gradient;
    ptrdiff_t row;
    int samples;   /* of a row that both show */
    double weight; /* of one sample */
    double *records;
} job;

void stz_window(const float *picture, int whole, stz_place at, int side, float *out)
{
    for (int y = 0; y < side; y++)
        memcpy(out + (ptrdiff_t)y * side * 3, picture + ((ptrdiff_t)(at.y + y) * whole + at.x) * 3,
               (size_t)side * 3 * sizeof *out);
}

static void row(void *arg, int item, void *scratch)
{
    const job *j = arg;
    const float *a = j->a + item * j->row, *b = j->b + item * j->row;
    float *gradient = j->gradient + item * j->row;
    double sum = 0;
    for (int i = 0; i < j->samples; i++) {
        const double d = (double)a[i] - (double)b[i];
        sum += d * d;
        gradient[i] += (float)(2 * j->weight * d);
    }
    j->records[item] = sum * j->weight;
}

/* Of the first pixel that both show, in a. */
static ptrdiff_t first(stz_place at, stz_place other, int side)
{
    return ((ptrdiff_t)stz_max(other.y - at.y, 0) * side + stz_max(other.x - at.x, 0)) * 3;
}

double stz_steady_loss(const float *a, stz_place at_a, const float *b, stz_place at_b, int side,
                       double weight, float *gradient, double *records, stz_team *team)
{
    const int across = side - abs(at_a.x - at_b.x), down = side - abs(at_a.y - at_b.y);
    if (across < 1 || down < 1)
        return 0;
    const ptrdiff_t from = first(at_a, at_b, side);
    job j = {.a = a + from,
             .b = b + first(at_b, at_a, side),
             .gradient = gradient + from,
             .row = (ptrdiff_t)side * 3,
             .samples = 3 * across,
             .weight = weight / (3. * across * down),
             .records = records};
    stz_team_run(team, row, &j, down);
    double loss = 0;
    for (int i = 0; i < down; i++)
        loss += records[i];
    return loss;
}
