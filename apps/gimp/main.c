/* The plug-in for GIMP 2.10, Filters > Artistic > Stylize. Scripts call (plug-in-stylize RUN-NONINTERACTIVE image layer
 * style strength): style is the id of one, or the path of a picture. */
#include <libgimp/gimp.h>

#include "settings.h"

#define NAME "plug-in-stylize"

static void query(void)
{
    static const GimpParamDef args[] = {
        {GIMP_PDB_INT32, "run-mode", "The run mode { RUN-INTERACTIVE (0), RUN-NONINTERACTIVE (1) }"},
        {GIMP_PDB_IMAGE, "image", "The image"},
        {GIMP_PDB_DRAWABLE, "drawable", "The layer"},
        {GIMP_PDB_STRING, "style", "The id of a style, or the path of a picture"},
        {GIMP_PDB_FLOAT, "strength", "From 0 to 1"},
    };
    gimp_install_procedure(NAME, "Repaints a layer in the style of an artwork",
                           "Paints what is selected of the layer, by libstylize", "the authors of libstylize",
                           "Apache-2.0", "2026", "_Stylize...", "RGB*, GRAY*", GIMP_PLUGIN, G_N_ELEMENTS(args), 0, args,
                           NULL);
    gimp_plugin_menu_register(NAME, "<Image>/Filters/Artistic");
}

/* By the run mode: asked for, given, or those of the last time. */
static GimpPDBStatusType find_settings(stylize_ctx *ctx, gint count, const GimpParam *param, settings *s)
{
    switch (param[0].data.d_int32) {
    case GIMP_RUN_INTERACTIVE:
        gimp_get_data(NAME, s);
        if (!ask(ctx, param[2].data.d_drawable, s))
            return GIMP_PDB_CANCEL;
        gimp_set_data(NAME, s, sizeof *s);
        return GIMP_PDB_SUCCESS;
    case GIMP_RUN_NONINTERACTIVE:
        if (count != 5 || !param[3].data.d_string ||
            g_strlcpy(s->style, param[3].data.d_string, sizeof s->style) >= sizeof s->style)
            return GIMP_PDB_CALLING_ERROR;
        s->strength = (gfloat)param[4].data.d_float;
        return GIMP_PDB_SUCCESS;
    default:
        gimp_get_data(NAME, s);
        return GIMP_PDB_SUCCESS;
    }
}

static GimpPDBStatusType paint(gint count, const GimpParam *param, stylize_error *err)
{
    settings s = {.style = "starry_night", .strength = 1};
    stylize_ctx *ctx = NULL;
    if (stylize_ctx_create(&ctx, NULL, err) != STYLIZE_OK)
        return GIMP_PDB_EXECUTION_ERROR;
    GimpPDBStatusType status = find_settings(ctx, count, param, &s);
    if (status == GIMP_PDB_SUCCESS) {
        gimp_progress_init("Stylize");
        if (paint_layer(ctx, param[2].data.d_drawable, &s, err) != STYLIZE_OK)
            status = GIMP_PDB_EXECUTION_ERROR;
        gimp_progress_end();
    }
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
    return status;
}

static void run(const gchar *name, gint count, const GimpParam *param, gint *result_count, GimpParam **results)
{
    static GimpParam values[2];
    stylize_error err = {0};
    gegl_init(NULL, NULL);
    values[0].type = GIMP_PDB_STATUS;
    values[0].data.d_status = paint(count, param, &err);
    *result_count = 1;
    *results = values;
    if (values[0].data.d_status == GIMP_PDB_EXECUTION_ERROR) { /* GIMP shows it with the name of the procedure */
        values[1].type = GIMP_PDB_STRING;
        values[1].data.d_string = err.message[0] ? g_strdup(err.message) : g_strdup("failed");
        *result_count = 2;
    }
    gimp_displays_flush();
}

const GimpPlugInInfo PLUG_IN_INFO = {NULL, NULL, query, run};

MAIN()
