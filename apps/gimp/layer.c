#include <libgimp/gimp.h>

#include <string.h>

#include "settings.h"

stylize_status paint_pixels(stylize_ctx *ctx, const settings *s, const guchar *from, guchar *to, gint width, gint height,
                            stylize_progress_fn done, void *user, stylize_error *err)
{
    const stylize_image content = {
        .pixels = (void *)from, .width = (uint32_t)width, .height = (uint32_t)height, .format = STYLIZE_FORMAT_RGBA8};
    stylize_image art = {0}, result = {.pixels = to,
                                       .stride = (size_t)width * 4,
                                       .width = (uint32_t)width,
                                       .height = (uint32_t)height,
                                       .format = STYLIZE_FORMAT_RGBA8};
    const gboolean picture = strchr(s->style, '/') != NULL;
    stylize_status status = picture ? stylize_image_load(ctx, s->style, &art, err) : STYLIZE_OK;
    if (status != STYLIZE_OK)
        return status;
    const stylize_style_ref style = {.id = picture ? NULL : s->style, .picture = picture ? &art : NULL, .weight = 1};
    stylize_request request;
    stylize_request_init(&request, sizeof request);
    request.content = &content;
    request.styles = &style;
    request.style_count = 1;
    request.strength = s->strength;
    request.preserve_color = s->preserve_color;
    request.progress = done;
    request.progress_user = user;
    status = stylize_ctx_run(ctx, &request, &result, err);
    stylize_image_free(&art);
    return status;
}

stylize_status paint_layer(stylize_ctx *ctx, gint32 layer, const settings *s, stylize_error *err)
{
    gint x, y, width, height;
    if (!gimp_drawable_mask_intersect(layer, &x, &y, &width, &height))
        return STYLIZE_OK; /* nothing of it is selected */
    const Babl *format = babl_format("R'G'B'A u8");
    const GeglRectangle place = {x, y, width, height};
    guchar *before = g_try_malloc_n((gsize)width * 4, (gsize)height);
    guchar *after = g_try_malloc_n((gsize)width * 4, (gsize)height);
    stylize_status status = STYLIZE_ERR_NOMEM;
    g_strlcpy(err->message, "out of memory", sizeof err->message);
    if (before && after) {
        GeglBuffer *in = gimp_drawable_get_buffer(layer);
        gegl_buffer_get(in, &place, 1.0, format, before, GEGL_AUTO_ROWSTRIDE, GEGL_ABYSS_NONE);
        g_object_unref(in);
        status = paint_pixels(ctx, s, before, after, width, height, NULL, NULL, err);
    }
    if (status == STYLIZE_OK) {
        GeglBuffer *out = gimp_drawable_get_shadow_buffer(layer);
        gegl_buffer_set(out, &place, 0, format, after, GEGL_AUTO_ROWSTRIDE);
        g_object_unref(out); /* which writes it */
        gimp_drawable_merge_shadow(layer, TRUE);
        gimp_drawable_update(layer, x, y, width, height);
    }
    g_free(before);
    g_free(after);
    return status;
}
