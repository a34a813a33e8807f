/* Reads style pictures. */
#ifndef STZ_ENCODE_H
#define STZ_ENCODE_H

#include "engine/native/net.h"

/* A style picture through an encoder; the generator paints the probe, if the encoder has one. */
stylize_status stz_run_encode(stz_part *encoder, stz_part *generator, const stz_view *style, float *code,
                              stz_pool *pool, const stz_exec *exec, stylize_error *err);

#endif
