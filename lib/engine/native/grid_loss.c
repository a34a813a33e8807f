#include "engine/native/grid_loss.h"

#include "base/common.h"

#define PERIOD 4
#define WINDOW 64
#define PHASES (PERIOD * PERIOD)

typedef struct job {
    const float *x;
    float *gradient;
    ptrdiff_t row; /* floats */
    int window, across;
    double weight; /* of one window's variance of one colour */
    double *records;
} job;

/* Adds up the samples of one window, or adds to their gradients, by phase and colour. */
static void sum_phases(const job *j, ptrdiff_t at, double sums[PHASES][3])
{
    for (int y = 0; y < j->window; y++) {
        const float *row = j->x + at + y * j->row;
        double(*of)[3] = sums + y % PERIOD * PERIOD;
        for (int x = 0; x < j->window; x++)
            for (int c = 0; c < 3; c++)
                of[x % PERIOD][c] += (double)row[3 * x + c];
    }
}

static void add_phases(const job *j, ptrdiff_t at, double factors[PHASES][3])
{
    for (int y = 0; y < j->window; y++) {
        float *row = j->gradient + at + y * j->row;
        double(*of)[3] = factors + y % PERIOD * PERIOD;
        for (int x = 0; x < j->window; x++)
            for (int c = 0; c < 3; c++)
                row[3 * x + c] += (float)of[x % PERIOD][c];
    }
}

/* A row of windows. */
static void windows(void *arg, int item, void *scratch)
{
    const job *j = arg;
    const double pixels = (double)j->window * j->window / PHASES;
    double loss = 0;
    for (int k = 0; k < j->across; k++) {
        const ptrdiff_t at = item * j->window * j->row + (ptrdiff_t)k * j->window * 3;
        double sums[PHASES][3] = {{0}}, all[3] = {0};
        sum_phases(j, at, sums);
        for (int p = 0; p < PHASES; p++)
            for (int c = 0; c < 3; c++)
                all[c] += sums[p][c] / PHASES;
        for (int p = 0; p < PHASES; p++)
            for (int c = 0; c < 3; c++) {
                const double d = (sums[p][c] - all[c]) / pixels;
                loss += j->weight * d * d / PHASES;
                sums[p][c] = 2 * j->weight * d / PHASES / pixels;
            }
        add_phases(j, at, sums);
    }
    j->records[item] = loss;
}

double stz_grid_loss(const float *x, int width, int height, double weight, float *gradient, double *records,
                     stz_team *team)
{
    const int window = stz_min(WINDOW, stz_min(width, height) / PERIOD * PERIOD);
    if (!window)
        return 0;
    job j = {.x = x,
             .gradient = gradient,
             .row = (ptrdiff_t)width * 3,
             .window = window,
             .across = width / window,
             .records = records};
    const int down = height / window;
    j.weight = weight / (3. * j.across * down);
    stz_team_run(team, windows, &j, down);
    double loss = 0;
    for (int i = 0; i < down; i++)
        loss += records[i];
    return loss;
}
