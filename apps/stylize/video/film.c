/* The command stylize video: from a film to a film, frame by frame through a sequence of the library. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libavutil/log.h>

#include "common/clock.h"
#include "context.h"
#include "exit.h"
#include "json_out.h"
#include "memory.h"
#include "message.h"
#include "path.h"
#include "progress.h"
#include "request.h"
#include "style.h"
#include "video.h"
#include "video/failure.h"
#include "video/sink.h"
#include "video/source.h"

typedef struct film {
    const cli_args *args;
    const char *input;
    char *output;
    stylize_ctx *ctx;
    style_set styles;
    stylize_request request;
    stylize_sequence *sequence;
    source in;
    sink out;
    bool opened;   /* the sink */
    bool pictures; /* it keeps alpha, and odd sides */
    stylize_frame_matrix matrix;
    uint64_t written;
    double begun;
} film;

/* ------------------------------------------------------------------ what is asked for */

/* Sides that encoders take are even; a painting of another size is cut by a pixel. */
static uint32_t even(double side) { return (uint32_t)(side < 16 ? 16 : (uint32_t)(side / 2 + 0.5) * 2); }

static void choose_size(film *f, uint32_t width, uint32_t height)
{
    stylize_request *r = &f->request;
    if (f->pictures) {
        r->output_width = r->output_size ? 0 : r->output_width ? r->output_width : width;
        r->output_height = r->output_size ? 0 : r->output_height ? r->output_height : height;
        if (r->output_size) {
            const double scale = (double)r->output_size / (width > height ? width : height);
            r->output_width = (uint32_t)(width * scale + 0.5 < 16 ? 16 : width * scale + 0.5);
            r->output_height = (uint32_t)(height * scale + 0.5 < 16 ? 16 : height * scale + 0.5);
        }
        r->output_size = 0;
        return;
    }
    double w = width & ~1u, h = height & ~1u;
    if (r->output_size) {
        const double scale = (double)r->output_size / (width > height ? width : height);
        w = width * scale;
        h = height * scale;
    } else if (r->output_width) {
        w = r->output_width;
        h = r->output_height;
    }
    r->output_size = 0;
    r->output_width = even(w);
    r->output_height = even(h);
}

/* Styles with times: each goes over into the next between their times. */
static bool styles_change(const cli_args *args) { return args->style_count > 1 && args->styles[1].at >= 0; }

static void weigh(const film *f, stylize_style_ref *refs, double at)
{
    const style_arg *s = f->args->styles;
    const size_t n = f->args->style_count;
    size_t i = 0;
    while (i + 1 < n && s[i + 1].at <= at)
        i++;
    const double part = i + 1 < n && at > s[i].at ? (at - s[i].at) / (s[i + 1].at - s[i].at) : 0;
    for (size_t j = 0; j < n; j++) {
        refs[j] = f->styles.refs[j];
        refs[j].weight = j == i ? (float)(1 - part) : j == i + 1 ? (float)part : 0;
    }
}

static int check_times(const cli_args *args)
{
    if (args->to > 0 && args->to <= args->from)
        message_error("--to", "%g is not after --from %g", args->to, args->from);
    else if (args->input_count != 1)
        message_error(NULL, "stylize video needs one film, %zu are given", args->input_count);
    else if (args->style_count == 0)
        message_error(NULL, "no style given: --style ID or --style-image FILE; stylize styles lists the ids");
    else {
        for (size_t i = 0; i < args->style_count; i++)
            if (args->styles[i].at >= 0
                    ? !styles_change(args) || (i && args->styles[i].at <= args->styles[i - 1].at)
                    : styles_change(args)) {
                message_error("--style",
                              "styles that change need two or more, each with a time, which rises: a@0,b@10");
                return EXIT_USAGE;
            }
        return EXIT_DONE;
    }
    return EXIT_USAGE;
}

static bool folder_is_empty(const char *path)
{
    DIR *folder = opendir(path);
    const struct dirent *d = NULL;
    while (folder && (d = readdir(folder)) != NULL)
        if (strcmp(d->d_name, ".") && strcmp(d->d_name, ".."))
            break;
    if (folder)
        closedir(folder);
    return folder && !d;
}

/* A folder that is there must be empty: nothing in it is overwritten. */
static int check_folder(const char *path)
{
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/')
        n--;
    char *name = text_format("%.*s", (int)n, path), *beside = text_format("%.*s.tmp", (int)n, path);
    bool ok = false;
    if (path_exists(name) && !folder_is_empty(name))
        message_error(path, "is there already, and not an empty folder; name another one");
    else
        ok = folder_check_writable(beside);
    free(beside);
    free(name);
    return ok ? EXIT_DONE : EXIT_OUTPUT;
}

static int check_pipe(const cli_args *args)
{
    if (args->json)
        message_error("--json", "the standard output has the film; -o names a file for it");
    else if (isatty(STDOUT_FILENO))
        message_error("-o -", "the standard output is a terminal; pipe it into a program, or name a file");
    else
        return EXIT_DONE;
    return EXIT_USAGE;
}

static int choose_output(film *f)
{
    const cli_args *args = f->args;
    const char *in = strcmp(f->input, "-") && strncmp(f->input, "/dev/", 5) ? f->input : "painted",
               *base = path_base(in), *dot = strrchr(base, '.');
    size_t length = strlen(in);
    while (length > 1 && in[length - 1] == '/')
        length--;
    if (args->output)
        f->output = text_format("%s", args->output);
    else if (path_is_folder(in))
        f->output = text_format("%.*s.%s/", (int)length, in, f->styles.label);
    else
        f->output = text_format("%.*s%.*s.%s%s", (int)(base - in), in, (int)path_stem_length(in), base,
                                f->styles.label, dot && dot > base ? dot : ".mp4");
    const sink_kind kind = sink_kind_of(f->output);
    f->pictures = kind != SINK_PIPE && sink_keeps_alpha(f->output);
    if (kind == SINK_PIPE)
        return check_pipe(args);
    if (path_same(f->input, f->output))
        message_error(f->output, "is the input itself, which is never overwritten");
    else if (!args->output && !args->force && path_exists(f->output))
        message_error(f->output, "exists already, --force overwrites it");
    else if (kind == SINK_FOLDER)
        return check_folder(f->output);
    else if (folder_check_writable(f->output))
        return EXIT_DONE;
    return EXIT_OUTPUT;
}

/* ------------------------------------------------------------------ frames */

/* A camera's film ends in order when somebody asks for its end; others are broken off. */
static bool broken_off(const film *f) { return interrupted && !f->in.live; }
static bool over(const film *f) { return interrupted || f->out.gone; }

static int sequence_failure(const film *f, const stylize_error *err)
{
    if (broken_off(f))
        return EXIT_SIGNAL + interrupted;
    message_failure(f->input, err);
    return exit_by_status(err->status);
}

/* Fetches one painting and encodes it. -1: none is in work. */
static int fetch(film *f)
{
    stylize_error err = {0};
    stylize_frame result;
    const int code = sink_room(&f->out, &result);
    if (code != EXIT_DONE)
        return code;
    result.matrix = f->matrix;
    const stylize_status status = stylize_sequence_pull(f->sequence, &result, &err);
    if (status == STYLIZE_ERR_NOT_FOUND)
        return -1;
    if (status != STYLIZE_OK)
        return sequence_failure(f, &err);
    f->written++;
    progress_update((double)f->written);
    return sink_encode(&f->out, &f->in, result.tag);
}

/* The first frame says how large the film is, and what its colours mean. */
static int begin(film *f, const stylize_frame *frame)
{
    stylize_error err = {0};
    stylize_sequence_options o;
    stylize_sequence_init(&o, sizeof o);
    choose_size(f, frame->width, frame->height);
    f->matrix = frame->matrix          ? frame->matrix
                : frame->height >= 720 ? STYLIZE_MATRIX_BT709
                                       : STYLIZE_MATRIX_BT601;
    o.request = &f->request;
    o.stability = (float)f->args->stability;
    if (stylize_sequence_create(&f->sequence, f->ctx, &o, &err) != STYLIZE_OK) {
        message_failure(f->input, &err);
        return EXIT_USAGE;
    }
    const sink_wish wish = {.width = (int)f->request.output_width,
                            .height = (int)f->request.output_height,
                            .codec = f->args->codec,
                            .container = f->args->container,
                            .quality = (int)f->args->quality,
                            .format = f->args->format,
                            .ctx = f->ctx,
                            .crf = f->args->crf ? (int)f->args->crf - 1 : -1};
    f->opened = true;
    const int code = sink_open(&f->out, &f->in, f->output, &wish);
    if (!f->args->quiet)
        progress_begin("painting", source_count(&f->in));
    return code;
}

static int paint(film *f, stylize_frame *frame)
{
    stylize_error err = {0};
    stylize_style_ref refs[STYLIZE_STYLES_MAX];
    stylize_request r = f->request;
    int code = f->opened ? EXIT_DONE : begin(f, frame);
    if (code != EXIT_DONE)
        return code;
    r.output_size = 0;
    r.output_width = f->request.output_width;
    r.output_height = f->request.output_height;
    if (styles_change(f->args)) {
        weigh(f, refs, source_seconds(&f->in, frame->tag));
        r.styles = refs;
    }
    stylize_status status;
    while (code == EXIT_DONE && !over(f) &&
           (status = stylize_sequence_push(f->sequence, frame, &r, &err)) != STYLIZE_OK) {
        if (status != STYLIZE_ERR_QUEUE_FULL)
            return sequence_failure(f, &err);
        code = fetch(f);
        if (code < 0)
            return sequence_failure(f, &err);
    }
    return code;
}

/* All frames that the decoder has. */
static int paint_decoded(film *f)
{
    stylize_frame frame;
    int found, code = EXIT_DONE;
    while (code == EXIT_DONE && !over(f) && (found = source_frame(&f->in, &frame)) != 0)
        code = found < 0 ? EXIT_INPUT : paint(f, &frame);
    return code;
}

/* Sound and text that come before the first frame wait for the file to be there. */
typedef struct waiting {
    AVPacket **packets;
    size_t count;
} waiting;

static int copy_or_wait(film *f, waiting *w)
{
    int code = EXIT_DONE;
    if (f->opened) {
        for (size_t i = 0; i < w->count; i++) {
            code = code == EXIT_DONE ? sink_copy(&f->out, &f->in, w->packets[i]) : code;
            av_packet_free(&w->packets[i]);
        }
        w->count = 0;
        return code == EXIT_DONE ? sink_copy(&f->out, &f->in, f->in.packet) : code;
    }
    w->packets = memory_grow(w->packets, w->count + 1, sizeof *w->packets);
    w->packets[w->count] = av_packet_clone(f->in.packet);
    w->count += w->packets[w->count] != NULL;
    return EXIT_DONE;
}

static int read_all(film *f, waiting *w)
{
    source_event event = SOURCE_FRAMES;
    int code = EXIT_DONE;
    while (code == EXIT_DONE && !over(f) && !f->in.ended && (event = source_read(&f->in)) > SOURCE_END)
        code = event == SOURCE_OTHER ? copy_or_wait(f, w) : paint_decoded(f);
    return event == SOURCE_FAILED ? EXIT_INPUT : code;
}

static int run(film *f, waiting *w)
{
    int code = read_all(f, w);
    if (code == EXIT_DONE && !over(f) && f->in.frames == 0 && source_is_cut(&f->in))
        return EXIT_INPUT;
    if (code == EXIT_DONE && !over(f) && f->in.frames == 0) {
        message_error(f->input,
                      f->in.seen > 0 ? "has no frame between --from and --to; it ends at %.1f s"
                                     : "has no frame that can be decoded",
                      f->in.seen);
        return EXIT_INPUT;
    }
    if (code == EXIT_DONE && !over(f) && !f->args->tolerant && !source_complete(&f->in))
        return EXIT_INPUT;
    while (code == EXIT_DONE && f->sequence && !broken_off(f) && !f->out.gone)
        code = fetch(f);
    if (broken_off(f))
        return EXIT_SIGNAL + interrupted;
    if (!f->opened && interrupted)
        return EXIT_SIGNAL + interrupted; /* a camera that never showed anything */
    return code <= 0 ? sink_finish(&f->out, &f->in) : code;
}

static int report(const film *f)
{
    const double seconds = now_seconds() - f->begun;
    if (f->in.damaged)
        message_note("%s: damaged in %llu places, which were left out", f->input,
                     (unsigned long long)f->in.damaged);
    if (f->args->json) {
        json_t *j = json_object();
        json_object_set_new(j, "input", json_text(f->input));
        json_object_set_new(j, "output", json_text(f->output));
        json_object_set_new(j, "width", json_integer(f->request.output_width));
        json_object_set_new(j, "height", json_integer(f->request.output_height));
        json_object_set_new(j, "frames", json_integer((json_int_t)f->written));
        json_object_set_new(j, "seconds", json_real(seconds));
        return json_print(j, JSON_INDENT(2)) ? EXIT_DONE : EXIT_OUTPUT;
    }
    message_note("%s: %llu frames, %.1f a second", f->output, (unsigned long long)f->written,
                 seconds > 0 ? (double)f->written / seconds : 0);
    return EXIT_DONE;
}

static int prepare(film *f)
{
    int code = EXIT_DONE;
    f->ctx = context_create(f->args, f->args->thread_count ? f->args->threads[0] : 0, 0, &code);
    if (!f->ctx)
        return code;
    code = style_set_load(&f->styles, f->ctx, f->args);
    if (code == EXIT_DONE)
        code = choose_output(f);
    if (code != EXIT_DONE)
        return code;
    stylize_request_init(&f->request, sizeof f->request);
    request_prepare(&f->request, f->args, &f->styles);
    const source_wish wish = {.from = f->args->from,
                              .to = f->args->to,
                              .rate = f->args->rate,
                              .format = f->args->input_format,
                              .ctx = f->ctx,
                              .alpha = f->pictures};
    return source_open(&f->in, f->input, &wish);
}

int command_video(const cli_args *args)
{
    int code = check_times(args);
    if (code != EXIT_DONE)
        return code;
    film f = {.args = args, .input = args->inputs[0], .begun = now_seconds()};
    waiting w = {0};
    av_log_set_level(args->verbose ? AV_LOG_WARNING : AV_LOG_QUIET);
    code = prepare(&f);
    if (code == EXIT_DONE) {
        code = run(&f, &w);
        progress_end();
    }
    for (size_t i = 0; i < w.count; i++)
        av_packet_free(&w.packets[i]);
    free(w.packets);
    sink_close(&f.out);
    stylize_sequence_destroy(f.sequence);
    source_close(&f.in);
    style_set_free(&f.styles);
    stylize_ctx_destroy(f.ctx, STYLIZE_CANCEL);
    if (code == EXIT_DONE)
        code = report(&f);
    free(f.output);
    return code;
}
