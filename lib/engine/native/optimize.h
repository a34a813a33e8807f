/* The method optimize: a picture is changed until a loss network sees the style's statistics in it and the content's
 * layout. Gatys, Ecker and Bethge 2015 (arXiv 1508.06576). */
#ifndef STZ_OPTIMIZE_H
#define STZ_OPTIMIZE_H

#include "engine/native/objective.h"

/* Bytes that it takes at least, besides the picture and the best of it. */
double stz_optimize_least(const stz_loss_spec *spec, int width, int height, bool adam);

/* One picture size, as stz_engine.optimize. The part is a loss network's. */
stylize_status stz_optimize_run(stz_part *part, const stz_loss_spec *spec, const stz_optimize *job,
                                stz_pool *pool, const stz_exec *exec, stylize_error *err);

#endif
