/*
 * Gradients of a network in a file, for against_torch.py.
 *     gradient_dump paint MODEL WIDTH HEIGHT PICTURE CODE FACTORS           painting, gradients of picture and code
 *     gradient_dump loss MODEL WIDTH HEIGHT PICTURE CONTENT STYLE STYLE_WIDTH STYLE_HEIGHT      loss, gradient
 * PICTURE, CODE, FACTORS, CONTENT and STYLE are files of fp32 numbers, pictures interleaved; so is what is written to
 * the standard output.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/native/graph_read.h"
#include "engine/native/objective.h"
#include "style/model.h"

static stylize_error err;

static void stop(const char *why)
{
    fprintf(stderr, "%s\n", why);
    exit(1);
}

static float *numbers(const char *path, size_t count)
{
    float *p = malloc((count + 1) * sizeof *p);
    FILE *f = fopen(path, "rb");
    if (!p || !f || fread(p, sizeof *p, count, f) != count)
        stop(path);
    fclose(f);
    return p;
}

static stz_view view_of(float *p, int width, int height)
{
    return (stz_view){p, (ptrdiff_t)width * 12, width, height, STZ_F32};
}

/* files: MODEL and what follows. */
static void paint(stz_part *part, stz_pool *pool, const stz_exec *exec, int width, int height, char **files)
{
    const size_t count = (size_t)width * (size_t)height * 3, length = (size_t)part->graph.code_length;
    float *in = numbers(files[3], count), *code = numbers(files[4], length),
          *factors = numbers(files[5], count);
    float *all = malloc((2 * count + length + 1) * sizeof *all);
    const stz_apply job = {
        .in = view_of(in, width, height), .out = view_of(all, width, height), .code = code};
    const stz_back_job back = {
        .result = factors, .picture = all + count, .code = length ? all + 2 * count : NULL};
    stz_kept_run k;
    if (stz_kept_begin(&k, part, &job, true, pool, exec, &err) || stz_kept_forward(&k, &err) ||
        stz_kept_back(&k, &back, &err))
        stop(err.message);
    fwrite(all, sizeof *all, 2 * count + length, stdout);
    stz_kept_end(&k);
    free(in);
    free(code);
    free(factors);
    free(all);
}

/* What the description beside a loss network's file says of its feature maps. */
static stz_model *description(char *file)
{
    char *end = strrchr(file, '/');
    stz_model *model;
    if (!end)
        stop("the file's folder is needed");
    *end = '\0';
    if (stz_model_read(file, &model, &err))
        stop(err.message);
    return model;
}

static void measure(stz_part *part, stz_pool *pool, const stz_exec *exec, int width, int height, char **files)
{
    stz_model *model = description(files[0]);
    const int style_width = atoi(files[6]), style_height = atoi(files[7]);
    const size_t count = (size_t)width * (size_t)height * 3;
    float *x = numbers(files[3], count), *content = numbers(files[4], count), share = 1;
    float *style = numbers(files[5], (size_t)style_width * (size_t)style_height * 3);
    float *gradient = malloc((count + 1) * sizeof *gradient);
    const stz_view style_view = view_of(style, style_width, style_height);
    stz_loss_spec spec = {.layers = part->layers.taps,
                          .multiple = part->graph.multiple,
                          .radius = stz_graph_radius(&part->graph),
                          .smoothness = STZ_SMOOTHNESS,
                          .pixel_bytes = 1000};
    memcpy(spec.style_weights, model->style_weights, sizeof spec.style_weights);
    memcpy(spec.content_weights, model->content_weights, sizeof spec.content_weights);
    const stz_optimize job = {.content = view_of(content, width, height),
                              .styles = &style_view,
                              .weights = &share,
                              .style_count = 1,
                              .memory = 1u << 28};
    stz_objective o;
    double loss = 0;
    if (stz_objective_open(&o, part, &spec, &job, x, pool, exec, &err) ||
        stz_objective_evaluate(&o, x, gradient + 1, &loss, &err))
        stop(err.message);
    gradient[0] = (float)loss;
    fwrite(gradient, sizeof *gradient, count + 1, stdout);
    stz_objective_close(&o);
    stz_model_free(model);
    free(x);
    free(content);
    free(style);
    free(gradient);
}

int main(int argc, char **argv)
{
    if (argc < 8)
        stop("see the source for what to give");
    const bool loss = strcmp(argv[1], "loss") == 0 && argc == 10;
    stz_part part = {0};
    stz_safetensors *file;
    if (stz_safetensors_open(argv[2], &file, &err) ||
        stz_graph_read(file, loss ? "loss_graph" : "graph", &part.graph, &err) ||
        stz_part_init(&part, stz_kernels_get(false), &err))
        stop(err.message);
    stz_scratch scratch = {0};
    stz_team *team = stz_team_create(1, &scratch, 0);
    stz_pool *pool = stz_pool_create(0);
    const stz_exec exec = {.team = team};
    (loss ? measure : paint)(&part, pool, &exec, atoi(argv[3]), atoi(argv[4]), argv + 2);
    stz_team_destroy(team);
    stz_scratch_free(&scratch);
    stz_part_free(&part);
    stz_graph_free(&part.graph);
    stz_safetensors_close(file);
    stz_pool_end(pool);
    return 0;
}
