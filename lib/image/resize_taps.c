#include <math.h>
#include <string.h>

#include "image/resize.h"

#define PI 3.14159265358979323846

static double lanczos3(double x)
{
    x = fabs(x);
    if (x < 1e-9)
        return 1.0;
    if (x >= 3.0)
        return 0.0;
    double s = sin(PI / 3.0 * x); /* sin(pi x) by the triple angle: one sine a tap */
    return (3.0 - 4.0 * s * s) * s * s * 3.0 / (PI * PI * x * x);
}

static double catmull_rom(double x)
{
    x = fabs(x);
    if (x < 1.0)
        return (1.5 * x - 2.5) * x * x + 1.0;
    if (x < 2.0)
        return ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0;
    return 0.0;
}

static uint32_t taps_max(uint32_t in, uint32_t out)
{
    double scale = in > out ? (double)in / out : 1.0;
    double taps = 2.0 * ceil((in > out ? 3.0 : 2.0) * scale) + 1.0;
    uint32_t most = taps < in ? (uint32_t)taps : in;
    return (most + STZ_TAPS_STEP - 1) / STZ_TAPS_STEP * STZ_TAPS_STEP;
}

bool stz_taps_size(uint32_t in, uint32_t out, size_t *size)
{
    size_t each = 2 * sizeof(uint32_t) + taps_max(in, out) * sizeof(float);
    return stz_mul(out, each, size) && stz_add(*size, taps_max(in, out) * sizeof(double) + 64, size);
}

/* Rounds weights to integers that sum to exactly 1 << STZ_COEF_BITS: what rounding takes from one
 * tap goes to the next. Constant pictures then stay constant. Zeros at both ends are dropped. */
static void quantise(const double *weight, uint32_t *first, uint32_t *count, int16_t *coef)
{
    double carry = 0.0;
    for (uint32_t k = 0; k < *count; k++) {
        double want = weight[k] * (1 << STZ_COEF_BITS) + carry;
        coef[k] = (int16_t)lrint(want);
        carry = want - coef[k];
    }
    uint32_t lead = 0;
    while (lead + 1 < *count && !coef[lead])
        lead++;
    while (*count - 1 > lead && !coef[*count - 1])
        --*count;
    *count -= lead;
    *first += lead;
    memmove(coef, coef + lead, *count * sizeof *coef);
}

/* Weights of one output position, normalised; taps outside the input are left out. */
static void weigh(uint32_t in, double centre, double scale, bool larger, uint32_t *first, uint32_t *count,
                  double *weight)
{
    double support = larger ? 2.0 : 3.0 * scale, sum = 0.0;
    double low = floor(centre - support + 0.5), high = floor(centre + support + 0.5);
    *first = low < 0.0 ? 0 : (uint32_t)low;
    *count = (high > in ? in : (uint32_t)high) - *first;
    for (uint32_t k = 0; k < *count; k++) {
        double x = (*first + k + 0.5 - centre) / scale;
        weight[k] = larger ? catmull_rom(x) : lanczos3(x);
        sum += weight[k];
    }
    for (uint32_t k = 0; k < *count; k++)
        weight[k] /= sum;
}

void stz_taps_make(stz_taps *taps, uint32_t in, uint32_t out, bool weights, void *memory)
{
    taps->outputs = out;
    taps->step = taps_max(in, out);
    double *weight = memory;
    taps->first = (uint32_t *)(weight + taps->step);
    taps->count = taps->first + out;
    taps->weight = weights ? (float *)(taps->count + out) : NULL;
    taps->coef = weights ? NULL : (int16_t *)(taps->count + out);
    double ratio = (double)in / out, scale = in > out ? ratio : 1.0;
    for (uint32_t i = 0; i < out; i++) {
        weigh(in, (i + 0.5) * ratio, scale, in < out, &taps->first[i], &taps->count[i], weight);
        if (weights) {
            for (uint32_t k = 0; k < taps->count[i]; k++)
                taps->weight[(size_t)i * taps->step + k] = (float)weight[k];
        } else {
            int16_t *coef = taps->coef + (size_t)i * taps->step;
            quantise(weight, &taps->first[i], &taps->count[i], coef);
            memset(coef + taps->count[i], 0, (taps->step - taps->count[i]) * sizeof *coef);
        }
    }
}
