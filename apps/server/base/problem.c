/* Errors and their HTTP status. */
#include "base/problem.h"

#include <stdarg.h>
#include <microhttpd.h>
#include <stdio.h>
#include <string.h>

#include "base/json_text.h"

bool problem_set(problem *p, unsigned status, const char *code, const char *field, const char *format, ...)
{
    *p = (problem){.status = status, .code = code};
    if (field)
        snprintf(p->field, sizeof p->field, "%s", field);
    va_list args;
    va_start(args, format);
    vsnprintf(p->message, sizeof p->message, format, args);
    va_end(args);
    if (status == 503 || status == 429)
        p->retry_after = 1;
    return false;
}

static const struct {
    stylize_status status;
    unsigned http;
    const char *code;
} mapping[] = {
    {STYLIZE_ERR_INVALID, 422, "invalid_value"},
    {STYLIZE_ERR_NOMEM, 503, "out_of_memory"},
    {STYLIZE_ERR_IO, 500, "internal"},
    {STYLIZE_ERR_FORMAT, 422, "damaged_picture"},
    {STYLIZE_ERR_LIMIT, 413, "picture_too_large"},
    {STYLIZE_ERR_NOT_FOUND, 422, "unknown_style"},
    {STYLIZE_ERR_EXISTS, 422, "already_there"},
    {STYLIZE_ERR_MODEL, 500, "internal"},
    {STYLIZE_ERR_UNSUPPORTED, 422, "unsupported"},
    {STYLIZE_ERR_ENGINE, 500, "internal"},
    {STYLIZE_ERR_QUEUE_FULL, 503, "queue_full"},
    {STYLIZE_ERR_CANCELLED, 503, "cancelled"},
    {STYLIZE_ERR_DEADLINE, 503, "deadline_exceeded"},
};

bool problem_from(problem *p, const stylize_error *err, const char *field)
{
    unsigned http = 500;
    const char *code = "internal";
    for (size_t i = 0; i < APP_LEN(mapping); i++)
        if (mapping[i].status == err->status) {
            http = mapping[i].http;
            code = mapping[i].code;
        }
    return problem_set(p, http, code, field, "%s",
                       err->message[0] ? err->message : stylize_status_str(err->status));
}

const char *problem_picture(const stylize_error *err)
{
    return !strncmp(err->message, "mask ", 5)          ? "masks"
           : !strncmp(err->message, "style mask ", 11) ? "style_masks"
                                                       : "content_image";
}

static const char erased[] = "erased";

void problem_erased(problem *p)
{
    problem_set(p, 410, erased, NULL, "the data of the subject was erased meanwhile");
}

bool problem_is_erased(const problem *p) { return p->code == erased; }

void problem_json(const problem *p, buf *out)
{
    json_t *problem = json_pack("{s:s, s:s, s:i, s:o, s:s}", "type", "about:blank", "title", MHD_get_reason_phrase_for(p->status),
                                "status", (int)p->status, "detail", json_any(p->message, strlen(p->message)), "code",
                                p->code);
    if (problem && p->field[0])
        json_object_set_new(problem, "field", json_any(p->field, strlen(p->field)));
    json_write(problem, out);
    buf_puts(out, "\n");
}
