#include "codec/format.h"
#include "codec/icc.h"
#include "codec/jpeg_error.h"
#include "codec/rows.h"

#define MEMORY_BASE (32u << 20) /* tables and strips of libjpeg, besides the coefficients */

struct decoder {
    struct jpeg_decompress_struct d; /* first: the progress monitor gets this pointer */
    stz_jpeg_error error;
    struct jpeg_progress_mgr progress;
    const stz_source *source;
    stz_pool *pool;
    stylize_image *out;
    stz_rows rows;
    stz_icc *icc;
    stz_buf *cmyk; /* one row as decoded */
};

/* Called by libjpeg while it reads scans: a few bytes can hold hundreds of them, each of which
 * costs as much as the whole picture. */
static void check_scans(j_common_ptr cinfo)
{
    struct decoder *j = (struct decoder *)cinfo;
    if ((uint32_t)j->d.input_scan_number > j->source->limits->max_scans)
        stz_jpeg_error_raise(&j->error, stz_fail(j->error.err, STYLIZE_ERR_LIMIT,
                                                 "JPEG has more than the %u scans that are allowed",
                                                 j->source->limits->max_scans));
}

static void open_source(struct decoder *j)
{
    const stz_source *s = j->source;
    jpeg_create_decompress(&j->d);
    j->progress.progress_monitor = check_scans;
    j->d.progress = &j->progress;
    jpeg_mem_src(&j->d, s->data, s->size);
    jpeg_read_header(&j->d, TRUE);
    /* libjpeg has the last word on the size: it is what it will allocate for */
    stylize_status status = stz_limits_check(s->limits, j->d.image_width, j->d.image_height, j->error.err);
    if (status == STYLIZE_OK && j->d.data_precision != 8)
        status = stz_fail(j->error.err, STYLIZE_ERR_UNSUPPORTED,
                          "JPEG has %d bits a channel; 8 are supported", j->d.data_precision);
    if (status == STYLIZE_OK && j->d.num_components != 1 && j->d.num_components != 3 &&
        j->d.num_components != 4)
        status = stz_fail(j->error.err, STYLIZE_ERR_UNSUPPORTED,
                          "JPEG has %d channels; 1, 3 and 4 are supported", j->d.num_components);
    if (status != STYLIZE_OK)
        stz_jpeg_error_raise(&j->error, status);
    j->error.end_is_ok = !j->d.arith_code && !jpeg_has_multiple_scans(&j->d);
    uint64_t pixels = (uint64_t)(j->d.image_width + 64) * (j->d.image_height + 64);
    j->d.mem->max_memory_to_use =
        (long)(MEMORY_BASE + pixels * sizeof(JCOEF) * (uint64_t)j->d.num_components);
}

/* The smallest of libjpeg's fast scales whose sides are still what the caller needs. */
static void choose_scale(struct decoder *j)
{
    stz_decode_hint need = j->source->hint;
    if (!need.min_width && !need.min_height)
        return;
    if (j->source->header.orientation >= 5)
        need = (stz_decode_hint){.min_width = need.min_height, .min_height = need.min_width};
    j->d.scale_denom = 8;
    for (j->d.scale_num = 1; j->d.scale_num < 8; j->d.scale_num *= 2) {
        jpeg_calc_output_dimensions(&j->d);
        if (j->d.output_width >= need.min_width && j->d.output_height >= need.min_height)
            break;
    }
}

static void choose_colour(struct decoder *j)
{
    bool cmyk = j->d.num_components == 4;
    j->d.out_color_space = cmyk ? JCS_CMYK : JCS_RGB;
    if (!j->source->header.icc)
        return;
    stz_buf *buf;
    const uint8_t *profile;
    size_t size;
    if (stz_jpeg_profile(j->source->data, j->source->size, j->pool, &buf, &profile, &size)) {
        j->icc = stz_icc_create(profile, size, cmyk ? STZ_ICC_CMYK : STZ_ICC_RGB, j->d.num_components == 1);
        stz_buf_unref(buf);
    }
}

/* Every program writes CMYK inverted, as Photoshop does: 255 is no ink. */
static void cmyk_to_rgb(const uint8_t *in, uint8_t *out, uint32_t width)
{
    for (uint32_t x = 0; x < width; x++, in += 4, out += 3)
        for (int c = 0; c < 3; c++) {
            unsigned v = (unsigned)in[c] * in[3] + 127;
            out[c] = (uint8_t)(v / 255);
        }
}

static void read_row(struct decoder *j)
{
    uint8_t *to = stz_rows_next(&j->rows);
    JSAMPROW row = j->cmyk ? j->cmyk->data : to;
    jpeg_read_scanlines(&j->d, &row, 1); /* a memory source never suspends: always one row */
    if (j->icc)
        stz_icc_row(j->icc, row, to, j->d.output_width);
    else if (j->cmyk)
        cmyk_to_rgb(row, to, j->d.output_width);
    stz_rows_done(&j->rows);
}

static void decode(struct decoder *j)
{
    open_source(j);
    choose_scale(j);
    choose_colour(j);
    jpeg_start_decompress(&j->d);
    stylize_status status =
        stz_rows_init(&j->rows, j->pool, j->d.output_width, j->d.output_height, j->source->header.orientation,
                      STYLIZE_FORMAT_RGB8, j->out, j->error.err);
    if (status != STYLIZE_OK)
        stz_jpeg_error_raise(&j->error, status);
    if (j->d.out_color_space == JCS_CMYK) {
        size_t size = (size_t)j->d.output_width * 4;
        j->cmyk = stz_pool_get(j->pool, STZ_MEM_SCRATCH, size);
        if (!j->cmyk)
            stz_jpeg_error_raise(&j->error, stz_nomem(j->error.err, size));
    }
    while (j->d.output_scanline < j->d.output_height)
        read_row(j);
}

static void decode_guarded(struct decoder *j)
{
    if (!setjmp(j->error.jump))
        decode(j);
}

stylize_status stz_jpeg_decode(const stz_source *source, stz_pool *pool, stylize_image *out,
                               stylize_error *err)
{
    stylize_image image = {0};
    struct decoder j = {.source = source, .pool = pool, .out = &image};
    stz_jpeg_error_init(&j.error, err);
    j.d.err = &j.error.mgr;
    j.error.tolerant = source->header.tolerant;
    decode_guarded(&j);
    if (j.error.status == STYLIZE_ERR_FORMAT && j.error.tolerant && stz_rows_fill(&j.rows)) {
        j.error.status = STYLIZE_OK;
        j.error.damaged = true;
    }
    if (j.error.damaged && source->hint.damaged)
        *source->hint.damaged = true;
    jpeg_destroy_decompress(&j.d);
    stz_icc_free(j.icc);
    stz_buf_unref(j.cmyk);
    stz_rows_free(&j.rows);
    if (j.error.status != STYLIZE_OK)
        stylize_image_free(&image);
    else
        *out = image;
    return j.error.status;
}
