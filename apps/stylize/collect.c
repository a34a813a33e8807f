#include "collect.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/names.h"
#include "exit.h"
#include "memory.h"
#include "message.h"
#include "path.h"
#include "system.h"

typedef struct collector {
    file_list *list;
    const cli_args *args;
    const char *label;
    const char *root; /* folder of the outputs, no slash at its end; NULL: beside each input */
    size_t room;
    size_t folders_left; /* not entered for lack of --recursive */
} collector;

static void add(collector *c, char *input, char *output, bool named)
{
    file_list *list = c->list;
    if (list->count == c->room) {
        c->room = c->room ? 2 * c->room : 64;
        list->entries = memory_grow(list->entries, c->room, sizeof *list->entries);
    }
    list->entries[list->count++] = (file_entry){.input = input, .output = output, .named = named};
}

/* The output's name: that of the input, with the ending of --format if it asks for another. */
static char *name_output(const collector *c, const char *folder, const char *name)
{
    const stylize_format own = format_by_path(name);
    const stylize_format want = c->args->format ? c->args->format : own ? own : STYLIZE_FORMAT_JPEG;
    const char *base = path_base(name);
    const int stem = (int)(base - name) + (int)path_stem_length(name);
    const char *ending = own == want ? strrchr(base, '.') + 1 : format_ending(want);
    if (folder)
        return text_format("%s/%.*s.%s", folder, stem, name, ending);
    return text_format("%.*s.%s.%s", stem, name, c->label, ending);
}

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* A name in a folder. */
static char *below(const char *top, const char *relative)
{
    return text_format("%s%s%s", top, path_ends_in_slash(top) ? "" : "/", relative);
}

static void walk(collector *c, const char *top, const char *relative, const char *root);

/* relative: the file's path under the folder `top` of the command line. */
static void visit(collector *c, const char *top, char *relative, const char *root)
{
    char *path = below(top, relative);
    system_file file, link;
    int code = system_look(path, false, &link);
    if (!code)
        code = system_look(path, true, &file);
    if (code) {
        message_error(path, "%s", strerror(code));
        c->list->failed++;
    } else if (file.folder) {
        /* Links to folders are not followed: they may lead in a circle. */
        if (!c->args->recursive)
            c->folders_left++;
        else if (!link.link && !path_same(path, root))
            walk(c, top, relative, root);
    } else if (file.regular && path_is_picture(relative)) {
        add(c, path, name_output(c, root, relative), false);
        return;
    } else {
        message_note("%s: skipped, its name is not that of a picture", path);
        c->list->skipped++;
    }
    free(path);
}

static void walk(collector *c, const char *top, const char *relative, const char *root)
{
    char *path = below(top, relative), **names;
    size_t count;
    const int code = system_names(path, &names, &count);
    if (code) {
        message_error(path, "%s", strerror(code));
        c->list->failed++;
    }
    free(path);
    if (count > 1)
        qsort(names, count, sizeof *names, by_name);
    for (size_t i = 0; i < count; i++) {
        char *name = text_format("%s%s%s", relative, *relative ? "/" : "", names[i]);
        visit(c, top, name, root);
        free(name);
        free(names[i]);
    }
    free(names);
}

/* Without -o the outputs of photos/ go to photos.LABEL/ beside it. */
static int add_folder(collector *c, const char *input)
{
    if (c->root) {
        walk(c, input, "", c->root);
        return EXIT_DONE;
    }
    size_t n = strlen(input);
    while (n > 1 && system_slash(input[n - 1]))
        n--;
    char *root = text_format("%.*s.%s", (int)n, input, c->label);
    const bool nameless = system_slash(input[n - 1]) || input[n - 1] == '.';
    if (nameless)
        message_error(input, "-o FOLDER is needed for a folder without a name of its own");
    else
        walk(c, input, "", root);
    free(root);
    return nameless ? EXIT_USAGE : EXIT_DONE;
}

static int add_input(collector *c, const char *input)
{
    system_file file;
    if (strcmp(input, "-") == 0) {
        message_error(NULL, "the standard input cannot be one of several inputs");
        return EXIT_USAGE;
    }
    const int code = system_look(input, true, &file);
    if (code) {
        message_error(input, "%s", strerror(code));
        c->list->failed++;
        return EXIT_DONE;
    }
    if (file.folder)
        return add_folder(c, input);
    add(c, text_format("%s", input), name_output(c, c->root, c->root ? path_base(input) : input), true);
    return EXIT_DONE;
}

static int by_output(const void *a, const void *b)
{
    const file_entry *const *x = a, *const *y = b;
    const int order = system_compare((*x)->output, (*y)->output);
    return order ? order : (*x > *y) - (*x < *y);
}

static void entry_free(file_entry *e)
{
    free(e->input);
    free(e->output);
    *e = (file_entry){0};
}

/* Removes the entries that were emptied. */
static void compact(file_list *list)
{
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++)
        if (list->entries[i].input)
            list->entries[kept++] = list->entries[i];
    list->count = kept;
}

/* Two inputs of one output name: the first one keeps it, the others count as failed. */
static void drop_collisions(file_list *list)
{
    file_entry **sorted = memory_get(list->count, sizeof *sorted);
    for (size_t i = 0; i < list->count; i++)
        sorted[i] = &list->entries[i];
    if (list->count > 1)
        qsort(sorted, list->count, sizeof *sorted, by_output);
    for (size_t i = 1, first = 0; i < list->count; i++) {
        if (system_compare(sorted[i]->output, sorted[first]->output) != 0) {
            first = i;
            continue;
        }
        message_error(sorted[i]->input, "left out, its output %s is that of %s", sorted[i]->output,
                      sorted[first]->input);
        entry_free(sorted[i]);
        list->failed++;
        sorted[i] = sorted[first];
    }
    free(sorted);
    compact(list);
}

static bool is_newer(const char *a, const char *b)
{
    system_file s, t;
    return !system_look(a, true, &s) && !system_look(b, true, &t) && s.changed_ns > t.changed_ns;
}

/* What exists already: an error, or left out with --resume. */
static int check_existing(file_list *list, const cli_args *args)
{
    size_t existing = 0;
    const char *example = NULL;
    for (size_t i = 0; i < list->count; i++) {
        file_entry *e = &list->entries[i];
        if (!path_exists(e->output))
            continue;
        if (path_same(e->input, e->output)) {
            message_error(e->output, "is the input itself, which is never overwritten");
            return EXIT_OUTPUT;
        }
        if (args->resume && is_newer(e->output, e->input)) {
            entry_free(e);
            list->done_before++;
        } else if (!args->resume && !args->force) {
            existing++;
            example = example ? example : e->output;
        }
    }
    if (existing > 0) {
        message_error(example, "exists already%s; --resume paints only what is new, --force paints all again",
                      existing > 1 ? ", as do others" : "");
        return EXIT_OUTPUT;
    }
    compact(list);
    return EXIT_DONE;
}

int file_list_collect(file_list *list, const cli_args *args, const char *label)
{
    *list = (file_list){0};
    collector c = {.list = list, .args = args, .label = label};
    char *root = args->output ? text_format("%s", args->output) : NULL;
    for (size_t n = root ? strlen(root) : 0; n > 1 && system_slash(root[n - 1]); n--)
        root[n - 1] = '\0';
    c.root = root;
    int code = EXIT_DONE;
    if (root && path_exists(root) && !path_is_folder(root)) {
        message_error(root, "is a file, but several pictures need a folder");
        code = EXIT_OUTPUT;
    } else if (root && format_by_path(root) && !path_exists(root)) {
        message_error(root, "is the name of a picture, but several pictures need a folder");
        code = EXIT_USAGE;
    }
    for (size_t i = 0; i < args->input_count && code == EXIT_DONE; i++)
        code = add_input(&c, args->inputs[i]);
    if (code == EXIT_DONE && c.folders_left > 0)
        message_note("%zu folders inside are left out, --recursive takes them", c.folders_left);
    if (code == EXIT_DONE && list->count == 0) {
        if (list->failed == 0)
            message_error(args->inputs[0], "no picture found");
        code = EXIT_INPUT;
    }
    if (code == EXIT_DONE) {
        drop_collisions(list);
        code = check_existing(list, args);
    }
    free(root);
    return code;
}

void file_list_free(file_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        entry_free(&list->entries[i]);
    free(list->entries);
    *list = (file_list){0};
}
