/* Operations that only encoders have. */
#ifndef STZ_GRAPH_ENCODER_H
#define STZ_GRAPH_ENCODER_H

#include "engine/native/graph_reader.h"

/* Operations of an encoder: on the vector of what was seen. */
stylize_status stz_graph_mean_std(stz_graph_reader *w, stz_op *op);
stylize_status stz_graph_linear(stz_graph_reader *w, stz_op *op);
stylize_status stz_graph_correct(stz_graph_reader *w, stz_op *op);

#endif
