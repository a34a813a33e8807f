#include "own_style.h"

#include <stdio.h>
#include <string.h>

#include "common/names.h"
#include "context.h"
#include "exit.h"
#include "json_out.h"
#include "message.h"
#include "progress.h"
#include "words.h"

typedef struct own_style {
    const cli_args *args;
    stylize_ctx *ctx;
    const char *id;
} own_style;

/* ------------------------------------------------------------------ add */

typedef struct learning {
    const own_style *s;
    bool preview_failed;
} learning;

/* The first interruption ends learning with what there is. */
static int on_step(void *user, const stylize_fit_state *state)
{
    learning *l = user;
    const cli_args *args = l->s->args;
    stylize_error err;
    progress_update((double)state->done);
    if (args->preview && state->picture && !l->preview_failed &&
        stylize_image_save(l->s->ctx, state->picture, args->preview, 0, &err) != STYLIZE_OK) {
        l->preview_failed = true;
        progress_clear();
        message_failure(args->preview, &err);
    }
    return interrupted ? STYLIZE_FIT_KEEP : STYLIZE_FIT_GO_ON;
}

static int report(const own_style *s, const stylize_fit *f)
{
    if (s->args->json) {
        json_t *o = json_object();
        json_object_set_new(o, "id", json_text(s->id));
        json_object_set_new(o, "effort", json_string(effort_names[s->args->effort]));
        json_object_set_new(o, "code_steps", json_integer(f->code_made));
        json_object_set_new(o, "network_steps", json_integer(f->network_made));
        json_object_set_new(o, "loss", json_real((double)f->loss));
        json_object_set_new(o, "ended_early", json_boolean(f->ended_early));
        return json_print(o, JSON_INDENT(2)) ? EXIT_DONE : EXIT_OUTPUT;
    }
    if (f->ended_early)
        message_note("%s is saved, but it was still getting better: give it more time", s->id);
    if (!s->args->quiet && (printf("%s is learnt, with %.0f %% of the loss of the nearest style; try: "
                                   "stylize PHOTO --style %s\n",
                                   s->id, 100 * (double)f->loss, s->id) < 0 ||
                            fflush(stdout)))
        return EXIT_OUTPUT;
    return EXIT_DONE;
}

static int code_of(stylize_status status)
{
    switch (status) {
    case STYLIZE_ERR_INVALID:
    case STYLIZE_ERR_EXISTS:
        return EXIT_USAGE;
    case STYLIZE_ERR_NOT_FOUND: /* of pictures to practise on */
        return EXIT_INPUT;
    case STYLIZE_ERR_IO:
        return EXIT_OUTPUT;
    default:
        return exit_by_status(status);
    }
}

static int add(const own_style *s)
{
    const cli_args *args = s->args;
    const char *path = args->inputs[2];
    stylize_image artwork = {0};
    stylize_error err;
    if (stylize_image_load(s->ctx, path, &artwork, &err) != STYLIZE_OK) {
        message_failure(path, &err);
        return EXIT_INPUT;
    }
    learning l = {.s = s};
    const stylize_style_info info = {
        .id = s->id, .display_name = args->title, .artist = args->artist, .licence = args->licence};
    stylize_fit f;
    stylize_fit_init(&f, sizeof f);
    f.info = &info;
    f.picture = &artwork;
    f.effort = args->effort;
    f.contents = args->photos;
    f.content_count = args->photo_count;
    f.style_scale = (float)args->style_scale;
    f.time_budget_ms = (uint32_t)(args->time_budget * 1e3);
    f.seed = args->seed;
    f.memory_budget = args->memory;
    f.progress = on_step;
    f.progress_user = &l;
    progress_begin("learning", 0);
    const stylize_status status = stylize_style_fit(s->ctx, &f, &err);
    progress_end();
    stylize_image_free(&artwork);
    if (status != STYLIZE_OK) {
        message_failure(s->id, &err);
        return code_of(status);
    }
    const int code = report(s, &f);
    return interrupted ? EXIT_SIGNAL + interrupted : code;
}

/* ------------------------------------------------------------------ list, show, remove */

static json_t *describe(const stylize_style_info *s)
{
    json_t *o = json_object();
    json_object_set_new(o, "id", json_text(s->id));
    json_object_set_new(o, "name", json_text(s->display_name));
    json_object_set_new(o, "artist", s->artist ? json_text(s->artist) : json_null());
    json_object_set_new(o, "licence", s->licence ? json_text(s->licence) : json_null());
    json_object_set_new(o, "network", s->model ? json_text(s->model) : json_null());
    json_object_set_new(o, "preview", s->preview_image ? json_text(s->preview_image) : json_null());
    json_object_set_new(o, "blendable", json_boolean(s->blendable));
    return o;
}

static void print_style(const stylize_style_info *s)
{
    printf("%-10s%s\n%-10s%s\n", "id", s->id, "name", s->display_name);
    if (s->artist)
        printf("%-10s%s\n", "artist", s->artist);
    if (s->licence)
        printf("%-10s%s\n", "licence", s->licence);
    if (s->model)
        printf("%-10s%s\n", "network", s->model);
    if (s->preview_image)
        printf("%-10s%s\n", "preview", s->preview_image);
}

static int print_list(const own_style *s, const stylize_style_info *list, size_t count)
{
    json_t *all = json_array();
    bool found = false;
    for (size_t i = 0; i < count; i++) {
        if (s->id ? strcmp(s->id, list[i].id) != 0 : !list[i].added)
            continue;
        found = true;
        if (s->args->json)
            json_array_append_new(all, describe(&list[i]));
        else if (s->id)
            print_style(&list[i]);
        else
            printf("%s\n", list[i].id);
    }
    int code = EXIT_DONE;
    if (s->id && !found) {
        message_error(NULL, "there is no style \"%s\"; stylize styles lists all", s->id);
        code = EXIT_USAGE;
    } else if (s->args->json) {
        json_t *one = s->id ? json_incref(json_array_get(all, 0)) : json_incref(all);
        code = json_print(one, JSON_INDENT(2)) ? EXIT_DONE : EXIT_OUTPUT;
    } else if (fflush(stdout)) {
        code = EXIT_OUTPUT;
    } else if (!found) {
        message_note("there are no styles of your own yet: stylize style add ID ARTWORK");
    }
    json_decref(all);
    return code;
}

static int show(const own_style *s)
{
    stylize_style_info *list;
    size_t count;
    stylize_error err;
    if (stylize_style_list(s->ctx, NULL, &list, &count, &err) != STYLIZE_OK) {
        message_error(NULL, "%s", err.message);
        return EXIT_ENGINE;
    }
    const int code = print_list(s, list, count);
    stylize_free(list);
    return code;
}

static int forget(const own_style *s)
{
    stylize_error err;
    const stylize_status status = stylize_style_delete(s->ctx, s->id, &err);
    if (status == STYLIZE_OK)
        return EXIT_DONE;
    message_error(NULL, "%s", err.message);
    return status == STYLIZE_ERR_IO ? EXIT_OUTPUT : EXIT_USAGE;
}

static const struct {
    const char *name;
    size_t inputs; /* with itself */
    int (*run)(const own_style *s);
    const char *usage;
} actions[] = {
    {"add", 3, add, "add ID ARTWORK"},
    {"list", 1, show, "list"},
    {"show", 2, show, "show ID"},
    {"remove", 2, forget, "remove ID"},
};

int command_style(const cli_args *args)
{
    const char *name = args->input_count ? args->inputs[0] : "";
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++) {
        if (strcmp(name, actions[i].name))
            continue;
        if (args->input_count != actions[i].inputs) {
            message_error(NULL, "use: stylize style %s", actions[i].usage);
            return EXIT_USAGE;
        }
        int code = EXIT_DONE;
        own_style s = {args, context_create(args, args->thread_count ? args->threads[0] : 0, 0, &code),
                       args->input_count > 1 ? args->inputs[1] : NULL};
        if (!s.ctx)
            return code;
        code = actions[i].run(&s);
        stylize_ctx_destroy(s.ctx, STYLIZE_CANCEL);
        return code;
    }
    message_error(NULL, "stylize style needs add, list, show or remove%s%s%s", *name ? ", not \"" : "", name,
                  *name ? "\"" : "");
    return EXIT_USAGE;
}
