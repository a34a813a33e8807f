#include "styles.h"

#include <stdio.h>
#include <string.h>

#include "common/utf8.h"
#include "context.h"
#include "exit.h"
#include "json_out.h"
#include "message.h"

/* Columns on a terminal: East Asian wide characters take two. */
static int display_width(const char *text)
{
    int width = 0;
    size_t left = strlen(text);
    uint32_t code;
    for (size_t n; left; left -= n, text += n) {
        n = utf8_read(text, left, &code);
        if (!n) {
            n = 1;
            code = 0xFFFD;
        }
        const bool wide = code >= 0x10000 || (code >= 0x1100 && code <= 0x115F) ||
                          (code >= 0x2E80 && code <= 0xD7A3) || (code >= 0xF900 && code <= 0xFAFF) ||
                          (code >= 0xFE30 && code <= 0xFE6F) || (code >= 0xFF00 && code <= 0xFF60);
        width += wide ? 2 : 1;
    }
    return width;
}

static void print_cell(const char *text, int column)
{
    fputs(text, stdout);
    for (int i = display_width(text); i < column + 2; i++)
        putchar(' ');
}

enum { ID, NAME, ARTIST, YEAR, COLUMNS };

static void row_of(const stylize_style_info *s, const char *row[COLUMNS], char year[16])
{
    year[0] = '\0';
    if (s->year)
        snprintf(year, 16, "%d", s->year);
    row[ID] = s->id;
    row[NAME] = s->display_name;
    row[ARTIST] = s->artist ? s->artist : "";
    row[YEAR] = year;
}

static void print_table(const stylize_style_info *list, size_t count)
{
    static const char *const heads[COLUMNS] = {"id", "name", "artist", "year"};
    int widths[COLUMNS];
    const char *row[COLUMNS];
    char year[16];
    for (int k = 0; k < COLUMNS; k++)
        widths[k] = (int)strlen(heads[k]);
    for (size_t i = 0; i < count; i++) {
        row_of(&list[i], row, year);
        for (int k = 0; k < COLUMNS; k++)
            widths[k] = display_width(row[k]) > widths[k] ? display_width(row[k]) : widths[k];
    }
    for (int k = 0; k < COLUMNS; k++)
        print_cell(heads[k], widths[k]);
    puts("model");
    for (size_t i = 0; i < count; i++) {
        row_of(&list[i], row, year);
        for (int k = 0; k < COLUMNS; k++)
            print_cell(row[k], widths[k]);
        puts(list[i].model ? list[i].model : "");
    }
}

static void set_text(json_t *object, const char *key, const char *text)
{
    json_object_set_new(object, key, text ? json_text(text) : json_null());
}

static json_t *to_json(const stylize_style_info *list, size_t count)
{
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++) {
        const stylize_style_info *s = &list[i];
        json_t *o = json_object();
        set_text(o, "id", s->id);
        set_text(o, "name", s->display_name);
        set_text(o, "artist", s->artist);
        json_object_set_new(o, "year", s->year ? json_integer(s->year) : json_null());
        set_text(o, "model", s->model);
        set_text(o, "licence", s->licence);
        set_text(o, "preview", s->preview_image);
        json_object_set_new(o, "recommended_size", json_integer(s->recommended_size));
        json_object_set_new(o, "blendable", json_boolean(s->blendable));
        json_array_append_new(array, o);
    }
    return array;
}

int command_styles(const cli_args *args)
{
    int code = EXIT_DONE;
    stylize_ctx *ctx = context_create(args, 1, 0, &code);
    if (!ctx)
        return code;
    stylize_style_info *list;
    size_t count;
    stylize_error err;
    if (stylize_style_list(ctx, args->lang, &list, &count, &err) != STYLIZE_OK) {
        message_error(NULL, "%s", err.message);
        stylize_ctx_destroy(ctx, STYLIZE_CANCEL);
        return EXIT_ENGINE;
    }
    if (args->json) {
        code = json_print(to_json(list, count), JSON_INDENT(2)) ? EXIT_DONE : EXIT_OUTPUT;
    } else {
        for (size_t i = 0; args->ids && i < count; i++)
            puts(list[i].id);
        if (!args->ids)
            print_table(list, count);
        if (fflush(stdout) != 0)
            code = EXIT_OUTPUT;
    }
    stylize_free(list);
    stylize_ctx_destroy(ctx, STYLIZE_CANCEL);
    return code;
}
