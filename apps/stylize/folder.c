#include "folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collect.h"
#include "common/clock.h"
#include "context.h"
#include "exit.h"
#include "json_out.h"
#include "memory.h"
#include "message.h"
#include "path.h"
#include "progress.h"
#include "queue.h"
#include "request.h"
#include "style.h"

typedef struct folder_run {
    const cli_args *args;
    stylize_ctx *ctx;
    style_set styles;
    file_list files;
    uint32_t tasks_max;
    size_t next;
    size_t painted, failed, skipped;
    int fatal; /* exit code of an error that concerns all pictures, 0: none */
} folder_run;

/* subject: the file that the trouble is with, input or output. */
static void print_failure(folder_run *r, const char *subject, const file_entry *e, const task *t)
{
    message_failure(subject, &t->error);
    r->failed++;
    if (r->args->json)
        json_print(report_json(e->input, e->output, t), JSON_COMPACT);
}

/* text: why it is none of the pictures that can be read, after its name. */
static void print_skipped(const char *input, const char *text)
{
    const size_t n = strlen(input);
    const bool named = strncmp(text, input, n) == 0 && text[n] == ' ';
    message_note("%s: skipped, it %s", input, named ? text + n + 1 : "is not a picture");
}

/* The file of entry `index`, encoded; false if it cannot be painted. */
static bool load(folder_run *r, task *t, const file_entry *e)
{
    stylize_image_info info = {.struct_size = sizeof info};
    t->status = stylize_image_load(r->ctx, e->input, &t->input, &t->error);
    if (t->status == STYLIZE_OK)
        t->status = stylize_image_probe(r->ctx, &t->input, &info, &t->error);
    if (t->status == STYLIZE_OK)
        return true;
    stylize_image_free(&t->input);
    if (t->status == STYLIZE_ERR_FORMAT && !e->named) {
        print_skipped(e->input, t->error.message);
        r->skipped++;
    } else {
        print_failure(r, e->input, e, t);
    }
    return false;
}

static bool fill(void *user, task *t)
{
    folder_run *r = user;
    while (r->next < r->files.count && !interrupted && !r->fatal) {
        const file_entry *e = &r->files.entries[r->next];
        t->index = r->next++;
        if (!load(r, t, e))
            continue;
        request_prepare(&t->request, r->args, &r->styles);
        t->request.content = &t->input;
        t->request.output_format = format_by_path(e->output);
        t->bytes = queue_estimate(r->ctx, &t->input, &t->request);
        return true;
    }
    return false;
}

static bool save(const folder_run *r, task *t, const file_entry *e)
{
    char *folder = path_folder(e->output);
    const int code = folder_make(folder);
    free(folder);
    if (code) {
        t->status = STYLIZE_ERR_IO;
        snprintf(t->error.message, sizeof t->error.message, "%s", strerror(code));
        return false;
    }
    t->status = stylize_image_save(r->ctx, &t->result, e->output, (int)r->args->quality, &t->error);
    return t->status == STYLIZE_OK;
}

/* Of what a picture is made may be unsupported too, as a JPEG of 12 bits. */
static bool can_be_read(const folder_run *r, const task *t)
{
    stylize_image pixels = {0};
    const bool can = stylize_image_decode(r->ctx, &t->input, &pixels, NULL) == STYLIZE_OK;
    stylize_image_free(&pixels);
    return can;
}

static void finish(void *user, task *t)
{
    folder_run *r = user;
    const file_entry *e = &r->files.entries[t->index];
    if (t->status == STYLIZE_ERR_CANCELLED)
        return;
    /* These are not about the picture: the next one would fail in the same way. */
    const bool for_all = t->status == STYLIZE_ERR_NOT_FOUND || t->status == STYLIZE_ERR_MODEL ||
                         (t->status == STYLIZE_ERR_UNSUPPORTED && can_be_read(r, t));
    if (for_all && !r->fatal) {
        r->fatal = EXIT_ENGINE;
        message_error(NULL, "%s", t->error.message);
    }
    if (for_all)
        return;
    if (t->status != STYLIZE_OK) {
        print_failure(r, e->input, e, t);
    } else if (!save(r, t, e)) {
        print_failure(r, e->output, e, t);
    } else {
        r->painted++;
        report_damage(e->input, t);
        if (r->args->json)
            json_print(report_json(e->input, e->output, t), JSON_COMPACT);
    }
    progress_update((double)(r->painted + r->failed + r->skipped));
}

static void tick(void *user)
{
    const folder_run *r = user;
    progress_update((double)(r->painted + r->failed + r->skipped));
}

static void print_summary(const folder_run *r, double seconds)
{
    const size_t failed = r->failed + r->files.failed, skipped = r->skipped + r->files.skipped;
    if (r->args->json) {
        json_print(json_pack("{s:b, s:I, s:I, s:I, s:I, s:f}", "interrupted", interrupted != 0, "painted",
                             (json_int_t)r->painted, "failed", (json_int_t)failed, "skipped",
                             (json_int_t)skipped, "done_before", (json_int_t)r->files.done_before, "seconds",
                             seconds),
                   JSON_COMPACT);
        return;
    }
    if (r->args->quiet)
        return;
    printf("%zu painted in %.1f s", r->painted, seconds);
    if (r->painted > 1 && seconds > 0)
        printf(" (%.2f pictures/s)", (double)r->painted / seconds);
    if (r->files.done_before)
        printf(", %zu done before", r->files.done_before);
    if (skipped)
        printf(", %zu skipped", skipped);
    if (failed)
        printf(", %zu failed", failed);
    putchar('\n');
    fflush(stdout);
    if (interrupted)
        message_note("interrupted, --resume goes on from here");
}

/* Fails now rather than after the first picture. */
static int make_output_folder(const cli_args *args)
{
    if (!args->output)
        return EXIT_DONE;
    const int code = folder_make(args->output);
    if (code) {
        message_error(args->output, "the folder could not be made: %s", strerror(code));
        return EXIT_OUTPUT;
    }
    char *inside = text_format("%s/x", args->output);
    const bool ok = folder_check_writable(inside);
    free(inside);
    return ok ? EXIT_DONE : EXIT_OUTPUT;
}

static int run_all(folder_run *r)
{
    const double start = now_seconds();
    const cli_args *args = r->args;
    int code = style_set_load(&r->styles, r->ctx, args);
    if (code != EXIT_DONE || (code = file_list_collect(&r->files, args, r->styles.label)) != EXIT_DONE ||
        (code = make_output_folder(args)) != EXIT_DONE)
        return code;
    queue q = {.ctx = r->ctx, .user = r, .fill = fill, .finish = finish, .tick = tick};
    q.tasks_max = r->tasks_max;
    q.bytes_max = queue_default_bytes();
    if (!args->quiet)
        progress_begin("painting", r->files.count);
    queue_run(&q);
    progress_end();
    print_summary(r, now_seconds() - start);
    if (interrupted)
        return EXIT_SIGNAL + interrupted;
    if (r->fatal)
        return r->fatal;
    return r->failed + r->files.failed ? EXIT_SOME_FAILED : EXIT_DONE;
}

int paint_folder(const cli_args *args)
{
    if (args->output && strcmp(args->output, "-") == 0) {
        message_error(NULL, "several pictures cannot go to the standard output: -o FOLDER is needed");
        return EXIT_USAGE;
    }
    const uint32_t threads = args->thread_count ? args->threads[0] : 0;
    folder_run r = {.args = args, .tasks_max = args->jobs ? (uint32_t)args->jobs : queue_default_tasks(threads)};
    int code = EXIT_DONE;
    r.ctx = context_create(args, threads, r.tasks_max, &code);
    if (!r.ctx)
        return code;
    code = run_all(&r);
    stylize_ctx_destroy(r.ctx, STYLIZE_CANCEL);
    style_set_free(&r.styles);
    file_list_free(&r.files);
    return code;
}
