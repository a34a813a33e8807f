#include "style.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exit.h"
#include "memory.h"
#include "message.h"
#include "path.h"
#include "words.h"

void style_unknown(const char *id, const stylize_style_info *list, size_t count)
{
    const char **ids = memory_get(count, sizeof *ids);
    for (size_t i = 0; i < count; i++)
        ids[i] = list[i].id;
    const char *first = nearest_word(id, ids, count);
    const char *second = NULL;
    if (first) { /* the next best without the best */
        size_t n = 0;
        for (size_t i = 0; i < count; i++)
            if (list[i].id != first)
                ids[n++] = list[i].id;
        second = nearest_word(id, ids, n);
    }
    if (second)
        message_error(NULL, "there is no style \"%s\", the nearest are %s and %s; stylize styles lists all",
                      id, first, second);
    else if (first)
        message_error(NULL, "there is no style \"%s\", the nearest is %s; stylize styles lists all", id,
                      first);
    else
        message_error(NULL, "there is no style \"%s\"; stylize styles lists all %zu", id, count);
    free(ids);
}

static bool is_known(const char *id, const stylize_style_info *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i].id, id) == 0)
            return true;
    return false;
}

static int check_ids(stylize_ctx *ctx, const cli_args *args)
{
    stylize_style_info *list;
    size_t count;
    stylize_error err;
    if (stylize_style_list(ctx, NULL, &list, &count, &err) != STYLIZE_OK) {
        message_error(NULL, "%s", err.message);
        return EXIT_ENGINE;
    }
    int code = EXIT_DONE;
    for (size_t i = 0; i < args->style_count && code == EXIT_DONE; i++) {
        const char *id = args->styles[i].id;
        if (id && !is_known(id, list, count)) {
            style_unknown(id, list, count);
            code = EXIT_USAGE;
        }
    }
    stylize_free(list);
    return code;
}

/* Appends "+name" as far as it fits. */
static void append_label(style_set *set, const char *name, size_t length)
{
    const size_t used = strlen(set->label), plus = used > 0;
    if (used + plus + length + 1 > sizeof set->label)
        length = sizeof set->label > used + plus + 1 ? sizeof set->label - used - plus - 1 : 0;
    if (length > 0)
        snprintf(set->label + used, sizeof set->label - used, "%s%.*s", plus ? "+" : "", (int)length, name);
}

/* Masks by the names of their files, NULL where there is none; NULL as a whole if there is none at all. Styles with one
 * mask share the file, and so are painted as a blend. */
static int load_masks(stylize_ctx *ctx, const char *const *paths, size_t count, stylize_image **files,
                      const stylize_image ***masks)
{
    size_t given = 0;
    for (size_t i = 0; i < count; i++)
        given += paths[i] != NULL;
    if (!given)
        return EXIT_DONE;
    *files = memory_get(count, sizeof **files);
    *masks = memory_get(count, sizeof **masks);
    for (size_t i = 0; i < count; i++) {
        if (!paths[i])
            continue;
        if (i && paths[i - 1] == paths[i]) {
            (*masks)[i] = (*masks)[i - 1];
            continue;
        }
        stylize_error err = {0};
        if (stylize_image_load(ctx, paths[i], &(*files)[i], &err) != STYLIZE_OK) {
            message_failure(paths[i], &err);
            return EXIT_INPUT;
        }
        (*masks)[i] = &(*files)[i];
    }
    return EXIT_DONE;
}

static int load_all_masks(style_set *set, stylize_ctx *ctx, const cli_args *args)
{
    const char **paths = memory_get(2 * set->count, sizeof *paths), **parts = paths + set->count;
    for (size_t i = 0; i < set->count; i++) {
        paths[i] = args->styles[i].mask;
        parts[i] = args->styles[i].part;
    }
    int code = load_masks(ctx, paths, set->count, &set->files, &set->masks);
    if (code == EXIT_DONE)
        code = load_masks(ctx, parts, set->count, &set->part_files, &set->parts);
    free(paths);
    return code;
}

int style_set_load(style_set *set, stylize_ctx *ctx, const cli_args *args)
{
    *set = (style_set){.count = args->style_count};
    int code = check_ids(ctx, args);
    if (code != EXIT_DONE)
        return code;
    set->refs = memory_get(set->count, sizeof *set->refs);
    set->pictures = memory_get(set->count, sizeof *set->pictures);
    for (size_t i = 0; i < set->count; i++) {
        const style_arg *a = &args->styles[i];
        set->refs[i] = (stylize_style_ref){.id = a->id, .weight = a->weight};
        if (a->id) {
            append_label(set, a->id, strlen(a->id));
            continue;
        }
        stylize_error err = {0};
        if (stylize_image_load(ctx, a->path, &set->pictures[i], &err) != STYLIZE_OK) {
            message_failure(a->path, &err);
            return EXIT_INPUT;
        }
        set->refs[i].picture = &set->pictures[i];
        append_label(set, path_base(a->path), path_stem_length(a->path));
    }
    return load_all_masks(set, ctx, args);
}

void style_set_free(style_set *set)
{
    for (size_t i = 0; set->pictures && i < set->count; i++)
        stylize_image_free(&set->pictures[i]);
    for (size_t i = 0; set->files && i < set->count; i++)
        stylize_image_free(&set->files[i]);
    for (size_t i = 0; set->part_files && i < set->count; i++)
        stylize_image_free(&set->part_files[i]);
    free(set->files);
    free(set->masks);
    free(set->part_files);
    free(set->parts);
    free(set->pictures);
    free(set->refs);
    *set = (style_set){0};
}
