#include "api/raw_body.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

typedef struct form {
    buf out;
    char mark[25];
} form;

static void add_field(form *f, const char *name, const char *data, size_t size)
{
    buf_printf(&f->out, "--%s\r\nContent-Disposition: form-data; name=\"", f->mark);
    for (const char *c = name; *c; c++) /* a quote would end it: then it is no field's name */
        buf_append(&f->out, *c == '"' || (unsigned char)*c < ' ' ? "?" : c, 1);
    buf_puts(&f->out, "\"\r\n\r\n");
    buf_append(&f->out, data, size);
    buf_puts(&f->out, "\r\n");
}

static enum MHD_Result add_argument(void *user, enum MHD_ValueKind kind, const char *name, const char *value)
{
    add_field(user, name, value ? value : "", value ? strlen(value) : 0);
    return MHD_YES;
}

static bool is_picture(slice type) { return type.size > 6 && !strncasecmp(type.data, "image/", 6); }

bool raw_body_wrap(exchange *x, problem *wrong)
{
    const buf *body = &x->memory->body;
    form f = {{0}, ""};
    if (x->type[0] || !is_picture(exchange_header(x, "Content-Type")))
        return true;
    random_id(f.mark); /* nobody can have put it into the body */
    if (buf_reserve(&f.out, body->size + 1024)) {
        MHD_get_connection_values(x->connection, MHD_GET_ARGUMENT_KIND, add_argument, &f);
        add_field(&f, "content_image", body->data ? body->data : "", body->size);
        buf_printf(&f.out, "--%s--\r\n", f.mark);
    }
    if (f.out.failed) {
        buf_free(&f.out);
        return problem_set(wrong, 503, "out_of_memory", NULL, "memory for the request could not be had");
    }
    buf_free(&x->memory->body);
    x->memory->body = f.out;
    snprintf(x->type, sizeof x->type, "multipart/form-data; boundary=%s", f.mark);
    return true;
}
