#include "engine/native/steady_loss.h"

#include <stdlib.h>

#include "base/common.h"

#define MARGIN 12 /* pixels beside what came in that it may have changed visibly */

typedef struct job {
    const float *x, *before;
    float *gradient;
    int side, left, top, across; /* the part that is compared */
    stz_move by;
    double weight; /* of one sample */
    double *records;
} job;

static int mirrored(int at, int side)
{
    at = at < 0 ? -at : at;
    return at < side ? at : 2 * (side - 1) - at;
}

void stz_move_picture(const float *from, int side, stz_move by, float *to)
{
    for (int y = 0; y < side; y++) {
        const float *row = from + (ptrdiff_t)mirrored(y - by.down, side) * side * 3;
        for (int x = 0; x < side; x++)
            for (int c = 0; c < 3; c++)
                *to++ = row[3 * mirrored(x - by.right, side) + c];
    }
}

static void row(void *arg, int item, void *scratch)
{
    const job *j = arg;
    const ptrdiff_t at = ((ptrdiff_t)(j->top + item) * j->side + j->left) * 3;
    const float *x = j->x + at,
                *before = j->before + at - (j->by.down * (ptrdiff_t)j->side + j->by.right) * 3;
    float *gradient = j->gradient + at;
    double sum = 0;
    for (int i = 0; i < 3 * j->across; i++) {
        const double d = (double)x[i] - (double)before[i];
        sum += d * d;
        gradient[i] += (float)(2 * j->weight * d);
    }
    j->records[item] = sum * j->weight;
}

double stz_steady_loss(const float *x, const float *before, int side, stz_move by, double weight,
                       float *gradient, double *records, stz_team *team)
{
    const int wide = abs(by.right) + MARGIN, high = abs(by.down) + MARGIN;
    const int across = side - 2 * wide, down = side - 2 * high;
    if (across < 1 || down < 1)
        return 0;
    job j = {x, before, gradient, side, wide, high, across, by, weight / (3. * across * down), records};
    stz_team_run(team, row, &j, down);
    double loss = 0;
    for (int i = 0; i < down; i++)
        loss += records[i];
    return loss;
}
