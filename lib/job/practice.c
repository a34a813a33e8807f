#include "job/practice.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/os.h"
#include "base/random.h"
#include "codec/codec.h"
#include "codec/file.h"
#include "image/canvas.h"
#include "style/json.h"

#define SHORTER    640 /* pixels of a kept picture's shorter side, at most */
#define FOLDERS    16  /* one inside the other */
#define FILES_MAX  1000000
#define NEW_IN     8 /* with more files than are kept, one piece in so many is of a new one */
#define ZOOM_MIN   1.1
#define ZOOM_MAX   2.5 /* shorter side of the whole picture, in sides of the piece */
#define ZOOM_WHOLE 1.25

/* ------------------------------------------------------------------ files */

static stylize_status add_file(stz_practice *p, const char *path, stylize_error *err)
{
    if (p->count == p->room) {
        const uint32_t room = p->room ? 2 * p->room : 32;
        char **paths = realloc(p->paths, room * sizeof *paths);
        if (!paths)
            return stz_nomem(err, room * sizeof *paths);
        p->paths = paths;
        p->room = room;
    }
    if (!(p->paths[p->count] = strdup(path)))
        return stz_nomem(err, strlen(path));
    p->count++;
    return STYLIZE_OK;
}

static bool visible(const char *name) { return name[0] != '.'; }

/* A file, or all that is in a folder. `named`: by the caller, so it must be there. */
static stylize_status add_path(stz_practice *p, const char *path, int depth, bool named, stylize_error *err)
{
    stz_os_kind kind;
    int code = stz_os_look(path, &kind);
    if (!code && kind == STZ_OS_NOTHING)
        code = ENOENT;
    if (code) {
        if (!named)
            return STYLIZE_OK; /* taken away meanwhile */
        return stz_fail(err, STYLIZE_ERR_NOT_FOUND, "cannot read %.160s: %s", path, stz_why(code));
    }
    if (kind == STZ_OS_REGULAR)
        return p->count < FILES_MAX ? add_file(p, path, err) : STYLIZE_OK;
    if (kind != STZ_OS_FOLDER || depth == FOLDERS)
        return STYLIZE_OK;
    char **found;
    size_t n;
    code = stz_os_list(path, visible, &found, &n);
    if (code == ENOMEM)
        return stz_nomem(err, sizeof *found);
    if (code && named)
        return stz_fail(err, STYLIZE_ERR_IO, "cannot read %.160s: %s", path, stz_why(code));
    stylize_status status = STYLIZE_OK;
    for (size_t i = 0; i < n && !status; i++) {
        char *below = stz_path_join(path, found[i]);
        status = below ? add_path(p, below, depth + 1, false, err) : stz_nomem(err, strlen(path));
        free(below);
    }
    stz_os_list_free(found, n);
    return status;
}

/* The artworks have shapes and edges too. */
static stylize_status add_own(stz_practice *p, stylize_error *err)
{
    stz_style_lib *styles = p->env->styles;
    char *folder = stz_path_join(styles->dir, "practice");
    stylize_status status = folder ? add_path(p, folder, 0, false, err) : stz_nomem(err, strlen(styles->dir));
    free(folder);
    stylize_style_info *list = NULL;
    size_t count = 0;
    if (!status)
        status = stz_style_lib_list(styles, NULL, &list, &count, err);
    for (size_t i = 0; i < count && !status; i++) {
        stz_style *style = list[i].added ? NULL : stz_style_lib_find(styles, list[i].id);
        if (style && stz_style_artwork(style))
            status = add_path(p, stz_style_artwork(style), 0, false, err);
        stz_style_unref(style);
    }
    free(list);
    return status;
}

stylize_status stz_practice_open(stz_practice *p, const stz_env *env, const char *const *names, size_t count,
                                 uint64_t seed, stylize_error *err)
{
    *p = (stz_practice){.env = env, .seed = seed};
    stylize_status status = count ? STYLIZE_OK : add_own(p, err);
    for (size_t i = 0; i < count && !status; i++)
        status = names[i]
                     ? add_path(p, names[i], 0, true, err)
                     : stz_fail(err, STYLIZE_ERR_INVALID, "the name of a picture to practise on is NULL");
    if (!status && !p->count)
        status = stz_fail(err, STYLIZE_ERR_NOT_FOUND, "there are no pictures to practise on");
    if (status)
        stz_practice_close(p);
    return status;
}

void stz_practice_close(stz_practice *p)
{
    for (int i = 0; i < p->kept_count; i++)
        stylize_image_free(&p->kept[i]);
    for (uint32_t i = 0; i < p->count; i++)
        free(p->paths[i]);
    free(p->paths);
    *p = (stz_practice){0};
}

/* ------------------------------------------------------------------ decoded pictures */

static stylize_status decode(const stz_practice *p, const char *path, stylize_image *out, stylize_error *err)
{
    const stz_env *env = p->env;
    stylize_image file = {0}, pixels = {0};
    const stz_decode_hint hint = {.min_width = SHORTER, .min_height = SHORTER};
    stylize_status status = stz_file_load(path, &env->limits, env->pool, &file, err);
    if (!status)
        status = stz_about(
            err, stz_codec_decode(file.pixels, file.size, &env->limits, &hint, env->pool, &pixels, err),
            path);
    stylize_image_free(&file);
    if (!status) {
        const double scale = fmin(1, SHORTER / fmin(pixels.width, pixels.height));
        const uint32_t w = (uint32_t)fmax(16, round(pixels.width * scale)),
                       h = (uint32_t)fmax(16, round(pixels.height * scale));
        status = stz_resize_whole(&pixels, w, h, env->pool, out, err);
        if (!status)
            status = stz_to_rgb(out, env->pool, err);
    }
    stylize_image_free(&pixels);
    return status;
}

/* A file that is no picture leaves the list. */
static void forget(stz_practice *p, uint32_t index)
{
    free(p->paths[index]);
    p->paths[index] = p->paths[--p->count];
    for (int i = 0; i < p->kept_count; i++)
        if (p->index[i] == p->count)
            p->index[i] = index;
}

/* The picture of a file, decoded if it is not kept; in place of any other if there is no room. */
static stylize_status keep(stz_practice *p, uint32_t index, uint64_t *random, const stylize_image **out,
                           stylize_error *err)
{
    for (int i = 0; i < p->kept_count; i++)
        if (p->index[i] == index) {
            *out = &p->kept[i];
            return STYLIZE_OK;
        }
    stylize_image picture = {0};
    const stylize_status status = decode(p, p->paths[index], &picture, err);
    if (status) {
        stylize_image_free(&picture);
        return status;
    }
    int place = p->kept_count;
    if (place == STZ_PRACTICE_KEPT)
        stylize_image_free(&p->kept[place = (int)stz_random_below(random, STZ_PRACTICE_KEPT)]);
    else
        p->kept_count++;
    p->kept[place] = picture;
    p->index[place] = index;
    *out = &p->kept[place];
    return STYLIZE_OK;
}

static stylize_status choose(stz_practice *p, uint32_t number, bool whole, uint64_t *random,
                             const stylize_image **out, stylize_error *err)
{
    while (p->count) {
        uint32_t index = whole ? number % p->count : stz_random_below(random, p->count);
        if (!whole && p->kept_count == STZ_PRACTICE_KEPT && stz_random_below(random, NEW_IN))
            index = p->index[stz_random_below(random, STZ_PRACTICE_KEPT)];
        const stylize_status status = keep(p, index, random, out, err);
        if (!status || status == STYLIZE_ERR_NOMEM)
            return status;
        if (err)
            stz_log_line(&p->env->log, STYLIZE_LOG_WARNING, "%s; it is not practised on", err->message);
        forget(p, index);
    }
    return stz_fail(err, STYLIZE_ERR_NOT_FOUND, "none of the pictures to practise on can be read");
}

/* ------------------------------------------------------------------ pieces */

static stz_rect piece(const stylize_image *in, bool whole, uint64_t *random)
{
    const double zoom = whole ? ZOOM_WHOLE : ZOOM_MIN + (ZOOM_MAX - ZOOM_MIN) * stz_random_share(random);
    const uint32_t shorter = in->width < in->height ? in->width : in->height;
    const uint32_t side = (uint32_t)fmax(1, floor(shorter / zoom));
    const uint32_t free_x = in->width - side, free_y = in->height - side;
    if (whole)
        return (stz_rect){free_x / 2, free_y / 2, side, side};
    const uint32_t x = stz_random_below(random, free_x + 1);
    return (stz_rect){x, stz_random_below(random, free_y + 1), side, side};
}

/* Mild changes of brightness and contrast; one in twelve grey; half of them mirrored. */
static void light(const stylize_image *in, bool whole, uint64_t *random, float *out)
{
    const int side = (int)in->width;
    const bool lit = !whole && stz_random_below(random, 2), grey = !whole && !stz_random_below(random, 12),
               mirrored = !whole && stz_random_below(random, 2);
    const double gain = lit ? 0.7 + 0.5 * stz_random_share(random) : 1,
                 lift = lit ? 0.5 - 0.5 * gain + 0.2 * stz_random_share(random) - 0.1 : 0;
    for (int y = 0; y < side; y++)
        for (int x = 0; x < side; x++) {
            const uint8_t *from = in->pixels + y * in->stride + 3 * (ptrdiff_t)(mirrored ? side - 1 - x : x);
            const int luma = stz_luma(from);
            for (int c = 0; c < 3; c++)
                *out++ = (float)fmin(fmax((grey ? luma : from[c]) / 255. * gain + lift, 0), 1);
        }
}

stylize_status stz_practice_get(stz_practice *p, uint32_t number, bool whole, int side, float *out,
                                stylize_error *err)
{
    uint64_t random = p->seed + number * UINT64_C(0x2545f4914f6cdd1d);
    const stylize_image *picture = NULL;
    stylize_image cut = {0};
    stylize_error why;
    stylize_status status = choose(p, number, whole, &random, &picture, err ? err : &why);
    if (!status)
        status = stz_resize(picture, piece(picture, whole, &random), (uint32_t)side, (uint32_t)side,
                            p->env->pool, &cut, err);
    if (!status)
        light(&cut, whole, &random, out);
    stylize_image_free(&cut);
    return status;
}
