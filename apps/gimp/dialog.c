#include <libgimp/gimp.h>
#include <libgimp/gimpui.h>

#include <string.h>

#include "settings.h"

#define PREVIEW 256

typedef struct dialog {
    stylize_ctx *ctx;
    settings *s;
    GtkWidget *preview, *styles, *picture, *strength, *color, *said;
    stylize_style_info *list;
    size_t count;
    guchar *small; /* the layer, RGBA8 */
    gint width, height;
} dialog;

/* What the widgets say. A picture that is chosen goes before the list. */
static void read_settings(dialog *d)
{
    char *file = gtk_file_chooser_get_filename(GTK_FILE_CHOOSER(d->picture));
    const gint i = gtk_combo_box_get_active(GTK_COMBO_BOX(d->styles));
    if (file)
        g_strlcpy(d->s->style, file, sizeof d->s->style);
    else if (i >= 0)
        g_strlcpy(d->s->style, d->list[i].id, sizeof d->s->style);
    g_free(file);
    d->s->strength = (gfloat)gtk_range_get_value(GTK_RANGE(d->strength));
    d->s->preserve_color = gtk_toggle_button_get_active(GTK_TOGGLE_BUTTON(d->color));
}

static void forget_pixels(guchar *pixels, gpointer user) { g_free(pixels); }

/* Paints the small picture; a few hundredths of a second. */
static void on_change(GtkWidget *widget, gpointer user)
{
    dialog *d = user;
    stylize_error err = {0};
    read_settings(d);
    guchar *painted = g_try_malloc_n((gsize)d->width * 4, (gsize)d->height);
    if (!painted)
        return;
    if (paint_pixels(d->ctx, d->s, d->small, painted, d->width, d->height, NULL, NULL, &err) != STYLIZE_OK) {
        gtk_label_set_text(GTK_LABEL(d->said), err.message);
        g_free(painted);
        return;
    }
    gtk_label_set_text(GTK_LABEL(d->said), "");
    GdkPixbuf *pixbuf = gdk_pixbuf_new_from_data(painted, GDK_COLORSPACE_RGB, TRUE, 8, d->width, d->height, d->width * 4,
                                                 forget_pixels, NULL);
    gtk_image_set_from_pixbuf(GTK_IMAGE(d->preview), pixbuf);
    g_object_unref(pixbuf);
}

static gboolean read_small(dialog *d, gint32 layer)
{
    const gint width = gimp_drawable_width(layer), height = gimp_drawable_height(layer), longer = MAX(width, height);
    const gdouble scale = longer > PREVIEW ? (gdouble)PREVIEW / longer : 1;
    d->width = MAX(16, (gint)(width * scale));
    d->height = MAX(16, (gint)(height * scale));
    d->small = g_try_malloc_n((gsize)d->width * 4, (gsize)d->height);
    if (!d->small)
        return FALSE;
    GeglBuffer *in = gimp_drawable_get_buffer(layer);
    gegl_buffer_get(in, GEGL_RECTANGLE(0, 0, d->width, d->height), scale, babl_format("R'G'B'A u8"), d->small,
                    GEGL_AUTO_ROWSTRIDE, GEGL_ABYSS_CLAMP);
    g_object_unref(in);
    return TRUE;
}

static void add_row(GtkWidget *table, gint row, const char *label, GtkWidget *widget, dialog *d, const char *signal)
{
    gimp_table_attach_aligned(GTK_TABLE(table), 0, row, label, 0, 0.5, widget, 1, FALSE);
    g_signal_connect(widget, signal, G_CALLBACK(on_change), d);
}

static GtkWidget *style_list(dialog *d)
{
    GtkWidget *list = gtk_combo_box_text_new();
    gint active = 0;
    for (size_t i = 0; i < d->count; i++) {
        gtk_combo_box_text_append_text(GTK_COMBO_BOX_TEXT(list), d->list[i].display_name);
        if (strcmp(d->list[i].id, d->s->style) == 0)
            active = (gint)i;
    }
    gtk_combo_box_set_active(GTK_COMBO_BOX(list), active);
    return list;
}

static GtkWidget *build(dialog *d)
{
    GtkWidget *window = gimp_dialog_new("Stylize", "stylize", NULL, 0, NULL, "plug-in-stylize", "_Cancel",
                                        GTK_RESPONSE_CANCEL, "_OK", GTK_RESPONSE_OK, NULL);
    GtkWidget *box = gtk_vbox_new(FALSE, 12), *table = gtk_table_new(4, 2, FALSE);
    gtk_container_set_border_width(GTK_CONTAINER(box), 12);
    gtk_table_set_row_spacings(GTK_TABLE(table), 6);
    gtk_table_set_col_spacings(GTK_TABLE(table), 6);
    d->preview = gtk_image_new();
    d->styles = style_list(d);
    d->picture = gtk_file_chooser_button_new("A picture as the style", GTK_FILE_CHOOSER_ACTION_OPEN);
    if (strchr(d->s->style, '/'))
        gtk_file_chooser_set_filename(GTK_FILE_CHOOSER(d->picture), d->s->style);
    d->strength = gtk_hscale_new_with_range(0, 1, 0.05);
    gtk_range_set_value(GTK_RANGE(d->strength), d->s->strength);
    d->color = gtk_check_button_new_with_mnemonic("_Keep the colours");
    gtk_toggle_button_set_active(GTK_TOGGLE_BUTTON(d->color), d->s->preserve_color);
    d->said = gtk_label_new("");
    gtk_label_set_line_wrap(GTK_LABEL(d->said), TRUE);
    gtk_box_pack_start(GTK_BOX(gtk_dialog_get_content_area(GTK_DIALOG(window))), box, TRUE, TRUE, 0);
    gtk_box_pack_start(GTK_BOX(box), d->preview, TRUE, TRUE, 0);
    gtk_box_pack_start(GTK_BOX(box), table, FALSE, FALSE, 0);
    gtk_box_pack_start(GTK_BOX(box), d->said, FALSE, FALSE, 0);
    add_row(table, 0, "_Style:", d->styles, d, "changed");
    add_row(table, 1, "Or a _picture:", d->picture, d, "file-set");
    add_row(table, 2, "S_trength:", d->strength, d, "value-changed");
    add_row(table, 3, "", d->color, d, "toggled");
    return window;
}

gboolean ask(stylize_ctx *ctx, gint32 layer, settings *s)
{
    dialog d = {.ctx = ctx, .s = s};
    stylize_error err = {0};
    gboolean yes = FALSE;
    gimp_ui_init("stylize", FALSE);
    if (stylize_style_list(ctx, NULL, &d.list, &d.count, &err) != STYLIZE_OK) {
        g_message("%s", err.message);
        return FALSE;
    }
    if (read_small(&d, layer)) {
        GtkWidget *window = build(&d);
        on_change(NULL, &d);
        gtk_widget_show_all(window);
        yes = gimp_dialog_run(GIMP_DIALOG(window)) == GTK_RESPONSE_OK;
        if (yes)
            read_settings(&d);
        gtk_widget_destroy(window);
    }
    g_free(d.small);
    stylize_free(d.list);
    return yes;
}
