/* A style of one's own, from the artwork to its folder. */
#ifndef STZ_LEARN_H
#define STZ_LEARN_H

#include "job/env.h"

/* On a worker; loss: the loss network, ready. dir: the style folder. The request is checked. */
stylize_status stz_learn_style(stz_env *env, stz_net *loss, const char *dir, stylize_fit *request,
                               const stz_exec *exec, stylize_error *err);
/* The network that a style of one's own steers, or NULL. */
const stz_model *stz_learn_base(const stz_style_lib *styles);

#endif
