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
        case STZ_OP_PICTURE:
            w = width / op->factor;
            h = height / op->factor;
            break;
        default:
            break;
        }
    }
    return flop;
}

static int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b < 0); }

/* Operations first to last - 1, which begin at the picture: those of a loss network after its `picture` on. */
typedef struct stretch {
    const stz_graph *graph;
    int first, last;
} stretch;

/* How often the picture is halved in the end: a loss network ends with a smaller one. */
static int end_level(const stretch *s)
{
    int level = 0;
    for (int i = s->first; i < s->last; i++) {
        const stz_op *op = &s->graph->ops[i];
        for (int f = op->kind == STZ_OP_PICTURE ? op->factor : 1; f > 1; f /= 2)
            level++;
        level += (op->kind == STZ_OP_CONV && op->stride == 2) || op->kind == STZ_OP_PIXEL_UNSHUFFLE ||
                 op->kind == STZ_OP_MEAN_POOL;
        level -= op->kind == STZ_OP_UPSAMPLE || op->kind == STZ_OP_PIXEL_SHUFFLE;
    }
    return stz_max(level, 0);
}

/* How far the inputs that the output at one pixel sees reach, on the side where they reach further. */
static int64_t reach(const stretch *s, int64_t pixel)
{
    int64_t low = pixel >> end_level(s), high = low;
    for (int i = s->last - 1; i >= s->first; i--) {
        const stz_op *op = &s->graph->ops[i];
        if (op->kind == STZ_OP_CONV) {
            low = low * op->stride - op->kernel / 2;
            high = high * op->stride + op->kernel / 2;
        } else if (op->kind == STZ_OP_UPSAMPLE || op->kind == STZ_OP_PIXEL_SHUFFLE) {
            low = floor_div(low, op->factor);
            high = floor_div(high, op->factor);
        } else if (op->kind == STZ_OP_PIXEL_UNSHUFFLE || op->kind == STZ_OP_MEAN_POOL ||
                   op->kind == STZ_OP_PICTURE) {
            low *= op->factor;
            high = high * op->factor + op->factor - 1;
        }
    }
    return high - pixel > pixel - low ? high - pixel : pixel - low;
}

int stz_graph_radius(const stz_graph *graph)
{
    int64_t radius = 0;
    for (stretch s = {.graph = graph}; s.first < graph->count; s.first = s.last) {
        for (s.last = s.first + 1; s.last < graph->count && graph->ops[s.last].kind != STZ_OP_PICTURE;)
            s.last++;
        for (int pixel = 0; pixel < graph->multiple; pixel++) {
            const int64_t r = reach(&s, pixel);
            radius = r > radius ? r : radius;
        }
    }
    return stz_round_up((int)(radius > 1 << 24 ? 1 << 24 : radius), graph->multiple);
}
