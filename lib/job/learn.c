#include "job/learn.h"

#include <math.h>
#include <stdlib.h>

#include "codec/codec.h"
#include "image/canvas.h"
#include "job/learn_save.h"
#include "job/practice.h"

#define SIDE           256 /* of the pictures to practise on */
#define ART_AREA       512 /* the artwork has as many pixels as a square of this side, at style_scale 1 */
#define ART_MIN        64
#define PICTURES       5
#define CODE_STEPS     80
#define GOOD_STEPS     1600
#define BEST_STEPS     20000
#define MEMORY_DEFAULT (UINT64_C(512) << 20)
#define CODE_SHARE     0.08 /* of all the time, of fitting the code where a network follows */

typedef struct learning {
    stz_env *env;
    stz_net *loss;
    const stz_model *base;
    stylize_fit *request;
    const stz_exec *exec;
    stz_practice practice;
    stylize_image shown; /* for the caller's eyes */
    stz_style_fit fit;
    uint64_t end_ns;     /* 0: no time budget */
    uint64_t network_ns; /* when its training began */
    bool out_of_time;
    stz_fit_answer answer;
} learning;

const stz_model *stz_learn_base(const stz_style_lib *styles)
{
    for (int i = 0, count = stz_style_lib_model_count(styles); i < count; i++) {
        const stz_model *m = stz_style_lib_model(styles, i);
        if (m->code_length && m->native_file && !m->encodes && !m->optimizes)
            return m;
    }
    return NULL;
}

/* ------------------------------------------------------------------ what the engine asks and says */

static stylize_status practice(void *user, uint32_t number, int side, float *out, stylize_error *err)
{
    learning *l = user;
    return stz_practice_get(&l->practice, number, number < PICTURES, side, out, err);
}

static double network_share(void *user)
{
    learning *l = user;
    const uint64_t now = stz_now_ns();
    if (!l->network_ns)
        l->network_ns = now;
    if (!l->end_ns)
        return 0;
    return l->end_ns > l->network_ns ? (double)(now - l->network_ns) / (double)(l->end_ns - l->network_ns)
                                     : 1;
}

static double done(learning *l, const stz_fit_state *s)
{
    const double code = (double)s->steps / l->fit.code_steps;
    if (!l->fit.network_steps)
        return code;
    return s->network
               ? CODE_SHARE + (1 - CODE_SHARE) *
                                  fmin(1, fmax(network_share(l), (double)s->steps / l->fit.network_steps))
               : CODE_SHARE * code;
}

static void show(learning *l, const stz_fit_state *s)
{
    for (int y = 0; y < s->side; y++) {
        uint8_t *row = l->shown.pixels + y * l->shown.stride;
        for (int i = 0; i < 3 * s->side; i++)
            row[i] = (uint8_t)(fminf(fmaxf(s->painted[y * 3 * s->side + i], 0), 1) * 255.f + .5f);
    }
    l->shown.width = l->shown.height = (uint32_t)s->side;
}

static stz_fit_answer progress(void *user, const stz_fit_state *s)
{
    learning *l = user;
    stylize_fit_state state = {.struct_size = sizeof state,
                               .done = (float)done(l, s),
                               .network = s->network,
                               .steps = s->steps,
                               .loss = s->steps ? (float)(s->loss / l->fit.first_loss) : 1};
    if (s->painted) {
        show(l, s);
        state.picture = &l->shown;
    }
    const int said = l->request->progress ? l->request->progress(l->request->progress_user, &state) : 0;
    l->answer = said == STYLIZE_FIT_GO_ON  ? STZ_FIT_GO_ON
                : said == STYLIZE_FIT_KEEP ? STZ_FIT_KEEP
                                           : STZ_FIT_CANCEL;
    if (l->answer == STZ_FIT_GO_ON && l->end_ns && stz_now_ns() > l->end_ns) {
        l->out_of_time = true;
        return STZ_FIT_KEEP;
    }
    return l->answer;
}

/* ------------------------------------------------------------------ pictures */

/* The artwork, RGB8; as large as the loss network is to see it. */
static stylize_status read_art(learning *l, stylize_image *out, stylize_error *err)
{
    stylize_image in, decoded = {0};
    stylize_status status = stz_image_check(l->request->picture, "artwork", &in, err);
    if (status)
        return status;
    if (stz_is_encoded(in.format)) {
        status = stz_about(
            err, stz_codec_decode(in.pixels, in.size, &l->env->limits, NULL, l->env->pool, &decoded, err),
            "artwork");
        in = decoded;
    }
    if (!status && (in.width < ART_MIN || in.height < ART_MIN))
        status = stz_fail(err, STYLIZE_ERR_INVALID, "the artwork is %ux%u pixels; %dx%d is the least",
                          in.width, in.height, ART_MIN, ART_MIN);
    if (!status) {
        status = stz_resize_whole(&in, in.width, in.height, l->env->pool, out, err);
        if (!status)
            status = stz_to_rgb(out, l->env->pool, err);
    }
    stylize_image_free(&decoded);
    return status;
}

static stylize_status scale_art(learning *l, const stylize_image *art, stylize_image *out, stylize_error *err)
{
    const int multiple = l->loss->model->multiple, least = 2 * multiple;
    const double wish = l->request->style_scale > 0 ? (double)l->request->style_scale : 1;
    const double scale = ART_AREA * wish / sqrt((double)art->width * art->height);
    const int w = stz_max((int)lround(art->width * scale / multiple) * multiple, least),
              h = stz_max((int)lround(art->height * scale / multiple) * multiple, least);
    return stz_resize_whole(art, (uint32_t)w, (uint32_t)h, l->env->pool, out, err);
}

/* ------------------------------------------------------------------ fitting */

/* The codes of the library's styles for the network, to begin with. The styles are kept until they are released. */
typedef struct starts {
    stz_style *styles[64];
    const float *codes[64];
    int count;
} starts;

static stylize_status find_starts(learning *l, starts *s, stylize_error *err)
{
    stylize_style_info *list;
    size_t count;
    stylize_status status = stz_style_lib_list(l->env->styles, NULL, &list, &count, err);
    for (size_t i = 0; i < count && !status && s->count < (int)STZ_LEN(s->codes); i++) {
        stz_style *style = stz_style_lib_find(l->env->styles, list[i].id);
        const float *code = style ? stz_style_code(style, l->base) : NULL;
        if (code) {
            s->styles[s->count] = style;
            s->codes[s->count++] = code;
        } else {
            stz_style_unref(style);
        }
    }
    if (!status)
        free(list);
    if (!status && !s->count)
        status = stz_fail(err, STYLIZE_ERR_UNSUPPORTED, "no style of the library has a code to begin with");
    return status;
}

static stylize_status run(learning *l, const stylize_image *art, float *codes, stylize_error *err)
{
    const stz_engine *engine = l->loss->engine->table;
    const stylize_fit *r = l->request;
    starts s = {0};
    stylize_status status = find_starts(l, &s, err);
    if (!status)
        status = stz_image_alloc(l->env->pool, SIDE, SIDE, STYLIZE_FORMAT_RGB8, &l->shown, err);
    if (!status) {
        const uint32_t steps = r->effort == STYLIZE_EFFORT_BEST ? BEST_STEPS : GOOD_STEPS;
        const uint64_t budget = r->memory_budget ? r->memory_budget : l->env->memory_budget;
        l->fit = (stz_style_fit){
            .art = stz_view_of(art),
            .side = SIDE,
            .practice = practice,
            .pictures = PICTURES,
            .starts = s.codes,
            .start_count = s.count,
            .code_steps = r->code_steps ? r->code_steps : CODE_STEPS,
            .network_steps = r->effort == STYLIZE_EFFORT_FAST ? 0
                             : r->network_steps               ? r->network_steps
                                                              : steps,
            .share = network_share,
            .progress = progress,
            .user = l,
            .memory = !r->memory_budget && budget < MEMORY_DEFAULT ? MEMORY_DEFAULT : budget,
            .code = codes,
            .network_code = codes + l->base->code_length,
        };
        status = engine->fit(l->loss->engine->state, l->loss->net, l->base, &l->fit, l->exec, err);
    }
    for (int i = 0; i < s.count; i++)
        stz_style_unref(s.styles[i]);
    stylize_image_free(&l->shown);
    return status;
}

static void report(const learning *l)
{
    stylize_fit *r = l->request;
    const stz_style_fit *f = &l->fit;
    const bool settled =
        f->network_steps ? f->network_settled || f->network_made == f->network_steps : f->code_settled;
    r->code_made = f->code_made;
    r->network_made = f->network_made;
    r->loss = (float)((f->network_made ? f->network_loss : f->code_loss) / f->first_loss);
    r->ended_early = !settled && (l->out_of_time || l->answer == STZ_FIT_KEEP);
}

stylize_status stz_learn_style(stz_env *env, stz_net *loss, const char *dir, stylize_fit *request,
                               const stz_exec *exec, stylize_error *err)
{
    learning l = {
        .env = env, .loss = loss, .base = stz_learn_base(env->styles), .request = request, .exec = exec};
    if (!loss->engine->table->fit)
        return stz_fail(err, STYLIZE_ERR_UNSUPPORTED, "engine %s cannot learn a style; engine native can",
                        loss->engine->table->name);
    if (request->time_budget_ms)
        l.end_ns = stz_now_ns() + request->time_budget_ms * UINT64_C(1000000);
    stylize_image art = {0}, scaled = {0};
    stz_buf *codes = NULL;
    stylize_status status = stz_learn_check(dir, request->info->id, err);
    if (!status)
        status = read_art(&l, &art, err);
    if (!status)
        status = scale_art(&l, &art, &scaled, err);
    if (!status)
        status = stz_practice_open(&l.practice, env, request->contents, request->content_count, request->seed,
                                   err);
    const size_t bytes = 2 * (size_t)l.base->code_length * sizeof(float);
    if (!status && !(codes = stz_pool_get(env->pool, STZ_MEM_SCRATCH, bytes)))
        status = stz_nomem(err, bytes);
    if (!status) {
        status = run(&l, &scaled, (float *)(void *)codes->data, err);
        if (!status)
            status = stz_learn_save(env, dir, request, l.base, &art, &l.fit, exec, err);
        if (!status)
            report(&l);
    }
    stz_buf_unref(l.fit.file);
    stz_buf_unref(codes);
    stz_practice_close(&l.practice);
    stylize_image_free(&scaled);
    stylize_image_free(&art);
    return status;
}
