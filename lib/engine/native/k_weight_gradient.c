/*
 * Gradients of weights: sums over the pixels of the products of what a convolution read and the gradient of what it
 * wrote, taken as matrix products of pieces of rows.
 */
#include "engine/native/k_internal.h"

/* Inputs of the convolution: pixels x0 .. x0 + count - 1 of row y of the padded input, as it reads them. */
static void tensor_row(const stz_weight_gradient *w, int y, int x0, int count, float *out)
{
    const stz_conv_run *r = w->input;
    const stz_conv *c = r->conv;
    const int shift = w->upsample - 1, pad = w->kernel / 2;
    const int sy = reflect(y - pad, c->in.height << shift) >> shift;
    const int vectors = stz_round_up(c->in_channels, STZ_LANES) / STZ_LANES;
    const vf low = bc(r->low);
    ptrdiff_t at[STZ_ADJOINT_VECTORS], base_at[STZ_ADJOINT_VECTORS];
    for (int k = 0; k < vectors; k++) {
        at[k] = stz_channel_offset(&c->in, k * STZ_LANES);
        base_at[k] = c->add ? stz_channel_offset(&c->base, k * STZ_LANES) : 0;
    }
    for (int x = 0; x < count; x++, out += w->step) {
        const int sx = reflect(x0 + x - pad, c->in.width << shift) >> shift;
        const float *p = (const float *)r->x + sy * c->in.row + (ptrdiff_t)sx * c->in.block;
        const float *b =
            c->add ? (const float *)r->base + sy * c->base.row + (ptrdiff_t)sx * c->base.block : NULL;
        for (int k = 0; k < vectors; k++) {
            vf v = fma_(ld(p + at[k]), ld(r->scale + k * STZ_LANES), ld(r->shift + k * STZ_LANES));
            if (b)
                v = v + ld(b + base_at[k]);
            st(out + k * STZ_LANES, vmax(v, low)); /* the next pixel overwrites what is too much */
        }
    }
}

/* The same from the picture. */
static void picture_row(const stz_weight_gradient *w, int y, int x0, int count, float *out)
{
    const stz_conv_run *r = w->input;
    const stz_view *in = &r->picture_in;
    const int f = r->conv->unshuffle, pad = w->kernel / 2, channels = r->conv->in_channels;
    const int sy = reflect(y - pad, r->conv->in.height) * f;
    const bool u8 = in->elem == STZ_U8;
    const float mul = u8 ? r->in_mul / 255.f : r->in_mul;
    const uint8_t *from[12]; /* of each channel, the sample in the first pixel */
    for (int n = 0; n < channels; n++)
        from[n] = (const uint8_t *)in->data + (sy + n / f % f) * in->stride +
                  (n % f * 3 + n / (f * f)) * (ptrdiff_t)(u8 ? 1 : sizeof(float));
    for (int x = 0; x < count; x++, out += w->step) {
        const int sx = reflect(x0 + x - pad, r->conv->in.width) * f * 3;
        for (int n = 0; n < channels; n++)
            out[n] = (u8 ? (float)from[n][sx] : ((const float *)(const void *)from[n])[sx]) * mul + r->in_add;
    }
}

static void input_row(const stz_weight_gradient *w, int y, int x0, int count, float *out)
{
    if (w->input->conv->from_picture)
        picture_row(w, y, x0, count, out);
    else
        tensor_row(w, y, x0, count, out);
}

static void add_bias(const float *gradient, int count, int columns, float *bias)
{
    for (int n = 0; n < columns; n += STZ_LANES) {
        vf sum = ld(bias + n);
        for (int x = 0; x < count; x++)
            sum = sum + ld(gradient + x * columns + n);
        st(bias + n, sum);
    }
}

/* Output pixels x0 .. of row y: for each row of the kernel a product of its inputs, kernel times as many as channels,
 * and the gradients. */
static void piece(const stz_weight_gradient *w, int y, int x0, int count, float *v, float *gradient,
                  float *record)
{
    const int rows = w->kernel * w->step;
    K(gradient_row)(w->gradient, y, x0, count, w->columns, gradient);
    add_bias(gradient, count, w->columns, record + w->bias_at);
    for (int ky = 0; ky < w->kernel; ky++) {
        input_row(w, y * w->stride + ky, x0 * w->stride, (count - 1) * w->stride + w->kernel, v);
        K(product)
        (&(stz_product){.rows = rows,
                        .columns = w->columns,
                        .depth = count,
                        .a = v,
                        .b = gradient,
                        .am = 1,
                        .ak = (ptrdiff_t)w->stride * w->step,
                        .ldb = w->columns,
                        .ldc = w->columns,
                        .c = record + (ptrdiff_t)ky * rows * w->columns});
    }
}

/* The last 9x9 has three outputs, too few to fill vectors: inputs are columns, and rows are the gradients of nine
 * pixels, from right to left. Pixels are those of the padded input. */
static void piece_last9(const stz_weight_gradient *w, int y, int x0, int count, float *v, float *gradient,
                        float *record)
{
    const stz_layout *g = &w->gradient->conv->in;
    const float *from = (const float *)w->gradient->x + y * w->result_row;
    memset(gradient, 0, sizeof *gradient * 3 * (size_t)(count + 8));
    const int first = stz_max(x0 - 8, 0), last = stz_min(x0 + count, g->width);
    if (last > first)
        memcpy(gradient + 3 * (first - x0 + 8), from + (ptrdiff_t)3 * first,
               sizeof *from * 3 * (size_t)(last - first));
    for (int x = stz_max(x0, 0); x < last; x++) /* each pixel once */
        for (int c = 0; c < 3; c++)
            record[w->bias_at + c] += from[3 * x + c];
    for (int ky = 0; ky < 9; ky++) {
        input_row(w, y + ky, x0, count, v);
        K(product)
        (&(stz_product){.rows = 27,
                        .columns = w->step,
                        .depth = count,
                        .a = gradient,
                        .b = v,
                        .am = 1,
                        .ak = 3,
                        .ldb = w->step,
                        .ldc = w->step,
                        .c = record + (ptrdiff_t)ky * 27 * w->step});
    }
}

void K(weight_gradient)(void *arg, int item, void *scratch)
{
    const stz_weight_gradient *w = arg;
    const bool last9 = w->input->conv->kind == STZ_CONV_LAST9;
    const stz_conv *c = w->input->conv;
    const int first = item * w->band, last = stz_min(first + w->band, c->out_height);
    const int width = last9 ? c->out_width + 8 : c->out_width;
    float *gradient = scratch, *v = gradient + w->v_at, *record = w->records + (size_t)item * w->record;
    memset(record, 0, sizeof *record * w->record);
    for (int x = 0; x < width; x += STZ_WEIGHT_PIECE)
        for (int y = first; y < last; y++) {
            const int count = stz_min(STZ_WEIGHT_PIECE, width - x);
            if (last9)
                piece_last9(w, y, x, count, v, gradient, record);
            else
                piece(w, y, x, count, v, gradient, record);
        }
}
