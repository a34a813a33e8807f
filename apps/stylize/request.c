#include "request.h"

#include "json_out.h"
#include "message.h"

void request_prepare(stylize_request *r, const cli_args *args, const style_set *styles)
{
    r->styles = styles->refs;
    r->style_count = styles->count;
    r->masks = styles->masks;
    r->style_masks = styles->parts;
    r->method = args->method;
    if (args->size_count) {
        r->output_size = args->sizes[0].side;
        r->output_width = args->sizes[0].width;
        r->output_height = args->sizes[0].height;
    }
    r->strength = args->strength;
    r->preserve_color = args->preserve_color;
    r->style_scale = (float)args->style_scale;
    r->look = (uint32_t)args->look;
    r->seed = args->seed;
    r->iterations = (uint32_t)args->iterations;
    r->time_budget_ms = (uint32_t)(1000 * args->time_budget + 0.5);
    r->optimizer = args->optimizer;
    r->memory_budget = args->memory;
    r->quality = (int)args->quality;
    r->keep_metadata = args->keep_metadata;
    r->output_depth = (uint32_t)args->depth;
}

void report_damage(const char *input, const task *t)
{
    if (t->report.damaged)
        message_note("%s: damaged, painted as far as it goes", input);
}

json_t *report_json(const char *input, const char *output, const task *t)
{
    const stylize_report *r = &t->report;
    json_t *j = json_object();
    json_object_set_new(j, "input", json_text(input));
    if (t->status != STYLIZE_OK) {
        json_object_set_new(j, "status", json_text(stylize_status_str(t->status)));
        json_object_set_new(j, "error", json_text(t->error.message));
        return j;
    }
    json_object_set_new(j, "output", json_text(output));
    json_object_set_new(j, "status", json_string("ok"));
    json_object_set_new(j, "width", json_integer(t->result.width));
    json_object_set_new(j, "height", json_integer(t->result.height));
    json_object_set_new(j, "bytes", json_integer((json_int_t)t->result.size));
    json_object_set_new(j, "engine", json_text(r->engine));
    json_object_set_new(j, "model", json_text(r->model));
    json_object_set_new(j, "strength", json_real((double)r->strength));
    json_object_set_new(j, "tiles", json_integer(r->tiles));
    json_object_set_new(j, "batch_size", json_integer(r->batch_size));
    json_object_set_new(j, "queue_ms", json_real(1e-6 * (double)r->queue_ns));
    json_object_set_new(j, "prepare_ms", json_real(1e-6 * (double)r->prepare_ns));
    json_object_set_new(j, "engine_ms", json_real(1e-6 * (double)r->engine_ns));
    json_object_set_new(j, "finish_ms", json_real(1e-6 * (double)r->finish_ns));
    if (r->damaged)
        json_object_set_new(j, "damaged", json_true());
    if (r->iterations) {
        json_object_set_new(j, "iterations", json_integer(r->iterations));
        json_object_set_new(j, "ended_early", json_boolean(r->ended_early));
    }
    return j;
}
