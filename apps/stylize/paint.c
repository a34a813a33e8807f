#include "paint.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/names.h"
#include "context.h"
#include "exit.h"
#include "folder.h"
#include "json_out.h"
#include "memory.h"
#include "message.h"
#include "path.h"
#include "progress.h"
#include "queue.h"
#include "request.h"
#include "standard_io.h"
#include "style.h"
#include "system.h"

typedef struct painting {
    const cli_args *args;
    stylize_ctx *ctx;
    style_set styles;
    const char *input; /* as shown */
    stylize_image picture;
    bool from_stdin, to_stdout;
    char *output;
    stylize_format format;
    atomic_int permille; /* written on a thread of the library */
    bool filled;
    double start;
    int code;
    bool preview_failed; /* on the worker thread only */
} painting;

/* The format that -o and --format ask for; NONE: that of the input. False after a message. */
static bool choose_format(const cli_args *args, stylize_format *format)
{
    const char *o = args->output;
    *format = args->format;
    if (!o || strcmp(o, "-") == 0 || path_is_folder(o) || path_ends_in_slash(o))
        return true;
    const stylize_format by_name = format_by_path(o);
    if (by_name && args->format && by_name != args->format) {
        message_error(o, "the ending does not fit --format %s", format_name(args->format));
        return false;
    }
    const char *base = path_base(o);
    if (!by_name && !args->format && base[path_stem_length(o)] == '.') {
        message_error(o, "no picture format has this ending, allowed are .jpg, .jpeg, .png, .webp and .tif");
        return false;
    }
    if (by_name)
        *format = by_name;
    return true;
}

/* Where the picture goes. -o names a file or a folder; without it, beside the input. */
static char *choose_output(const painting *p)
{
    const cli_args *args = p->args;
    const char *in = p->from_stdin ? "painted" : p->input;
    const char *ending = format_ending(p->format), *base = path_base(in);
    /* Same format: the name's own ending stays, be it .jpeg or .JPG. */
    if (format_by_path(in) == p->format)
        ending = strrchr(base, '.') + 1;
    const int stem = (int)path_stem_length(in);
    if (!args->output)
        return text_format("%.*s%.*s.%s.%s", (int)(base - in), in, stem, base, p->styles.label, ending);
    const bool slash = path_ends_in_slash(args->output);
    if (slash || path_is_folder(args->output))
        return text_format("%s%s%.*s.%s", args->output, slash ? "" : "/", stem, base, ending);
    return text_format("%s", args->output);
}

static bool check_output(const painting *p)
{
    if (p->to_stdout) {
        if (!system_is_terminal(stdout))
            return true;
        message_error("standard output", "is a terminal, a picture is not written there: give -o FILE");
        return false;
    }
    if (!p->from_stdin && path_same(p->input, p->output)) {
        message_error(p->output, "is the input itself, which is never overwritten");
        return false;
    }
    const bool named = p->args->output && strcmp(p->args->output, p->output) == 0;
    if (!named && !p->args->force && path_exists(p->output)) {
        message_error(p->output, "exists already, --force overwrites it");
        return false;
    }
    return folder_check_writable(p->output);
}

static int load_input(painting *p)
{
    stylize_error err = {0};
    if (p->from_stdin) {
        if (!stdin_read(&p->picture))
            return interrupted ? EXIT_SIGNAL + interrupted : EXIT_INPUT;
    } else if (stylize_image_load(p->ctx, p->input, &p->picture, &err) != STYLIZE_OK) {
        message_failure(p->input, &err);
        return EXIT_INPUT;
    }
    stylize_image_info info = {.struct_size = sizeof info};
    if (stylize_image_probe(p->ctx, &p->picture, &info, &err) != STYLIZE_OK) {
        message_failure(p->input, &err);
        return EXIT_INPUT;
    }
    if (p->format == STYLIZE_FORMAT_NONE)
        p->format = format_to_write(info.format, info.has_alpha);
    if (p->args->depth == 16 && p->format != STYLIZE_FORMAT_PNG && p->format != STYLIZE_FORMAT_TIFF) {
        message_error(p->input, "--depth 16 needs --format png or tiff; the output would be %s", format_name(p->format));
        return EXIT_USAGE;
    }
    return EXIT_DONE;
}

static int on_progress(void *user, float done)
{
    painting *p = user;
    atomic_store(&p->permille, (int)(1000 * done));
    return interrupted != 0;
}

/* A preview that cannot be written is told of once and costs nothing else. */
static int on_preview(void *user, const stylize_image *picture)
{
    painting *p = user;
    stylize_error err = {0};
    if (!p->preview_failed &&
        stylize_image_save(p->ctx, picture, p->args->preview, (int)p->args->quality, &err) != STYLIZE_OK) {
        p->preview_failed = true;
        message_failure(p->args->preview, &err);
    }
    return 0;
}

static bool fill(void *user, task *t)
{
    painting *p = user;
    if (p->filled)
        return false;
    p->filled = true;
    request_prepare(&t->request, p->args, &p->styles);
    t->request.content = &p->picture;
    t->request.output_format = p->format;
    t->request.progress = on_progress;
    t->request.progress_user = p;
    if (p->args->preview) {
        t->request.preview = on_preview;
        t->request.preview_user = p;
    }
    return true;
}

static void tick(void *user)
{
    painting *p = user;
    progress_update(0.001 * atomic_load(&p->permille));
}

static bool write_result(const painting *p, const task *t)
{
    if (p->to_stdout)
        return stdout_write(&t->result);
    stylize_error err = {0};
    if (stylize_image_save(p->ctx, &t->result, p->output, (int)p->args->quality, &err) == STYLIZE_OK)
        return true;
    message_failure(p->output, &err);
    return false;
}

static void finish(void *user, task *t)
{
    painting *p = user;
    progress_end();
    if (t->status != STYLIZE_OK) {
        p->code = exit_by_status(t->status);
        if (t->status == STYLIZE_ERR_CANCELLED && interrupted)
            message_error(p->input, "interrupted, nothing was written");
        else
            message_failure(p->input, &t->error);
        return;
    }
    if (!write_result(p, t)) {
        p->code = EXIT_OUTPUT;
        return;
    }
    report_damage(p->input, t);
    if (p->args->json) {
        p->code = json_print(report_json(p->input, p->output, t), 0) ? EXIT_DONE : EXIT_OUTPUT;
    } else if (!p->to_stdout && !p->args->quiet) {
        printf("%s  %u x %u  %.2f s\n", p->output, t->result.width, t->result.height,
               now_seconds() - p->start);
    }
}

static int run_one(painting *p)
{
    int code = style_set_load(&p->styles, p->ctx, p->args);
    if (code != EXIT_DONE || (code = load_input(p)) != EXIT_DONE)
        return code;
    if (!p->to_stdout)
        p->output = choose_output(p);
    const char *o = p->args->output;
    const int made = o && path_ends_in_slash(o) ? folder_make(o) : 0;
    if (made) {
        message_error(o, "the folder could not be made: %s", strerror(made));
        return EXIT_OUTPUT;
    }
    if (!check_output(p))
        return EXIT_OUTPUT;
    if (!p->args->quiet)
        progress_begin(path_base(p->input), 0);
    queue q = {.ctx = p->ctx, .user = p, .fill = fill, .finish = finish, .tick = tick, .tasks_max = 1};
    queue_run(&q);
    progress_end();
    return interrupted && !p->filled ? EXIT_SIGNAL + interrupted : p->code;
}

int command_paint(const cli_args *args)
{
    const char *input = args->inputs[0];
    if (args->input_count > 1 || path_is_folder(input))
        return paint_folder(args);
    painting p = {.args = args, .start = now_seconds()};
    p.from_stdin = strcmp(input, "-") == 0;
    p.input = p.from_stdin ? "standard input" : input;
    p.to_stdout = args->output ? strcmp(args->output, "-") == 0 : p.from_stdin;
    if (!choose_format(args, &p.format))
        return EXIT_USAGE;
    if (p.to_stdout && args->json) {
        message_error(NULL, "--json and a picture on the standard output exclude each other");
        return EXIT_USAGE;
    }
    int code = EXIT_DONE;
    p.ctx = context_create(args, args->thread_count ? args->threads[0] : 0, 0, &code);
    if (!p.ctx)
        return code;
    code = run_one(&p);
    stylize_ctx_destroy(p.ctx, STYLIZE_CANCEL);
    if (p.from_stdin)
        free(p.picture.pixels);
    else
        stylize_image_free(&p.picture);
    style_set_free(&p.styles);
    free(p.output);
    return code;
}
