/* Geometry of one layer's convolution: tiles, transforms, groups, scratch. */
#ifndef STZ_CONV_PLAN_H
#define STZ_CONV_PLAN_H

#include "engine/native/layers.h"

/* Fills everything of *c but the layouts of its tensors. height, width: of its input, after
 * unshuffling. offsets: columns / lanes of them, for vector_offset. tile: 4 or 6, for stride 1. */
void stz_conv_plan(stz_conv *c, const stz_layer *layer, const stz_kernels *k, int height, int width, int tile,
                   int group);
/* Layout of what the convolution writes, and its offsets (count: stz_conv_vectors). */
void stz_conv_plan_output(stz_conv *c, const stz_layer *layer, const stz_kernels *k, stz_layout *out,
                          ptrdiff_t *offsets);
/* Columns of the matrix product. */
int stz_conv_columns(const stz_layer *layer, const stz_kernels *k);
/* Channels that a shuffled pixel takes in memory. */
int stz_conv_shuffled_block(const stz_layer *layer, const stz_kernels *k);

/* Output channel of each column, -1: none. columns ints. */
void stz_plan_columns(const stz_layer *layer, const stz_conv *conv, const stz_kernels *kernels,
                      int *column_of);
/* Input channel of each depth index. in_channels ints. */
void stz_plan_channels(const stz_layer *layer, int *channel_of);

/* Row, plane and count of a layout whose other members are set: an odd number of cache lines a row, so that a column
 * does not fall into one set of the cache; a line at the end may be read past the last pixel. */
void stz_layout_rows(stz_layout *layout, const stz_kernels *kernels, int planes);

#endif
