#include "engine/torch/torch_error.h"

/* The plugin's codes are the library's. */
_Static_assert((int)STZ_TORCH_OK == (int)STYLIZE_OK && (int)STZ_TORCH_INVALID == (int)STYLIZE_ERR_INVALID &&
                   (int)STZ_TORCH_NOMEM == (int)STYLIZE_ERR_NOMEM &&
                   (int)STZ_TORCH_MODEL == (int)STYLIZE_ERR_MODEL &&
                   (int)STZ_TORCH_UNSUPPORTED == (int)STYLIZE_ERR_UNSUPPORTED &&
                   (int)STZ_TORCH_ENGINE == (int)STYLIZE_ERR_ENGINE,
               "one numbering");

const stz_torch_error *stz_torch_listen(reason *r)
{
    r->text[0] = 0;
    r->error = (stz_torch_error){r->text, sizeof r->text};
    return &r->error;
}

stylize_status stz_torch_fail_net(stylize_error *err, int code, const char *name, const char *text)
{
    return stz_fail(err, (stylize_status)code, "torch engine: network \"%s\": %s", name, text);
}
