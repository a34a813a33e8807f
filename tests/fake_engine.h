/*
 * An engine without a network, for tests of everything around engines, and a model folder for it.
 *
 * Its "network" inverts a horizontal box mean of 9 pixels (mirrored at the borders), times code[0],
 * plus code[1], and takes the picture's mean away and puts code[2] in its place: so it has a
 * receptive radius of 4, one instance-norm-like statistic, and needs sides that are multiples of 4.
 */
#ifndef FAKE_ENGINE_H
#define FAKE_ENGINE_H

#include <stdatomic.h>

#include "engine/registry.h"

#define FAKE_CODE   4
#define FAKE_RADIUS 4

/* Knobs, and what was seen. Reset with fake_reset. */
typedef struct fake_state {
    atomic_int delay_ms; /* every apply takes at least this long; cancel is polled each ms */
    atomic_int fail_open, fail_load, fail_apply, fail_encode; /* that many more calls fail */
    atomic_int bytes_per_pixel;                               /* what memory() answers with */
    atomic_int batch_max, parallel_max, uses_team;
    atomic_int applies, pictures, encodes, loads, unloads, opens, closes;
    atomic_int largest_batch, running, most_running;
    atomic_int levels, level_width[8], level_iterations[8], level_styles[8]; /* calls of optimize */
    atomic_int order[256], order_count; /* top left red byte of each picture, in order of start */
} fake_state;

extern fake_state fake;
extern const stz_engine fake_engine;

void fake_reset(void); /* also registers the engine */

/* Writes a model folder: networks "fake" (styles a, b, c) and "fakeany" (reads pictures), both for the
 * fake engine; styles a and b have codes for both, style a an artwork; "fakeloss" optimises. Returns its path, static; once a process. */
const char *fake_models(void);

/* Options that use the above. */
void fake_options(stylize_options *o);

/* What the fake network makes of a picture: out and in are RGB8 of one size. mean: NULL for its own. */
void fake_reference(const stylize_image *in, const float *code, const float *mean, uint8_t *out);

/* A picture with gradients and noise; malloc'ed pixels, the caller frees them. */
stylize_image fake_picture(uint32_t width, uint32_t height, stylize_format format, uint32_t seed);

#endif
