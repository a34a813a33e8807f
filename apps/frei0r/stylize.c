/*
 * A filter for programs that load frei0r plug-ins: FFmpeg, GStreamer, MLT and what stands on it (Kdenlive, Shotcut).
 * One context for the process, as hosts make an instance for each clip; a sequence for each instance.
 *
 * Hosts ask for one frame after the other and want each at once, so one is in work at a time; a frame that does not follow
 * the one before in time (a seek, a clip shown anew) begins a new scene.
 */
#include <frei0r.h>
#include <math.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stylize/sequence.h>

#define FOLLOWS 0.5 /* seconds; hosts play at 2 frames a second or more */

typedef struct instance {
    pthread_mutex_t lock; /* hosts may set parameters while a frame is painted */
    unsigned width, height;
    char *style;
    double strength, stability, colour, scale;
    stylize_image artwork; /* where the style is a picture */
    stylize_sequence *sequence;
    bool changed; /* a parameter was, since the sequence was made */
    bool said;    /* that it cannot paint */
    double time;  /* of the frame before */
} instance;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static stylize_ctx *ctx; /* from the first init to the last deinit */
static int users;

int f0r_init(void)
{
    int good = 1;
    pthread_mutex_lock(&lock);
    if (!ctx) {
        stylize_error err = {0};
        stylize_options o;
        stylize_options_init(&o, sizeof o);
        good = stylize_ctx_create(&ctx, &o, &err) == STYLIZE_OK;
        if (!good)
            fprintf(stderr, "stylize: %s\n", err.message);
    }
    users += good;
    pthread_mutex_unlock(&lock);
    return good;
}

void f0r_deinit(void)
{
    pthread_mutex_lock(&lock);
    if (users && !--users) {
        stylize_ctx_destroy(ctx, STYLIZE_CANCEL);
        ctx = NULL;
    }
    pthread_mutex_unlock(&lock);
}

void f0r_get_plugin_info(f0r_plugin_info_t *info)
{
    *info = (f0r_plugin_info_t){.name = "Stylize",
                                .author = "libstylize",
                                .plugin_type = F0R_PLUGIN_TYPE_FILTER,
                                .color_model = F0R_COLOR_MODEL_RGBA8888,
                                .frei0r_version = FREI0R_MAJOR_VERSION,
                                .major_version = STYLIZE_VERSION_MAJOR,
                                .minor_version = STYLIZE_VERSION_MINOR,
                                .num_params = 5,
                                .explanation = "Repaints the picture in the style of an artwork, steadily"};
}

enum { STYLE, STRENGTH, STABILITY, COLOUR, SCALE };

void f0r_get_param_info(f0r_param_info_t *info, int index)
{
    static const f0r_param_info_t all[] = {
        {"Style", F0R_PARAM_STRING,
         "A style of the library (starry_night, scream, ...), or the file of a picture"},
        {"Strength", F0R_PARAM_DOUBLE, "0: the film as it is, 1: fully painted"},
        {"Stability", F0R_PARAM_DOUBLE, "0: each frame for itself, 1: strokes as still as can be"},
        {"Original colors", F0R_PARAM_DOUBLE, "0: the colors of the artwork, 1: those of the film"},
        {"Stroke size", F0R_PARAM_DOUBLE, "0: half, 0.5: as usual, 1: twice as large"},
    };
    if (index >= 0 && index < (int)(sizeof all / sizeof *all))
        *info = all[index];
}

f0r_instance_t f0r_construct(unsigned width, unsigned height)
{
    instance *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    *s = (instance){
        .width = width, .height = height, .strength = 1, .stability = 0.7, .scale = 0.5, .time = -1};
    s->style = strdup("starry_night");
    if (!s->style || pthread_mutex_init(&s->lock, NULL)) {
        free(s->style);
        free(s);
        return NULL;
    }
    return s;
}

void f0r_destruct(f0r_instance_t given)
{
    instance *s = given;
    if (!s)
        return;
    stylize_sequence_destroy(s->sequence);
    stylize_image_free(&s->artwork);
    pthread_mutex_destroy(&s->lock);
    free(s->style);
    free(s);
}

static double *number_of(instance *s, int index)
{
    double *const all[] = {NULL, &s->strength, &s->stability, &s->colour, &s->scale};
    return index > STYLE && index <= SCALE ? all[index] : NULL;
}

void f0r_set_param_value(f0r_instance_t given, f0r_param_t value, int index)
{
    instance *s = given;
    double *number = number_of(s, index);
    pthread_mutex_lock(&s->lock);
    if (number) {
        double to = *(double *)value;
        to = to > 0 ? to < 1 ? to : 1 : 0; /* also not a number */
        s->changed = s->changed || *number != to;
        *number = to;
    } else if (index == STYLE && strcmp(s->style, *(char **)value) != 0) {
        char *copy = strdup(*(char **)value);
        if (copy) {
            free(s->style);
            s->style = copy;
            s->changed = true;
        }
    }
    pthread_mutex_unlock(&s->lock);
}

void f0r_get_param_value(f0r_instance_t given, f0r_param_t value, int index)
{
    instance *s = given;
    const double *number = number_of(s, index);
    if (number)
        *(double *)value = *number;
    else if (index == STYLE)
        *(char **)value = s->style;
}

/* Once for each fault: hosts ask thirty times a second. */
static bool failed(instance *s, const stylize_error *err)
{
    if (!s->said)
        fprintf(stderr, "stylize: %s; the film stays as it is\n", err->message);
    s->said = true;
    return false;
}

/* A sequence for the parameters as they are now. */
static bool prepare(instance *s, stylize_error *err)
{
    if (s->sequence && !s->changed)
        return true;
    s->said = s->said && !s->changed;
    s->changed = false;
    stylize_sequence_destroy(s->sequence);
    s->sequence = NULL;
    stylize_image_free(&s->artwork);
    if (strchr(s->style, '/') && stylize_image_load(ctx, s->style, &s->artwork, err) != STYLIZE_OK)
        return false;
    const stylize_style_ref style = {.id = s->artwork.pixels ? NULL : s->style,
                                     .picture = s->artwork.pixels ? &s->artwork : NULL,
                                     .weight = 1};
    stylize_request r;
    stylize_request_init(&r, sizeof r);
    r.styles = &style;
    r.style_count = 1;
    r.strength = (float)s->strength;
    r.preserve_color = (float)s->colour;
    r.style_scale = exp2f(2 * (float)s->scale - 1);
    stylize_sequence_options o;
    stylize_sequence_init(&o, sizeof o);
    o.request = &r;
    o.stability = (float)s->stability;
    o.depth = 1;
    return stylize_sequence_create(&s->sequence, ctx, &o, err) == STYLIZE_OK;
}

static bool paint(instance *s, double time, const uint32_t *in, uint32_t *out)
{
    stylize_error err = {0};
    if (!prepare(s, &err))
        return failed(s, &err);
    stylize_frame frame = {.struct_size = sizeof frame,
                           .width = s->width,
                           .height = s->height,
                           .format = STYLIZE_FRAME_RGBA8,
                           .scene = !(time >= s->time && time - s->time < FOLLOWS)};
    stylize_frame result = frame;
    frame.planes[0] = (uint8_t *)in; /* only read */
    result.planes[0] = (uint8_t *)out;
    result.scene = 0;
    s->time = time;
    if (stylize_sequence_push(s->sequence, &frame, NULL, &err) != STYLIZE_OK ||
        stylize_sequence_pull(s->sequence, &result, &err) != STYLIZE_OK)
        return failed(s, &err);
    return true;
}

void f0r_update(f0r_instance_t given, double time, const uint32_t *in, uint32_t *out)
{
    instance *s = given;
    pthread_mutex_lock(&s->lock);
    if (!paint(s, time, in, out))
        memcpy(out, in, (size_t)s->width * s->height * sizeof *in);
    pthread_mutex_unlock(&s->lock);
}
