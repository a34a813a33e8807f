/* What the parts of the plug-in for GIMP share. */
#ifndef GIMP_SETTINGS_H
#define GIMP_SETTINGS_H

#include <glib.h>

#include <stylize/stylize.h>

#define STYLE_ROOM 1024

/* How a layer is painted; kept by GIMP for "Repeat" as these bytes. */
typedef struct settings {
    char style[STYLE_ROOM]; /* id of a style, or the path of a picture: one with a slash */
    gfloat strength;        /* 0 to 1, or STYLIZE_STRENGTH_AUTO */
    gint32 preserve_color;
} settings;

/* layer.c: paints pixels, RGBA8, into others of their size. done(user, 0 to 1) may be NULL. */
stylize_status paint_pixels(stylize_ctx *ctx, const settings *s, const guchar *from, guchar *to, gint width, gint height,
                            stylize_progress_fn done, void *user, stylize_error *err);
/* layer.c: paints what is selected of a layer, in one step that can be undone. */
stylize_status paint_layer(stylize_ctx *ctx, gint32 layer, const settings *s, stylize_error *err);

/* dialog.c: asks for the settings; FALSE if the user wants none of it. */
gboolean ask(stylize_ctx *ctx, gint32 layer, settings *s);

#endif
