#include "engine/native/plain_loss.h"

#define OUTSIDE 10.0 /* what is darker than black or brighter than white */

typedef struct job {
    const float *x;
    float *gradient;
    ptrdiff_t row; /* floats */
    int height;
    float down, across, outside; /* factors of each term's derivatives */
    double *records;
} job;

static float sign(float v) { return (float)((v > 0) - (v < 0)); }

static float outside(float v) { return v < 0 ? v : v > 1 ? v - 1 : 0; }

/* One row: its own gradient, and the differences to the next row and the next pixels for the loss. */
static void plain_row(void *arg, int y, void *scratch)
{
    const job *j = arg;
    const float *x = j->x + y * j->row, *above = y ? x - j->row : x,
                *below = y + 1 < j->height ? x + j->row : x;
    float *g = j->gradient + y * j->row;
    double loss = 0;
    for (ptrdiff_t first = 0; first < j->row; first += 96) { /* short sums are exact enough in fp32 */
        const ptrdiff_t last = first + 96 < j->row ? first + 96 : j->row;
        float down = 0, square = 0;
        for (ptrdiff_t i = first; i < last; i++) {
            const float d = below[i] - x[i], o = outside(x[i]);
            g[i] += j->down * (sign(x[i] - above[i]) - sign(d)) + 2 * j->outside * o;
            down += d < 0 ? -d : d;
            square += o * o;
        }
        loss += (double)(j->down * down) + (double)(j->outside * square);
    }
    for (ptrdiff_t first = 0; first < j->row - 3; first += 96) {
        const ptrdiff_t last = first + 96 < j->row - 3 ? first + 96 : j->row - 3;
        float across = 0;
        for (ptrdiff_t i = first; i < last; i++) {
            const float d = x[i + 3] - x[i];
            across += d < 0 ? -d : d;
        }
        for (ptrdiff_t i = first; i < last; i++)
            g[i] -= j->across * sign(x[i + 3] - x[i]);
        for (ptrdiff_t i = first; i < last; i++)
            g[i + 3] += j->across * sign(x[i + 3] - x[i]);
        loss += (double)(j->across * across);
    }
    j->records[y] = loss;
}

double stz_plain_loss(const float *x, int width, int height, double scale, double smoothness, float *gradient,
                      double *records, stz_team *team)
{
    const double all = 3. * width * height, down = 3. * width * (height - 1),
                 across = 3. * (width - 1) * height;
    job j = {.x = x,
             .gradient = gradient,
             .row = (ptrdiff_t)width * 3,
             .height = height,
             .down = (float)(scale * smoothness / down),
             .across = (float)(scale * smoothness / across),
             .outside = (float)(scale * OUTSIDE / all),
             .records = records};
    stz_team_run(team, plain_row, &j, height);
    double loss = 0;
    for (int y = 0; y < height; y++)
        loss += records[y];
    return loss;
}
