/* What was learnt, into the style folder and the library. */
#ifndef STZ_LEARN_SAVE_H
#define STZ_LEARN_SAVE_H

#include "job/env.h"

/* Whether a style of that name can be written there: asked before the work. EXISTS, IO, NOMEM. */
stylize_status stz_learn_check(const char *dir, const char *id, stylize_error *err);
/* art: RGB8, as large as it came. */
stylize_status stz_learn_save(stz_env *env, const char *dir, const stylize_fit *request,
                              const stz_model *base, const stylize_image *art, const stz_style_fit *fit,
                              const stz_exec *exec, stylize_error *err);

#endif
