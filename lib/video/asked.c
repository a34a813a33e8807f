#include "video/asked.h"

#include <stdlib.h>
#include <string.h>

#include "base/tagged.h"

stylize_status stz_asked_check(const stylize_request *in, stylize_request *out, stylize_error *err)
{
    if (!in)
        return stz_fail(err, STYLIZE_ERR_INVALID, "request is NULL");
    if (!stz_tagged_read(STZ_TAG_REQUEST, out, in))
        return stz_fail(
            err, STYLIZE_ERR_INVALID,
            "the request is not initialised, or from a newer header; call stylize_request_init first");
    const struct {
        const char *name;
        bool given;
    } others[] = {
        {"content", out->content},
        {"tiling", out->tiling || out->tiling_size || out->tile},
        {"target", out->target},
        {"report", out->report},
        {"progress", out->progress},
        {"preview", out->preview},
        {"keep_metadata", out->keep_metadata},
    };
    for (size_t i = 0; i < STZ_LEN(others); i++)
        if (others[i].given)
            return stz_fail(err, STYLIZE_ERR_INVALID, "a sequence's request must not have a %s",
                            others[i].name);
    if (out->output_format != STYLIZE_FORMAT_RGB8 || out->output_depth > 8)
        return stz_fail(err, STYLIZE_ERR_INVALID,
                        "a sequence's request needs output_format RGB8 with 8 bits");
    if (!out->styles || !out->style_count || out->style_count > STYLIZE_STYLES_MAX)
        return stz_fail(err, STYLIZE_ERR_INVALID, "the request has %zu styles; 1 to %d are allowed",
                        out->styles ? out->style_count : 0, STYLIZE_STYLES_MAX);
    return STYLIZE_OK;
}

stylize_status stz_asked_copy(stz_asked *to, const stylize_request *in, stylize_error *err)
{
    const stylize_status status = stz_asked_check(in, &to->request, err);
    if (status != STYLIZE_OK)
        return status;
    stylize_request *r = &to->request;
    size_t bytes = 1;
    for (size_t i = 0; i < r->style_count; i++)
        bytes += r->styles[i].id ? strlen(r->styles[i].id) + 1 : 0;
    to->ids = malloc(bytes);
    if (!to->ids)
        return stz_nomem(err, bytes);
    char *id = to->ids;
    for (size_t i = 0; i < r->style_count; i++) {
        to->styles[i] = r->styles[i];
        to->masks[i] = r->masks ? r->masks[i] : NULL;
        to->style_masks[i] = r->style_masks ? r->style_masks[i] : NULL;
        if (r->styles[i].id) {
            const size_t length = strlen(r->styles[i].id) + 1;
            to->styles[i].id = memcpy(id, r->styles[i].id, length);
            id += length;
        }
    }
    r->styles = to->styles;
    r->masks = r->masks ? to->masks : NULL;
    r->style_masks = r->style_masks ? to->style_masks : NULL;
    return STYLIZE_OK;
}

void stz_asked_free(stz_asked *a)
{
    free(a->ids);
    a->ids = NULL;
}
