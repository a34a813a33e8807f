#include "sandbox/enter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <jansson.h>

#include "base/files.h"
#include "base/log.h"
#include "sandbox/landlock.h"
#include "sandbox/seccomp.h"

/* What the library says of itself, by a context for a moment, without any engine's threads; or NULL. */
static json_t *ask_library(const config *c, char *message, size_t size)
{
    stylize_options o;
    stylize_ctx *ctx;
    stylize_error err = {0};
    char *text = NULL;
    stylize_options_init(&o, sizeof o);
    o.engine = "native";
    o.device = "cpu";
    o.model_dir = c->models;
    o.style_dir = c->style_dir;
    o.threads = 1;
    if (stylize_ctx_create(&ctx, &o, &err) == STYLIZE_OK) {
        stylize_ctx_info(ctx, &text, &err);
        stylize_ctx_destroy(ctx, STYLIZE_CANCEL);
    }
    json_t *info = text ? json_loads(text, 0, NULL) : NULL;
    stylize_free(text);
    if (!info)
        snprintf(message, size, "%s", err.message);
    return info;
}

static bool has_torch(const json_t *info)
{
    size_t i;
    const json_t *engine;
    json_array_foreach (json_object_get(info, "engines"), i, engine) {
        const char *name = json_string_value(json_object_get(engine, "name"));
        if (name && !strcmp(name, "torch"))
            return json_is_true(json_object_get(engine, "available"));
    }
    return false;
}

static bool is_wanted(const config *c) { return c->sandbox != SANDBOX_OFF; }

/* After an attempt at `what`; false: it was required. */
static bool judge(const config *c, bool done, const char *what, const char *why, char *message, size_t size)
{
    if (done) {
        log_line(STYLIZE_LOG_INFO, "sandbox: %s are restricted", what);
        return true;
    }
    if (c->sandbox == SANDBOX_REQUIRE) {
        snprintf(message, size, "sandbox: %s cannot be restricted: %s", what, why);
        return false;
    }
    log_line(STYLIZE_LOG_WARNING, "sandbox: %s are not restricted: %s", what, why);
    return true;
}

bool sandbox_enter_files(sandbox *b, const config *c, const char *jobs, char *message, size_t size)
{
    sandbox_policy policy;
    char why[256] = "";
    if (!is_wanted(c))
        return true;
    json_t *info = ask_library(c, message, size);
    if (!info)
        return false;
    if (c->cache_dir)
        mkdir(c->cache_dir, 0700); /* a rule needs the folder; what is wrong with it is told later */
    if (c->storage && !strncmp(c->storage, "file://", 7))
        mkdir(c->storage + 7, 0770);
    char *styles = json_is_string(json_object_get(info, "style_dir"))
                       ? strdup(json_string_value(json_object_get(info, "style_dir")))
                       : NULL;
    b->learns = styles && folders_make(styles); /* likewise */
    free(styles);
    b->plugins = strcmp(c->engine, "native") && has_torch(info);
    const sandbox_folders folders = {json_string_value(json_object_get(info, "model_dir")),
                                     json_string_value(json_object_get(info, "style_dir")), jobs};
    sandbox_policy_of(&policy, c, &folders, b->plugins);
    b->files = sandbox_files(&policy, why, sizeof why);
    json_decref(info);
    return judge(c, b->files, "files", why, message, size);
}

bool sandbox_enter_calls(sandbox *b, const config *c, char *message, size_t size)
{
    sandbox_policy policy;
    char why[256] = "";
    if (!is_wanted(c))
        return true;
    sandbox_policy_of(&policy, c, &(sandbox_folders){.styles = b->learns ? "" : NULL}, b->plugins);
    b->calls = sandbox_calls(&policy, why, sizeof why);
    return judge(c, b->calls, "system calls", why, message, size);
}
