/* Reads the graph of a file. */
#ifndef STZ_GRAPH_READ_H
#define STZ_GRAPH_READ_H

#include "engine/native/graph.h"

/* Reads and checks: operations known, tensors there, channels fitting from 3 in to 3 out (encoder: to a
 * code). Each error names the operation and its number in the list. key: "graph", "encoder_graph" or "loss_graph".
 * Weights stored as F16, or as I8 with a tensor "<name>.scale" [out], are turned into fp32.
 * file stays the caller's and must outlive the graph. */
stylize_status stz_graph_read(stz_safetensors *file, const char *key, stz_graph *out, stylize_error *err);
void stz_graph_free(stz_graph *graph);

#endif
