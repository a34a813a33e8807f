#include "sheet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "canvas.h"
#include "common/names.h"
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

static const color paper = {250, 249, 246}, ink = {38, 38, 42}, faint = {122, 120, 118},
                   missing = {225, 222, 218};

/* One picture of the sheet. */
typedef struct cell {
    char *title;
    char *line; /* second line of the label: artist and year, or NULL */
    stylize_style_ref style;
    stylize_image picture; /* style picture, or nothing */
    stylize_image painted;
} cell;

/* What is written on it besides names. */
typedef struct words {
    const char *language, *original, *own;
} words;

static const words languages[] = {{"en", "Original", "your picture"}, {"zh", "原图", "你的图片"}};

typedef struct sheet {
    const cli_args *args;
    const words *words;
    stylize_ctx *ctx;
    const char *input;
    stylize_image content;  /* pixels, OVERSIZE times a cell's width and height */
    stylize_image original; /* of a cell's size */
    cell *cells;
    size_t count, next, finished, failed;
    lettering *letters; /* NULL: the sheet has no names */
    int code;
} sheet;

/* Painted larger than shown: strokes keep their shape when they are scaled down, and stay as bold
 * relative to the picture as one expects from a large painting. */
enum { OVERSIZE = 2 };

/* Lengths of a sheet in pixels, all from the size of its pictures. */
typedef struct layout {
    size_t columns, rows;
    int width, height; /* of a picture */
    int margin, gap, label;
    double title, line; /* heights of the capitals */
} layout;

static void add_cell(sheet *s, char *title, char *line, stylize_style_ref style)
{
    s->cells = memory_grow(s->cells, s->count + 1, sizeof *s->cells);
    s->cells[s->count++] = (cell){.title = title, .line = line, .style = style};
}

static char *artist_line(const stylize_style_info *info)
{
    if (!info->artist)
        return info->year ? text_format("%d", info->year) : NULL;
    return info->year ? text_format("%s, %d", info->artist, info->year) : text_format("%s", info->artist);
}

static void add_library_style(sheet *s, const stylize_style_info *info, const char *id)
{
    add_cell(s, text_format("%s", info->display_name), artist_line(info),
             (stylize_style_ref){.id = id, .weight = 1});
}

static int add_named(sheet *s, const style_arg *a, const stylize_style_info *list, size_t count)
{
    if (a->path) {
        const char *base = path_base(a->path);
        char *title = text_format("%.*s", (int)path_stem_length(base), base);
        add_cell(s, title, text_format("%s", s->words->own), (stylize_style_ref){.weight = 1});
        stylize_error err = {0};
        cell *c = &s->cells[s->count - 1];
        if (stylize_image_load(s->ctx, a->path, &c->picture, &err) == STYLIZE_OK)
            return EXIT_DONE;
        message_failure(a->path, &err);
        return EXIT_INPUT;
    }
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i].id, a->id) == 0) {
            add_library_style(s, &list[i], a->id);
            return EXIT_DONE;
        }
    style_unknown(a->id, list, count);
    return EXIT_USAGE;
}

/* list must live as long as the sheet: the ids are its. */
static int choose_styles(sheet *s, const stylize_style_info *list, size_t count)
{
    const cli_args *args = s->args;
    bool some_ids = false;
    for (size_t i = 0; i < args->style_count; i++)
        some_ids = some_ids || args->styles[i].id;
    for (size_t i = 0; !some_ids && i < count; i++)
        add_library_style(s, &list[i], list[i].id);
    int code = EXIT_DONE;
    for (size_t i = 0; i < args->style_count && code == EXIT_DONE; i++)
        code = add_named(s, &args->styles[i], list, count);
    for (size_t i = 0; i < s->count; i++) /* the array has its final place now */
        if (s->cells[i].picture.pixels)
            s->cells[i].style.picture = &s->cells[i].picture;
    if (code == EXIT_DONE && s->count == 0) {
        message_error(NULL, "the style library is empty");
        code = EXIT_ENGINE;
    }
    return code;
}

static uint32_t scaled(uint32_t length, double scale)
{
    const uint32_t n = (uint32_t)(length * scale + 0.5);
    return n < 16 ? 16 : n;
}

/* Decodes the photograph once and scales it: all requests share it. */
static int load_content(sheet *s)
{
    stylize_error err = {0};
    stylize_image file = {0}, full = {0};
    const uint32_t side = s->args->size_count ? s->args->sizes[0].side : 320;
    int code = EXIT_INPUT;
    if (stylize_image_load(s->ctx, s->input, &file, &err) != STYLIZE_OK ||
        stylize_image_decode(s->ctx, &file, &full, &err) != STYLIZE_OK)
        goto out;
    const double scale = (double)side / (full.width > full.height ? full.width : full.height);
    const uint32_t width = scaled(full.width, scale), height = scaled(full.height, scale);
    if (stylize_image_resize(s->ctx, &full, width, height, &s->original, &err) != STYLIZE_OK ||
        stylize_image_resize(s->ctx, &full, OVERSIZE * width, OVERSIZE * height, &s->content, &err) !=
            STYLIZE_OK)
        goto out;
    code = EXIT_DONE;

out:
    if (code != EXIT_DONE)
        message_failure(s->input, &err);
    stylize_image_free(&full);
    stylize_image_free(&file);
    return code;
}

static bool fill(void *user, task *t)
{
    sheet *s = user;
    if (s->next == s->count)
        return false;
    t->index = s->next++;
    const style_set styles = {.refs = &s->cells[t->index].style, .count = 1};
    request_prepare(&t->request, s->args, &styles);
    t->request.output_size = 0;
    t->request.content = &s->content;
    return true;
}

static void finish(void *user, task *t)
{
    sheet *s = user;
    cell *c = &s->cells[t->index];
    s->finished++;
    if (t->status == STYLIZE_OK)
        t->status = stylize_image_resize(s->ctx, &t->result, s->original.width, s->original.height,
                                         &c->painted, &t->error);
    if (t->status != STYLIZE_OK && t->status != STYLIZE_ERR_CANCELLED) {
        s->failed++;
        s->code = exit_by_status(t->status);
        message_failure(c->title, &t->error);
    }
    progress_update((double)s->finished);
}

static void tick(void *user) { progress_update((double)((const sheet *)user)->finished); }

/* Without --columns: as few empty places as possible with four to six in a row. */
static size_t choose_columns(size_t cells)
{
    if (cells <= 4)
        return cells;
    size_t best = 4, best_empty = SIZE_MAX;
    for (size_t n = 4; n <= 6; n++) {
        const size_t empty = (n - cells % n) % n;
        if (empty < best_empty) {
            best = n;
            best_empty = empty;
        }
    }
    return best;
}

static layout make_layout(const sheet *s)
{
    const size_t cells = s->count + 1;
    layout l = {.width = (int)s->original.width, .height = (int)s->original.height};
    const int side = l.width > l.height ? l.width : l.height;
    l.columns = s->args->columns ? s->args->columns : choose_columns(cells);
    if (l.columns > cells)
        l.columns = cells;
    l.rows = (cells + l.columns - 1) / l.columns;
    l.gap = side / 20 + 4;
    l.margin = side / 10 + 8;
    l.title = side / 28.0 < 7 ? 7 : side / 28.0;
    l.line = l.title * 0.8;
    l.label = s->letters ? (int)(4.6 * l.title) : 0;
    return l;
}

static void draw_cell(canvas *c, lettering *letters, const layout *l, size_t index,
                      const stylize_image *picture, const char *title, const char *line)
{
    const int x = l->margin + (int)(index % l->columns) * (l->width + l->gap);
    const int y = l->margin + (int)(index / l->columns) * (l->height + l->label + l->gap);
    if (picture->pixels)
        canvas_paste(c, picture, x, y);
    else
        canvas_fill(c, x, y, l->width, l->height, missing);
    if (!letters)
        return;
    const double base = y + l->height + 2.1 * l->title;
    canvas_text(c, letters, title, x + 1, base, l->title, l->width - 2, ink);
    if (line)
        canvas_text(c, letters, line, x + 1, base + 1.9 * l->title, l->line, l->width - 2, faint);
}

static int write_sheet(sheet *s, const char *output)
{
    const layout l = make_layout(s);
    canvas c;
    const size_t width = 2 * (size_t)l.margin + l.columns * (size_t)(l.width + l.gap) - (size_t)l.gap;
    const size_t height =
        2 * (size_t)l.margin + l.rows * (size_t)(l.height + l.label + l.gap) - (size_t)l.gap;
    if (!canvas_create(&c, width, height, paper)) {
        message_error(output, "a sheet of %zu x %zu pixels does not fit into memory", width, height);
        return EXIT_OUTPUT;
    }
    draw_cell(&c, s->letters, &l, 0, &s->original, s->words->original, NULL);
    for (size_t i = 0; i < s->count; i++)
        draw_cell(&c, s->letters, &l, i + 1, &s->cells[i].painted, s->cells[i].title, s->cells[i].line);
    const stylize_image picture = {.pixels = c.pixels,
                                   .width = (uint32_t)c.width,
                                   .height = (uint32_t)c.height,
                                   .format = STYLIZE_FORMAT_RGB8};
    stylize_error err = {0};
    stylize_image encoded = {0};
    stylize_format format = s->args->format ? s->args->format : format_by_path(output);
    int code = EXIT_DONE;
    if (stylize_image_encode(s->ctx, &picture, format ? format : STYLIZE_FORMAT_PNG, (int)s->args->quality,
                             &encoded, &err) != STYLIZE_OK ||
        stylize_image_save(s->ctx, &encoded, output, 0, &err) != STYLIZE_OK) {
        message_failure(output, &err);
        code = EXIT_OUTPUT;
    } else if (s->args->json) {
        json_t *j = json_pack("{s:o, s:o, s:I, s:I, s:I, s:I}", "input", json_text(s->input), "output",
                              json_text(output), "width", (json_int_t)width, "height", (json_int_t)height,
                              "styles", (json_int_t)s->count, "failed", (json_int_t)s->failed);
        code = json_print(j, 0) ? EXIT_DONE : EXIT_OUTPUT;
    } else if (!s->args->quiet) {
        printf("%s  %zu x %zu  %zu styles\n", output, width, height, s->count);
    }
    stylize_image_free(&encoded);
    canvas_free(&c);
    return code;
}

static int check_output(const cli_args *args, const char *input, const char *output)
{
    if (!args->output && !args->force && path_exists(output)) {
        message_error(output, "exists already, --force overwrites it");
        return EXIT_OUTPUT;
    }
    const char *base = path_base(output);
    if (!format_by_path(output) && (!args->format || base[path_stem_length(base)] == '.')) {
        message_error(output,
                      "no picture format has this ending, allowed are .jpg, .jpeg, .png, .webp and .tif");
        return EXIT_USAGE;
    }
    if (path_same(input, output)) {
        message_error(output, "is the input itself, which is never overwritten");
        return EXIT_OUTPUT;
    }
    return folder_check_writable(output) ? EXIT_DONE : EXIT_OUTPUT;
}

/* A sheet without names is said to be one, and what is where stands on the standard output. */
static void open_letters(sheet *s)
{
    const char *why;
    s->letters = lettering_open(s->words->language, &why);
    if (s->letters)
        return;
    message_note("the sheet has no names: %s", why);
    for (size_t i = 0; !s->args->json && !s->args->quiet && i < s->count; i++)
        printf("%3zu  %s\n", i + 2, s->cells[i].title);
}

static int run_sheet(sheet *s, const char *output)
{
    stylize_style_info *list = NULL;
    size_t count = 0;
    stylize_error err = {0};
    if (stylize_style_list(s->ctx, s->args->lang, &list, &count, &err) != STYLIZE_OK) {
        message_error(NULL, "%s", err.message);
        return EXIT_ENGINE;
    }
    int code = choose_styles(s, list, count);
    if (code == EXIT_DONE)
        code = load_content(s);
    if (code == EXIT_DONE) {
        if (!s->args->quiet)
            progress_begin("painting", s->count);
        queue q = {.ctx = s->ctx, .user = s, .fill = fill, .finish = finish, .tick = tick};
        q.tasks_max = queue_default_tasks(s->args->thread_count ? s->args->threads[0] : 0);
        queue_run(&q);
        progress_end();
        if (interrupted)
            code = EXIT_SIGNAL + interrupted;
        else if (s->failed == s->count)
            code = s->code;
        else {
            open_letters(s);
            code = write_sheet(s, output);
            lettering_close(s->letters);
        }
        if (code == EXIT_DONE && s->failed)
            code = EXIT_SOME_FAILED;
    }
    stylize_free(list);
    return code;
}

int command_sheet(const cli_args *args)
{
    sheet s = {.args = args, .words = languages, .input = args->inputs[0]};
    for (size_t i = 1; args->lang && i < APP_LEN(languages); i++)
        if (strcmp(args->lang, languages[i].language) == 0)
            s.words = &languages[i];
    int code = EXIT_DONE;
    const char *base = path_base(s.input);
    char *output = args->output ? text_format("%s", args->output)
                                : text_format("%.*s%.*s.sheet.%s", (int)(base - s.input), s.input,
                                              (int)path_stem_length(base), base,
                                              args->format ? format_ending(args->format) : "png");
    if ((code = check_output(args, s.input, output)) == EXIT_DONE &&
        (s.ctx = context_create(args, args->thread_count ? args->threads[0] : 0, 0, &code))) {
        code = run_sheet(&s, output);
        stylize_ctx_destroy(s.ctx, STYLIZE_CANCEL);
    }
    for (size_t i = 0; i < s.count; i++) {
        free(s.cells[i].title);
        free(s.cells[i].line);
        stylize_image_free(&s.cells[i].picture);
        stylize_image_free(&s.cells[i].painted);
    }
    free(s.cells);
    stylize_image_free(&s.content);
    stylize_image_free(&s.original);
    free(output);
    return code;
}
