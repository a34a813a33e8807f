/*
 * A program that uses every size-tagged structure, as its header has them and in the size of their first release.
 * It is run under the library of its own header and under one whose structures have grown since.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stylize/sequence.h"
#include "stylize/stylize.h"

static int failures;

static void expect(int good, const char *what, const stylize_error *err)
{
    if (good)
        return;
    failures++;
    printf("%s: %s\n", what, err ? err->message : "");
}

/* The last 64 bytes of a structure in a block of its own: what lies beyond its size must stay. */
typedef struct fenced {
    size_t size;
    unsigned char *block;
} fenced;

static void *fence(fenced *f, size_t size)
{
    f->size = size;
    f->block = malloc(size + 64);
    if (!f->block)
        exit(2);
    memset(f->block, 0, size);
    memset(f->block + size, 0xa5, 64);
    memcpy(f->block, &size, sizeof size);
    return f->block;
}

static void check_fence(fenced *f, const char *what)
{
    int whole = 1;
    for (size_t i = 0; i < 64; i++)
        whole &= f->block[f->size + i] == 0xa5;
    expect(whole, what, NULL);
    free(f->block);
}

/* One request, with structures of the sizes given. */
static void paint(stylize_ctx *ctx, size_t request_size, size_t report_size, const stylize_image *photo)
{
    fenced of_request, of_report;
    stylize_error err = {0};
    stylize_image painted = {0};
    stylize_request *r = fence(&of_request, request_size);
    stylize_report *report = fence(&of_report, report_size);
    const stylize_style_ref style = {.id = "udnie", .weight = 1};
    expect(stylize_request_init(r, request_size) == STYLIZE_OK, "request_init", NULL);
    r->content = photo;
    r->styles = &style;
    r->style_count = 1;
    r->output_size = 64;
    r->report = report;
    expect(stylize_ctx_run(ctx, r, &painted, &err) == STYLIZE_OK, "run", &err);
    expect(painted.width == 64 || painted.height == 64, "size of the result", NULL);
    expect(strcmp(report->model, "brush") == 0, "report", NULL);
    stylize_image_free(&painted);
    check_fence(&of_request, "beyond the request");
    check_fence(&of_report, "beyond the report");
}

static void look(stylize_ctx *ctx, const stylize_image *photo)
{
    fenced f;
    stylize_error err = {0};
    stylize_image_info *info = fence(&f, sizeof *info);
    expect(stylize_image_probe(ctx, photo, info, &err) == STYLIZE_OK && info->width, "probe", &err);
    check_fence(&f, "beyond the info");

    stylize_stats *stats = fence(&f, sizeof *stats);
    expect(stylize_ctx_stats(ctx, stats) == STYLIZE_OK && stats->completed >= 2, "stats", NULL);
    check_fence(&f, "beyond the stats");

    stylize_bench *bench = fence(&f, sizeof *bench);
    bench->model = "brush", bench->width = bench->height = 64, bench->rounds = 1;
    expect(stylize_ctx_bench(ctx, bench, &err) == STYLIZE_OK && bench->min_ms > 0, "bench", &err);
    check_fence(&f, "beyond the bench");
}

static void share_out(stylize_ctx *ctx, const stylize_image *photo)
{
    fenced f;
    stylize_error err = {0};
    stylize_request r;
    void *data;
    size_t size;
    const stylize_style_ref style = {.id = "udnie", .weight = 1};
    stylize_request_init(&r, sizeof r);
    r.content = photo, r.styles = &style, r.style_count = 1, r.output_size = 64;
    expect(stylize_tiling_create(ctx, &r, &data, &size, &err) == STYLIZE_OK, "tiling", &err);
    stylize_tile *tile = fence(&f, sizeof *tile);
    expect(stylize_tiling_get(data, size, 0, tile, &err) == STYLIZE_OK && tile->width, "tile", &err);
    check_fence(&f, "beyond the tile");
    stylize_free(data);
}

static void paint_frames(stylize_ctx *ctx)
{
    static uint8_t pixels[32 * 32 * 3];
    fenced of_options, of_frame;
    stylize_error err = {0};
    stylize_request r;
    stylize_sequence *sequence = NULL;
    const stylize_style_ref style = {.id = "udnie", .weight = 1};
    stylize_request_init(&r, sizeof r);
    r.styles = &style, r.style_count = 1;
    stylize_sequence_options *o = fence(&of_options, sizeof *o);
    stylize_frame *frame = fence(&of_frame, sizeof *frame);
    expect(stylize_sequence_init(o, sizeof *o) == STYLIZE_OK, "sequence_init", NULL);
    o->request = &r;
    frame->planes[0] = pixels, frame->width = frame->height = 32, frame->format = STYLIZE_FRAME_RGB8;
    frame->tag = 5;
    expect(stylize_sequence_create(&sequence, ctx, o, &err) == STYLIZE_OK, "sequence_create", &err);
    expect(stylize_sequence_push(sequence, frame, NULL, &err) == STYLIZE_OK, "sequence_push", &err);
    expect(stylize_sequence_pull(sequence, frame, &err) == STYLIZE_OK && frame->tag == 5, "sequence_pull",
           &err);
    stylize_sequence_destroy(sequence);
    check_fence(&of_options, "beyond the sequence's options");
    check_fence(&of_frame, "beyond the frame");
}

int main(void)
{
    char path[4096];
    const char *source = getenv("STYLIZE_SOURCE_DIR");
    snprintf(path, sizeof path, "%s/examples/data/photo.jpg", source ? source : ".");
    stylize_error err = {0};
    stylize_options options;
    stylize_ctx *ctx;
    stylize_image photo = {0};
    expect(stylize_options_init(&options, sizeof options) == STYLIZE_OK, "options_init", NULL);
    options.threads = 2;
    if (stylize_ctx_create(&ctx, &options, &err) != STYLIZE_OK ||
        stylize_image_load(ctx, path, &photo, &err) != STYLIZE_OK) {
        printf("%s\n", err.message);
        return 1;
    }
    paint(ctx, sizeof(stylize_request), sizeof(stylize_report), &photo);
    paint(ctx, offsetof(stylize_request, tiling), offsetof(stylize_report, model) + 64, &photo);
    look(ctx, &photo);
    share_out(ctx, &photo);
    paint_frames(ctx);
    stylize_image_free(&photo);
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
    printf("%d failed\n", failures);
    return failures != 0;
}
