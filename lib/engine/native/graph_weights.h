/* Tensors of a file as the fp32 arrays of a graph. */
#ifndef STZ_GRAPH_WEIGHTS_H
#define STZ_GRAPH_WEIGHTS_H

#include "base/safetensors.h"

/* One use of a tensor: where the pointer to its fp32 values goes. */
typedef struct stz_weight_ref {
    const stz_tensor *tensor;
    const float **slot;
} stz_weight_ref;

/* NULL if the tensor can be used: F32, F16, or I8 with "<name>.scale" in the file, one factor for
 * each index of the first dimension. Otherwise what is wrong. */
const char *stz_weights_problem(const stz_safetensors *file, const stz_tensor *tensor);

/* Fills all slots. F32 tensors are used in place, the others are converted into *owned (from malloc,
 * NULL if there were none), each once however often it is used. Refuses values that are not finite. */
stylize_status stz_weights_resolve(const stz_safetensors *file, const stz_weight_ref *refs, int count,
                                   float **owned, stylize_error *err);

#endif
