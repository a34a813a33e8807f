#include "engine/native/fit.h"

/* Weights of the losses, those of the feature maps as parts of what the loss network's description says. A network
 * that is steered must keep the layout by itself, so the content counts more than in the method optimize. */
#define STYLE      5.0f
#define CONTENT    4.4f
#define SMOOTHNESS 0.1

#define SIDE_MIN 128

static size_t run_bytes(stz_fitting *f, int side)
{
    return stz_part_memory(f->generator, side, side, true) + (size_t)(f->spec.pixel_bytes * side * side);
}

/* The largest side that the memory allows, by halves. */
static stylize_status choose_side(stz_fitting *f, int multiple)
{
    for (f->side = f->fit->side; f->side >= SIDE_MIN; f->side = f->side / 2 / multiple * multiple)
        if (run_bytes(f, f->side) <= f->fit->memory)
            return STYLIZE_OK;
    return stz_fail(f->err, STYLIZE_ERR_LIMIT, "the memory budget is %llu bytes; learning a style takes %llu",
                    (unsigned long long)f->fit->memory, (unsigned long long)run_bytes(f, SIDE_MIN));
}

static stz_view samples_view(const stz_fitting *f, float *data)
{
    return (stz_view){data, f->side * 3 * (ptrdiff_t)sizeof(float), f->side, f->side, STZ_F32};
}

static stylize_status read_pictures(stz_fitting *f)
{
    stylize_status status = STYLIZE_OK;
    for (int i = 0; i < f->fit->pictures && !status; i++)
        status = f->fit->practice(f->fit->user, (uint32_t)i, f->side, stz_fit_picture(f, i), f->err);
    return status;
}

static stylize_status read_contents(stz_fitting *f)
{
    stylize_status status = STYLIZE_OK;
    f->content_bytes = stz_objective_content_bytes(&f->objective, NULL);
    stz_buf *contents = stz_pool_get(f->pool, STZ_MEM_ARENA, f->content_bytes * (size_t)f->fit->pictures);
    if (!contents)
        return stz_nomem(f->err, f->content_bytes * (size_t)f->fit->pictures);
    f->contents = contents->data;
    for (int i = 0; i < f->fit->pictures && !status; i++) {
        const stz_view view = samples_view(f, stz_fit_picture(f, i));
        stz_objective_content_bytes(&f->objective, f->contents + (size_t)i * f->content_bytes);
        status = stz_fit_begins(f) ? stz_objective_read_content(&f->objective, &view, f->err) : f->status;
    }
    if (!status)
        status = stz_fit_code(f);
    if (!status && f->fit->network_steps && f->answer == STZ_FIT_GO_ON)
        status = stz_fit_network(f);
    stz_buf_unref(contents);
    return status;
}

static stylize_status run(stz_fitting *f, stz_part *loss)
{
    static const float one = 1;
    const bool network = f->fit->network_steps > 0;
    f->goal = (stz_optimize){.content = samples_view(f, f->pictures),
                             .styles = &f->fit->art,
                             .weights = &one,
                             .style_count = 1,
                             .memory = f->fit->memory};
    stylize_status status = read_pictures(f);
    if (status)
        return status;
    status =
        stz_objective_open(&f->objective, loss, &f->spec, &f->goal, f->painted, f->pool, f->exec, f->err);
    if (status)
        return status;
    const stz_apply job = {.in = samples_view(f, f->pictures), .out = samples_view(f, f->painted)};
    status = stz_kept_begin(&f->kept, f->generator, &job, network, f->pool, f->exec, f->err);
    if (!status) {
        status = read_contents(f);
        stz_kept_end(&f->kept);
    }
    stz_objective_close(&f->objective);
    return status;
}

stylize_status stz_fit_run(stz_native_net *generator, stz_part *loss, const stz_loss_spec *spec,
                           stz_style_fit *fit, stz_pool *pool, const stz_exec *exec, stylize_error *err)
{
    stz_fitting f = {.fit = fit,
                     .net = generator,
                     .generator = &generator->generator,
                     .spec = *spec,
                     .pool = pool,
                     .exec = exec,
                     .err = err};
    f.spec.smoothness = SMOOTHNESS;
    for (int i = 0; i < spec->layers; i++) {
        f.spec.style_weights[i] *= STYLE;
        f.spec.content_weights[i] *= CONTENT;
    }
    stylize_status status = choose_side(&f, stz_max(spec->multiple, generator->generator.graph.multiple));
    if (status)
        return status;
    f.samples = (size_t)f.side * (size_t)f.side * 3;
    const size_t floats = f.samples * (size_t)(fit->pictures + 3), bytes = floats * sizeof(float);
    f.memory = stz_pool_get(pool, STZ_MEM_ARENA, bytes + (size_t)f.side * sizeof(double));
    if (!f.memory)
        return stz_nomem(err, bytes);
    f.pictures = (float *)(void *)f.memory->data;
    f.painted = stz_fit_picture(&f, fit->pictures + 1);
    f.gradient = f.painted + f.samples;
    f.records = (double *)(void *)(f.memory->data + bytes);
    status = run(&f, loss);
    stz_buf_unref(f.memory);
    return status;
}
