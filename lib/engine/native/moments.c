#include "engine/native/moments.h"

/* Where statistics of column n go: its channel after the shuffle, -1: an unused column. */
static int channel_of(const stz_layer *l, int n, int block)
{
    const int channels = l->out_channels / (l->shuffle * l->shuffle);
    const int channel = l->shuffle == 2 ? n % block : n;
    return channel < channels ? channel : -1;
}

void stz_moments_merge(const stz_layer *l, const stz_conv *c, const float *records, double *memory,
                       const double **mean_out, const double **variance_out)
{
    const int channels = l->out_channels / (l->shuffle * l->shuffle);
    const int block = l->shuffle == 2 ? c->columns / 4 : c->columns;
    double *mean = memory, *m2 = mean + channels, *count = m2 + channels;
    for (int i = 0; i < 3 * channels; i++)
        memory[i] = 0;
    for (int i = 0; i < c->items * c->phases; i++) {
        const float *record = records + (size_t)i * stz_record_size(c->columns);
        const double n = (double)record[0];
        if (n == 0)
            continue;
        const float *pivot = record + 16, *sum = pivot + c->columns, *square = sum + c->columns;
        for (int col = 0; col < c->columns; col++) {
            const int ch = channel_of(l, col, block);
            if (ch < 0)
                continue;
            const double s = (double)sum[col], own_mean = (double)pivot[col] + s / n;
            const double own_m2 = (double)square[col] - s * s / n;
            const double total = count[ch] + n, delta = own_mean - mean[ch];
            mean[ch] += delta * n / total;
            m2[ch] += own_m2 + delta * delta * (count[ch] * n / total);
            count[ch] = total;
        }
    }
    for (int ch = 0; ch < channels; ch++)
        m2[ch] = m2[ch] > 0 ? m2[ch] / count[ch] : 0;
    *mean_out = mean;
    *variance_out = m2;
}
