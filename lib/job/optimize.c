#include "job/optimize.h"

#include <math.h>
#include <string.h>

#include "codec/codec.h"
#include "codec/file.h"
#include "image/canvas.h"
#include "image/deep.h"
#include "job/part.h"

#define LEVELS_MAX         4
#define COARSEST           96 /* pixels of the longer side, at least */
#define DEFAULT_ITERATIONS 300
#define LEVEL_SHARE        0.65 /* iterations of a size, a part of those of the next smaller one */
#define SHOWS              40   /* previews in all */

/* One size on the way. */
typedef struct level {
    uint32_t width, height;
    uint32_t iterations;
    double cost; /* of an iteration, in pixels */
} level;

typedef struct run {
    const stz_env *env;
    stz_job *job;
    const stz_layer *layer;
    const stz_exec *exec;
    uint64_t end_ns;                          /* when the time budget ends; 0: never */
    stylize_image styles[STYLIZE_STYLES_MAX]; /* pixels, as large as they come */
    level levels[LEVELS_MAX];
    int count, now;
    double total, done;           /* cost */
    uint32_t planned, made;       /* iterations of all sizes */
    const stylize_image *picture; /* of the size at hand, as far as it is */
    bool ended;                   /* by the caller or the time budget: what there is will do */
    bool refused;                 /* by the caller: cancelled */
} run;

static void plan(run *r)
{
    const stylize_image *c = &r->job->content;
    const uint32_t longer = c->width > c->height ? c->width : c->height;
    const uint32_t asked = r->job->req.iterations ? r->job->req.iterations : DEFAULT_ITERATIONS;
    double shares = 0;
    while (r->count < LEVELS_MAX && (r->count == 0 || longer >> r->count >= COARSEST))
        shares += pow(LEVEL_SHARE, -r->count++);
    uint32_t left = asked;
    for (int i = 0; i < r->count; i++) {
        level *l = &r->levels[i];
        const int halvings = r->count - 1 - i;
        const uint32_t multiple = (uint32_t)r->job->net->model->multiple;
        l->width = c->width >> halvings;
        l->height = c->height >> halvings;
        if (halvings) { /* the last size must be exact and is padded instead */
            l->width = (uint32_t)stz_round_up((int)l->width, (int)multiple);
            l->height = (uint32_t)stz_round_up((int)l->height, (int)multiple);
        }
        l->iterations = i + 1 < r->count ? (uint32_t)(asked * pow(LEVEL_SHARE, -halvings) / shares) : left;
        l->iterations = l->iterations ? l->iterations : 1;
        left = left > l->iterations ? left - l->iterations : 1;
        l->cost = (double)l->width * l->height;
        r->total += l->cost * l->iterations;
        r->planned += l->iterations;
    }
}

static stylize_status decode(const stz_env *env, const stylize_image *in, stylize_image *out,
                             stylize_error *err)
{
    if (stz_is_encoded(in->format))
        return stz_about(err, stz_codec_decode(in->pixels, in->size, &env->limits, NULL, env->pool, out, err),
                         "style picture");
    *out = *in;
    out->owner = NULL; /* still the caller's */
    return STYLIZE_OK;
}

/* The picture becomes one of its part alone, if only that is to be read. */
static stylize_status take_part(const run *r, const stz_style_part *part, stylize_image *style,
                                stylize_error *err)
{
    stylize_image taken;
    if (!part->mask)
        return STYLIZE_OK;
    const stylize_status status = stz_part_take(r->env, style, part->mask, part->number, &taken, err);
    stylize_image_free(style);
    *style = status == STYLIZE_OK ? taken : (stylize_image){0};
    return status;
}

static stylize_status load_styles(run *r, stylize_error *err)
{
    stylize_status status = STYLIZE_OK;
    for (size_t i = 0; i < r->layer->count && status == STYLIZE_OK; i++) {
        const size_t k = r->layer->first + i;
        stylize_image file = {0}, in;
        if (r->job->library[k]) {
            status = stz_file_load(stz_style_artwork(r->job->library[k]), &r->env->limits, r->env->pool,
                                   &file, err);
            in = file;
        } else {
            status = stz_image_check(r->job->styles[k].picture, "style picture", &in, err);
        }
        if (status == STYLIZE_OK)
            status = decode(r->env, &in, &r->styles[i], err);
        stylize_image_free(&file);
        if (status == STYLIZE_OK)
            status = take_part(r, &r->job->parts[k], &r->styles[i], err);
    }
    return status;
}

/* A picture as RGB8 of another size. */
static stylize_status scaled(run *r, const stylize_image *in, uint32_t w, uint32_t h, stylize_image *out,
                             stylize_error *err)
{
    stylize_status status = stz_resize_whole(in, w, h, r->env->pool, out, err);
    if (status == STYLIZE_OK)
        status = stz_to_rgb(out, r->env->pool, err);
    return status;
}

/* The style picture for one size: its longer side is the content's times style_scale, so that strokes
 * are as large in the result as in the artwork, or that much larger. */
static stylize_status scale_style(run *r, const stylize_image *style, const level *l, stylize_image *out,
                                  stylize_error *err)
{
    const int multiple = r->job->net->model->multiple;
    const double longer = fmax(l->width, l->height), own = fmax(style->width, style->height);
    const double scale = longer / own * (double)r->job->req.style_scale;
    const int least = 2 * multiple;
    const int w = stz_max((int)lround(style->width * scale) / multiple * multiple, least);
    const int h = stz_max((int)lround(style->height * scale) / multiple * multiple, least);
    return scaled(r, style, (uint32_t)w, (uint32_t)h, out, err);
}

static bool on_step(void *user, uint32_t iterations, bool shown)
{
    run *r = user;
    const level *l = &r->levels[r->now];
    r->made++;
    r->job->report.iterations++;
    if (!stz_job_painted(r->job, (float)((r->done + iterations * l->cost) / r->total))) {
        r->refused = true;
        return false;
    }
    if (shown && r->job->req.preview && r->job->req.preview(r->job->req.preview_user, r->picture))
        r->ended = true;
    if (r->end_ns && stz_now_ns() > r->end_ns)
        r->ended = true;
    return !r->ended;
}

/* One size: from `start` (or the content, if it is empty) to `out`, and `fine` if it is not NULL. */
static stylize_status search(run *r, stz_view content, const stylize_image *out, float *fine, bool start,
                             const stylize_image *styles, stylize_error *err)
{
    stz_view views[STYLIZE_STYLES_MAX];
    float weights[STYLIZE_STYLES_MAX];
    const stz_job *job = r->job;
    const stz_engine *engine = job->net->engine->table;
    const uint32_t every = r->levels[r->now].iterations * (uint32_t)r->count / SHOWS;
    for (size_t i = 0; i < r->layer->count; i++) {
        views[i] = stz_view_of(&styles[i]);
        weights[i] = job->styles[r->layer->first + i].weight;
    }
    const stz_optimize task = {
        .content = content,
        .out = stz_view_of(out),
        .start = start,
        .fine = fine,
        .styles = views,
        .weights = weights,
        .style_count = (int)r->layer->count,
        .adam = job->req.optimizer == STYLIZE_OPTIMIZER_ADAM,
        .iterations = r->levels[r->now].iterations,
        .seed = job->req.seed,
        .memory = r->job->budget,
        .show_every = job->req.preview ? (every ? every : 1) : 0,
        .progress = on_step,
        .user = r,
    };
    stylize_status status = engine->optimize(job->net->engine->state, job->net->net, &task, r->exec, err);
    if (status == STYLIZE_OK && r->refused)
        status = stz_fail(err, STYLIZE_ERR_CANCELLED, "the request was cancelled");
    return status;
}

/* The search, with the styles as large as the size at hand needs them. */
static stylize_status search_scaled(run *r, stz_view content, const stylize_image *out, float *fine,
                                    bool start, stylize_error *err)
{
    stylize_image styles[STYLIZE_STYLES_MAX] = {0};
    stylize_status status = STYLIZE_OK;
    for (size_t i = 0; i < r->layer->count && status == STYLIZE_OK; i++)
        status = scale_style(r, &r->styles[i], &r->levels[r->now], &styles[i], err);
    r->picture = out;
    if (status == STYLIZE_OK)
        status = search(r, content, out, fine, start, styles, err);
    r->picture = NULL;
    for (size_t i = 0; i < r->layer->count; i++)
        stylize_image_free(&styles[i]);
    return status;
}

/* painted: allocated, of the level's size; holds the start if `start`. */
static stylize_status paint_level(run *r, const stylize_image *content, const stylize_image *painted,
                                  bool start, stylize_error *err)
{
    stz_canvas canvas;
    stylize_status status =
        stz_canvas_open(&canvas, content, painted, r->job->net->model->multiple, r->env->pool, err);
    if (status != STYLIZE_OK)
        return status;
    if (start && canvas.out.pixels != painted->pixels)
        stz_extract(painted, 0, 0, &canvas.out);
    status = search_scaled(r, stz_view_of(&canvas.in), &canvas.out, NULL, start, err);
    stz_canvas_close(&canvas, painted);
    return status;
}

/* The last size with 16 bits a channel: content, start and result in floating point. job->painted holds the start. */
static stylize_status paint_deep(run *r, bool start, stylize_error *err)
{
    const stz_job *job = r->job;
    const int multiple = job->net->model->multiple;
    const int w = stz_round_up((int)job->content.width, multiple),
              h = stz_round_up((int)job->content.height, multiple);
    const size_t n = (size_t)w * (size_t)h * 3;
    stylize_image shown = {0};
    stz_buf *buf = stz_pool_get(r->env->pool, STZ_MEM_SCRATCH, 2 * n * sizeof(float));
    if (!buf)
        return stz_nomem(err, 2 * n * sizeof(float));
    stylize_status status =
        stz_image_alloc(r->env->pool, (uint32_t)w, (uint32_t)h, STYLIZE_FORMAT_RGB8, &shown, err);
    if (status == STYLIZE_OK) {
        float *in = (float *)(void *)buf->data, *fine = in + n;
        stz_extract_deep(&job->content, 0, 0, w, h, in);
        if (start) {
            stz_extract_deep(&job->painted, 0, 0, w, h, fine);
            stz_extract(&job->painted, 0, 0, &shown);
        }
        const stz_view content = {in, (ptrdiff_t)w * 3 * (ptrdiff_t)sizeof *in, w, h, STZ_F32};
        status = search_scaled(r, content, &shown, fine, start, err);
        if (status == STYLIZE_OK)
            stz_place_deep(fine, w, &job->painted, 0, 0, (int)job->content.width, (int)job->content.height);
    }
    stylize_image_free(&shown);
    stz_buf_unref(buf);
    return status;
}

/* All sizes but the last; `last` receives the picture of the last of them. */
static stylize_status climb(run *r, stylize_image *last, stylize_error *err)
{
    stylize_status status = STYLIZE_OK;
    for (r->now = 0; r->now < r->count - 1 && status == STYLIZE_OK && !r->ended; r->now++) {
        const level *l = &r->levels[r->now];
        stylize_image content = {0}, painted = {0};
        const bool start = last->pixels != NULL;
        status = scaled(r, &r->job->content, l->width, l->height, &content, err);
        if (status == STYLIZE_OK)
            status = start ? scaled(r, last, l->width, l->height, &painted, err)
                           : stz_image_alloc(r->env->pool, l->width, l->height, STYLIZE_FORMAT_RGB8, &painted,
                                             err);
        if (status == STYLIZE_OK)
            status = paint_level(r, &content, &painted, start, err);
        stylize_image_free(&content);
        stylize_image_free(last);
        *last = painted;
        r->done += l->cost * l->iterations;
    }
    return status;
}

/* The picture of the size before becomes that of the last one: in 16 bits, where they are wanted, between its levels too. */
static stylize_status enlarge(run *r, const stylize_image *last, stylize_error *err)
{
    const stylize_image *painted = &r->job->painted;
    const stz_rect all = {0, 0, last->width, last->height};
    stylize_image wide = {0}, up = {0};
    stylize_status status = r->job->deep ? stz_widen(last, r->env->pool, &wide, err) : STYLIZE_OK;
    if (status == STYLIZE_OK)
        status = stz_resize(r->job->deep ? &wide : last, all, painted->width, painted->height, r->env->pool,
                            &up, err);
    stylize_image_free(&wide);
    for (uint32_t y = 0; status == STYLIZE_OK && y < up.height; y++)
        memcpy(painted->pixels + y * painted->stride, up.pixels + y * up.stride, (size_t)up.stride);
    stylize_image_free(&up);
    return status;
}

static stylize_status paint(run *r, stylize_error *err)
{
    stylize_image last = {0};
    stylize_status status = climb(r, &last, err);
    const bool start = last.pixels != NULL;
    if (status == STYLIZE_OK && start)
        status = enlarge(r, &last, err);
    stylize_image_free(&last);
    r->now = r->count - 1;
    if (status != STYLIZE_OK || r->ended)
        return status;
    return r->job->deep ? paint_deep(r, start, err)
                        : paint_level(r, &r->job->content, &r->job->painted, start, err);
}

stylize_status stz_paint_optimized(const stz_env *env, stz_job *job, const stz_layer *layer,
                                   const stz_exec *exec, stylize_error *err)
{
    const stz_engine *engine = job->net->engine->table;
    if (!engine->optimize)
        return stz_fail(err, STYLIZE_ERR_UNSUPPORTED, "engine %s cannot run method optimize", engine->name);
    run r = {.env = env, .job = job, .layer = layer, .exec = exec};
    if (job->req.time_budget_ms)
        r.end_ns = stz_now_ns() + job->req.time_budget_ms * UINT64_C(1000000) / (uint64_t)job->layer_count;
    plan(&r);
    stylize_status status = load_styles(&r, err);
    if (status == STYLIZE_OK)
        status = paint(&r, err);
    if (r.ended && r.made < r.planned)
        job->report.ended_early = 1;
    for (size_t i = 0; i < layer->count; i++)
        stylize_image_free(&r.styles[i]);
    return status;
}
