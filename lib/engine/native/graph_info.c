/* Figures that follow from the list of operations alone. */
#include "engine/native/graph.h"

double stz_graph_flop(const stz_graph *graph, int width, int height)
{
    double flop = 0;
    int64_t w = width, h = height;
    for (int i = 0; i < graph->count; i++) {
        const stz_op *op = &graph->ops[i];
        switch (op->kind) {
        case STZ_OP_CONV:
            w = (w + op->stride - 1) / op->stride;
            h = (h + op->stride - 1) / op->stride;
            flop += 2.0 * op->kernel * op->kernel * op->in * op->out * (double)w * (double)h;
            break;
        case STZ_OP_LINEAR:
            flop += 2.0 * op->in * op->out;
            break;
        case STZ_OP_CORRECT: /* besides what it takes to paint the probe and to read it */
            flop += 2.0 * op->hidden * (2.0 * op->in + op->out);
            break;
        case STZ_OP_UPSAMPLE:
        case STZ_OP_PIXEL_SHUFFLE:
            w *= op->factor;
            h *= op->factor;
            break;
        case STZ_OP_PIXEL_UNSHUFFLE:
        case STZ_OP_MEAN_POOL:
            w /= op->factor;
            h /= op->factor;
            break;
        default:
            break;
        }
    }
    return flop;
}

static int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b < 0); }

/* How often the picture is halved in the end: a loss network ends with a smaller one. */
static int end_level(const stz_graph *graph)
{
    int level = 0;
    for (int i = 0; i < graph->count; i++) {
        const stz_op *op = &graph->ops[i];
        level += (op->kind == STZ_OP_CONV && op->stride == 2) || op->kind == STZ_OP_PIXEL_UNSHUFFLE ||
                 op->kind == STZ_OP_MEAN_POOL;
        level -= op->kind == STZ_OP_UPSAMPLE || op->kind == STZ_OP_PIXEL_SHUFFLE;
    }
    return stz_max(level, 0);
}

/* How far the inputs that the output at one pixel sees reach, on the side where they reach further. */
static int64_t reach(const stz_graph *graph, int64_t pixel)
{
    int64_t low = pixel >> end_level(graph), high = low;
    for (int i = graph->count - 1; i >= 0; i--) {
        const stz_op *op = &graph->ops[i];
        if (op->kind == STZ_OP_CONV) {
            low = low * op->stride - op->kernel / 2;
            high = high * op->stride + op->kernel / 2;
        } else if (op->kind == STZ_OP_UPSAMPLE || op->kind == STZ_OP_PIXEL_SHUFFLE) {
            low = floor_div(low, op->factor);
            high = floor_div(high, op->factor);
        } else if (op->kind == STZ_OP_PIXEL_UNSHUFFLE || op->kind == STZ_OP_MEAN_POOL) {
            low *= op->factor;
            high = high * op->factor + op->factor - 1;
        }
    }
    return high - pixel > pixel - low ? high - pixel : pixel - low;
}

int stz_graph_radius(const stz_graph *graph)
{
    int64_t radius = 0;
    for (int pixel = 0; pixel < graph->multiple; pixel++) {
        const int64_t r = reach(graph, pixel);
        radius = r > radius ? r : radius;
    }
    return stz_round_up((int)(radius > 1 << 24 ? 1 << 24 : radius), graph->multiple);
}
