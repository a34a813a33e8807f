#include "job/learn_save.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "codec/codec.h"
#include "job/code.h"
#include "style/own.h"
#include "style/record.h"
#include "style/save.h"

#define ARTWORK     768 /* pixels of the longer side */
#define PREVIEW     320
#define QUALITY     90
#define CODES       3
#define RECOMMENDED 768

typedef struct saving {
    stz_env *env;
    stz_style_folder folder;
    const stylize_fit *request;
    const stz_model *base;
    stylize_error *err;
} saving;

/* Releases the text. */
static stylize_status write_text(const saving *s, const char *name, char *text)
{
    if (!text)
        return stz_nomem(s->err, 4096);
    const stylize_status status = stz_style_folder_write(&s->folder, name, text, strlen(text), s->err);
    free(text);
    return status;
}

/* As a file of its own: nothing that came with the artwork stays in it. */
static stylize_status write_picture(const saving *s, const char *name, const stylize_image *art,
                                    uint32_t longer)
{
    const uint32_t own = art->width > art->height ? art->width : art->height;
    const stz_fit fit = stz_fit_longer(art->width, art->height, own < longer ? own : longer);
    stylize_image small = {0}, file = {0};
    stylize_status status = stz_resize_whole(art, fit.width, fit.height, s->env->pool, &small, s->err);
    if (!status)
        status = stz_codec_encode(&small, STYLIZE_FORMAT_JPEG, QUALITY, NULL, s->env->pool, &file, s->err);
    if (!status)
        status = stz_style_folder_write(&s->folder, name, file.pixels, file.size, s->err);
    stylize_image_free(&small);
    stylize_image_free(&file);
    return status;
}

/* The code of the artwork for the network that reads pictures, so that the style can be painted and blended there too;
 * *out stays NULL where there is none. */
static stylize_status picture_code(const saving *s, const stylize_image *art, const stz_exec *exec,
                                   stz_buf **out)
{
    const stz_model *m = stz_style_lib_encoder(s->env->styles);
    if (!m)
        return STYLIZE_OK;
    stz_net *net = stz_nets_find(&s->env->nets, m);
    stylize_status status = stz_net_ready(net, &s->env->engines, s->err);
    const size_t bytes = (size_t)m->code_length * sizeof(float);
    if (!status && !(*out = stz_pool_get(s->env->pool, STZ_MEM_SCRATCH, bytes)))
        status = stz_nomem(s->err, bytes);
    if (!status)
        status = stz_picture_code(s->env, net, art, NULL, exec, (float *)(void *)(*out)->data, NULL, s->err);
    return status;
}

static stylize_status write_codes(const saving *s, const stylize_image *art, const stz_style_fit *fit,
                                  const char *network, const stz_exec *exec)
{
    stz_buf *read = NULL;
    stylize_status status = picture_code(s, art, exec, &read);
    if (!status) {
        const stz_model *any = read ? stz_style_lib_encoder(s->env->styles) : NULL;
        stz_record_code codes[CODES] = {{s->base->name, fit->code, s->base->code_length}};
        int count = 1;
        if (any)
            codes[count++] =
                (stz_record_code){any->name, (const float *)(const void *)read->data, any->code_length};
        if (network)
            codes[count++] = (stz_record_code){network, fit->network_code, s->base->code_length};
        size_t size;
        void *file = stz_record_codes(codes, count, &size);
        status = file ? stz_style_folder_write(&s->folder, STZ_RECORD_CODE, file, size, s->err)
                      : stz_nomem(s->err, 4096);
        free(file);
    }
    stz_buf_unref(read);
    return status;
}

/* A name that no network had before: the style may be removed and made anew while its network is still in use. */
static void name_network(const char *id, char name[64])
{
    uint64_t state = stz_now_ns();
    snprintf(name, 64, "%.54s-%08x", id, (unsigned)stz_random(&state));
}

static stylize_status write_network(const saving *s, const stz_style_fit *fit, const char *name)
{
    stylize_status status = write_text(s, STZ_OWN_MODEL, stz_record_model(s->base, name));
    return status ? status
                  : stz_style_folder_write(&s->folder, STZ_RECORD_NETWORK, fit->file->data, fit->file_size,
                                           s->err);
}

static stylize_status write_entry(const saving *s, bool own)
{
    const stylize_style_info *i = s->request->info;
    const char *folder = strrchr(s->base->dir, '/');
    const stz_record r = {.id = i->id,
                          .title = i->display_name ? i->display_name : i->id,
                          .artist = i->artist,
                          .licence = i->licence,
                          .model_path = own      ? NULL
                                        : folder ? folder + 1
                                                 : s->base->dir,
                          .year = i->year,
                          .recommended_size = i->recommended_size ? (int)i->recommended_size : RECOMMENDED};
    return write_text(s, STZ_OWN_ENTRY, stz_record_entry(&r));
}

stylize_status stz_learn_check(const char *dir, const char *id, stylize_error *err)
{
    stz_style_folder folder;
    const stylize_status status = stz_style_folder_begin(&folder, dir, id, err);
    if (!status)
        stz_style_folder_abandon(&folder);
    return status;
}

stylize_status stz_learn_save(stz_env *env, const char *dir, const stylize_fit *request,
                              const stz_model *base, const stylize_image *art, const stz_style_fit *fit,
                              const stz_exec *exec, stylize_error *err)
{
    saving s = {.env = env, .request = request, .base = base, .err = err};
    char name[64];
    stylize_status status = stz_style_folder_begin(&s.folder, dir, request->info->id, err);
    if (status)
        return status;
    name_network(request->info->id, name);
    const bool own = fit->file != NULL;
    if (own)
        status = write_network(&s, fit, name);
    if (!status)
        status = write_codes(&s, art, fit, own ? name : NULL, exec);
    if (!status)
        status = write_picture(&s, STZ_RECORD_ARTWORK, art, ARTWORK);
    if (!status)
        status = write_picture(&s, STZ_RECORD_PREVIEW, art, PREVIEW);
    if (!status)
        status = write_entry(&s, own);
    if (!status)
        status = stz_style_folder_commit(&s.folder, err);
    if (status) {
        stz_style_folder_abandon(&s.folder);
        return status;
    }
    return stz_own_style_open(env->styles, dir, request->info->id, &env->log, err);
}
