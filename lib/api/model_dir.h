/* Where the models are. */
#ifndef STZ_MODEL_DIR_H
#define STZ_MODEL_DIR_H

#include "base/common.h"

/* The folder that was asked for; else that of the variable STYLIZE_MODELS; else the one beside the library, or where
 * it was to be installed. *out is from malloc. NOT_FOUND, NOMEM. */
stylize_status stz_model_dir_find(const char *asked, char **out, stylize_error *err);

#endif
