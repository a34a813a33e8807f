/* Writes messages and reads results. */
#include "jobs/celery.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/json_text.h"
#include "common/names.h"

static void random_uuid(char out[37])
{
    uint8_t b[16];
    char hex[33];
    random_bytes(b, sizeof b);
    b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
    b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
    hex_encode(b, sizeof b, hex);
    snprintf(out, 37, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
}

/* ------------------------------------------------------------------ messages */

static json_t *styles_of(const celery_task *t)
{
    json_t *list = json_array();
    for (size_t i = 0; i < t->params->style_count; i++) {
        const style_choice *s = &t->params->styles[i];
        json_t *one = json_pack("{s:s, s:f}", t->style ? "style" : "style_id", t->style ? t->style : s->id,
                                "weight", (double)s->weight);
        if (t->masks[i])
            json_object_set_new(one, "mask", json_string(t->masks[i]));
        if (t->parts[i])
            json_object_set_new(one, "style_mask", json_string(t->parts[i]));
        json_array_append_new(list, one);
    }
    return list;
}

static json_t *metadata_of(uint32_t bits)
{
    static const struct {
        uint32_t bits;
        const char *name;
    } names[] = {{STYLIZE_METADATA_ALL, "all"},
                 {STYLIZE_METADATA_COPYRIGHT, "copyright"},
                 {STYLIZE_METADATA_EXIF, "exif"},
                 {STYLIZE_METADATA_ICC, "icc"}};
    json_t *list = json_array();
    for (size_t i = 0; i < APP_LEN(names); i++)
        if ((bits & names[i].bits) == names[i].bits) {
            json_array_append_new(list, json_string(names[i].name));
            bits &= ~names[i].bits;
        }
    return list;
}

static json_t *options_of(const params *p)
{
    const bool automatic = p->strength == STYLIZE_STRENGTH_AUTO;
    json_t *strength = automatic ? json_string("auto") : json_real((double)p->strength);
    json_t *o =
        json_pack("{s:s, s:o, s:f, s:s}", "method", method_names[p->method], "strength", strength,
                  "preserve_color", (double)p->preserve_color, "output_format", format_name(p->format));
    if (p->size) {
        json_object_set_new(o, "output_size", json_integer(p->size));
    } else {
        json_object_set_new(o, "output_width", json_integer(p->width));
        json_object_set_new(o, "output_height", json_integer(p->height));
    }
    if (p->style_scale != 1)
        json_object_set_new(o, "style_scale", json_real((double)p->style_scale));
    if (p->look)
        json_object_set_new(o, "look", json_integer(p->look));
    if (p->quality)
        json_object_set_new(o, "quality", json_integer(p->quality));
    if (p->seed)
        json_object_set_new(o, "seed", json_integer((json_int_t)p->seed));
    if (p->iterations)
        json_object_set_new(o, "iterations", json_integer(p->iterations));
    if (p->depth == 16)
        json_object_set_new(o, "output_depth", json_integer(p->depth));
    if (p->keep_metadata)
        json_object_set_new(o, "keep_metadata", metadata_of(p->keep_metadata));
    if (p->tolerant)
        json_object_set_new(o, "tolerant", json_true());
    return o;
}

static json_t *kwargs_of(const celery_task *t)
{
    json_t *k = json_pack("{s:s, s:o, s:s}", "content", t->content, "options", options_of(t->params),
                          "result", t->result);
    if (t->params->style_count > 1 || params_masked(t->params) || params_parted(t->params))
        json_object_set_new(k, "styles", styles_of(t));
    else if (t->style)
        json_object_set_new(k, "style", json_string(t->style));
    else
        json_object_set_new(k, "style_id", json_string(t->params->styles[0].id));
    return k;
}

static json_t *headers_of(const celery_task *t)
{
    char expires[40], origin[300] = "", host[200] = "";
    struct tm utc;
    const time_t at = (time_t)t->expires;
    gmtime_r(&at, &utc);
    strftime(expires, sizeof expires, "%Y-%m-%dT%H:%M:%S+00:00", &utc);
    gethostname(host, sizeof host - 1);
    snprintf(origin, sizeof origin, "%ld@%s", (long)getpid(), host);
    json_t *headers = json_pack(
        "{s:s, s:s, s:s, s:n, s:n, s:s, s:n, s:n, s:i, s:[n,n], s:s, s:n, s:s, s:s, s:s, s:b, s:i, "
        "s:n, s:{}}",
        "lang", "py", "task", CELERY_TASK, "id", t->id, "shadow", "eta", "expires", expires, "group",
        "group_index", "retries", 0, "timelimit", "root_id", t->id, "parent_id", "argsrepr", "()",
        "kwargsrepr", "{}", "origin", origin, "ignore_result", 0, "replaced_task_nesting", 0,
        "stamped_headers", "stamps");
    if (headers && t->trace && t->trace->id[0]) {
        char parent[TRACE_PARENT_TEXT];
        trace_write(t->trace, parent);
        json_object_set_new(headers, "traceparent", json_string(parent));
        if (t->trace->state[0])
            json_object_set_new(headers, "tracestate", json_string(t->trace->state));
    }
    return headers;
}

/* Takes body, headers and properties over; the body goes as base64 of its JSON. */
static bool envelope(json_t *body, json_t *headers, json_t *properties, buf *out)
{
    buf text = {0}, coded = {0};
    const bool ok = json_put(body, &text) && headers && properties;
    if (ok)
        buf_base64(&coded, text.data, text.size);
    buf_free(&text);
    json_t *root =
        ok && !coded.failed
            ? json_pack("{s:s, s:s, s:s, s:O, s:O}", "body", coded.data, "content-encoding", "utf-8",
                        "content-type", "application/json", "headers", headers, "properties", properties)
            : NULL;
    buf_free(&coded);
    json_decref(headers);
    json_decref(properties);
    return json_put(root, out);
}

bool celery_message(const celery_task *t, buf *out)
{
    char reply_to[37], tag[37];
    random_uuid(reply_to);
    random_uuid(tag);
    json_t *body =
        json_pack("[[], o, {s:n, s:n, s:n, s:n}]", kwargs_of(t), "callbacks", "errbacks", "chain", "chord");
    json_t *properties =
        json_pack("{s:s, s:s, s:i, s:{s:s, s:s}, s:i, s:s, s:s}", "correlation_id", t->id, "reply_to",
                  reply_to, "delivery_mode", 2, "delivery_info", "exchange", "", "routing_key", t->queue,
                  "priority", 0, "body_encoding", "base64", "delivery_tag", tag);
    return envelope(body, headers_of(t), properties, out);
}

bool celery_revoke(const char *id, buf *out)
{
    char tag[37];
    random_uuid(tag);
    json_t *body =
        json_pack("{s:s, s:{s:s, s:b, s:s}, s:n, s:n, s:n}", "method", "revoke", "arguments", "task_id", id,
                  "terminate", 1, "signal", "SIGTERM", "destination", "pattern", "matcher");
    json_t *headers = json_pack("{s:i, s:i}", "clock", 1, "expires", 0);
    json_t *properties = json_pack("{s:i, s:{s:s, s:s}, s:i, s:s, s:s}", "delivery_mode", 2, "delivery_info",
                                   "exchange", "celery.pidbox", "routing_key", "", "priority", 0,
                                   "body_encoding", "base64", "delivery_tag", tag);
    return envelope(body, headers, properties, out);
}

bool celery_revoked(const char *id, buf *out)
{
    char now[40];
    struct tm utc;
    const time_t at = time(NULL);
    gmtime_r(&at, &utc);
    strftime(now, sizeof now, "%Y-%m-%dT%H:%M:%S+00:00", &utc);
    return json_put(json_pack("{s:s, s:{s:s, s:[s], s:s}, s:n, s:[], s:s, s:s}", "status", "REVOKED",
                              "result", "exc_type", "TaskRevokedError", "exc_message", "revoked",
                              "exc_module", "celery.exceptions", "traceback", "children", "date_done", now,
                              "task_id", id),
                    out);
}

/* ------------------------------------------------------------------ results */

/* The worker's exceptions as this server's answers. */
static const struct {
    const char *type;
    unsigned status;
    const char *code;
} failures[] = {
    {"InvalidError", 422, "invalid_value"},          {"FormatError", 422, "damaged_picture"},
    {"LimitError", 413, "picture_too_large"},        {"NotFoundError", 422, "unknown_style"},
    {"UnsupportedError", 422, "unsupported"},        {"DeadlineError", 503, "deadline_exceeded"},
    {"TimeLimitExceeded", 503, "deadline_exceeded"}, {"SoftTimeLimitExceeded", 503, "deadline_exceeded"},
    {"TransferError", 503, "transfer_failed"},       {"WorkerLostError", 503, "worker_lost"},
};

static void read_failure(const json_t *result, problem *p)
{
    const char *type = json_string_value(json_object_get(result, "exc_type"));
    const json_t *message = json_object_get(result, "exc_message");
    const char *text = json_string_value(json_is_array(message) ? json_array_get(message, 0) : message);
    unsigned status = 500;
    const char *code = "internal";
    for (size_t i = 0; type && i < APP_LEN(failures); i++)
        if (!strcmp(type, failures[i].type)) {
            status = failures[i].status;
            code = failures[i].code;
        }
    /* A style was checked here before: what has an address and is not there is the upload. */
    if (!strcmp(code, "unknown_style") && text && strchr(text, '/')) {
        status = 500;
        code = "internal";
    }
    /* What is not the picture's or the request's fault may name folders and hosts. */
    const bool ours = status == 500 || !strcmp(code, "transfer_failed");
    problem_set(p, status, code, NULL, "%s",
                ours || !text ? "the worker could not paint it; its log says why" : text);
}

static void copy_text(const json_t *object, const char *name, char *out, size_t size)
{
    json_member_text(object, name, out, size);
    for (char *p = out; *p; p++) /* goes into headers and JSON as it is */
        if (*p < ' ' || *p > '~' || *p == '"' || *p == '\\')
            *p = '_';
}

static uint32_t copy_number(const json_t *object, const char *name)
{
    const json_int_t v = json_integer_value(json_object_get(object, name));
    return v > 0 && v < INT32_MAX ? (uint32_t)v : 0;
}

static double fraction(const json_t *number, double most)
{
    const double v = json_number_value(number);
    return isfinite(v) && v > 0 ? v < most ? v : most : 0;
}

static void read_painting(const json_t *result, celery_result *out)
{
    out->width = copy_number(result, "width");
    out->height = copy_number(result, "height");
    out->tiles = copy_number(result, "tiles");
    out->seconds = fraction(json_object_get(result, "seconds"), 1e6);
    const json_t *strength = json_object_get(result, "strength");
    out->strength = json_is_number(strength) ? fraction(strength, 1) : -1;
    copy_text(result, "engine", out->engine, sizeof out->engine);
    copy_text(result, "model", out->model, sizeof out->model);
}

bool celery_result_read(slice json, celery_result *out)
{
    static const struct {
        const char *status;
        celery_state state;
    } states[] = {{"PENDING", CELERY_WAITING}, {"RECEIVED", CELERY_WAITING}, {"RETRY", CELERY_WAITING},
                  {"STARTED", CELERY_RUNNING}, {"PROGRESS", CELERY_RUNNING}, {"SUCCESS", CELERY_DONE},
                  {"FAILURE", CELERY_FAILED},  {"REVOKED", CELERY_REVOKED},  {"IGNORED", CELERY_FAILED},
                  {"REJECTED", CELERY_FAILED}};
    json_t *root = json.size ? json_loadb(json.data, json.size, 0, NULL) : NULL;
    const char *status = json_string_value(json_object_get(root, "status"));
    const json_t *result = json_object_get(root, "result");
    *out = (celery_result){.state = CELERY_FAILED};
    bool known = false;
    for (size_t i = 0; status && i < APP_LEN(states); i++)
        if (!strcmp(status, states[i].status)) {
            out->state = states[i].state;
            known = true;
        }
    if (out->state == CELERY_RUNNING)
        out->done = fraction(json_object_get(result, "done"), 1);
    else if (out->state == CELERY_DONE)
        read_painting(result, out);
    else if (out->state == CELERY_FAILED)
        read_failure(result, &out->problem);
    json_decref(root);
    return known;
}
