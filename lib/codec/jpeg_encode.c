#include <string.h>

#include "codec/format.h"
#include "codec/iptc.h"
#include "codec/jpeg_error.h"

#define CHUNK       65536u /* the sink grows by at least this */
#define SEGMENT_MAX 65533u /* bytes of a segment behind its length */

struct encoder {
    struct jpeg_compress_struct c;
    stz_jpeg_error error;
    struct jpeg_destination_mgr dest;
    const stylize_image *in;
    const stz_metadata *metadata;
    stz_sink *sink;
    stz_buf *row; /* one row without alpha */
};

/* What is free in the sink is lent to libjpeg, which writes in place. */
static void lend(struct encoder *j)
{
    if (!stz_sink_reserve(j->sink, CHUNK))
        stz_jpeg_error_raise(&j->error, stz_nomem(j->error.err, j->sink->used + CHUNK));
    j->dest.next_output_byte = j->sink->buf->data + j->sink->used;
    j->dest.free_in_buffer = j->sink->buf->size - j->sink->used;
}

static void dest_start(j_compress_ptr c) { lend(c->client_data); }

static boolean dest_full(j_compress_ptr c)
{
    struct encoder *j = c->client_data;
    j->sink->used = j->sink->buf->size; /* by libjpeg's rule all of it, whatever the counters say */
    lend(j);
    return TRUE;
}

static void dest_end(j_compress_ptr c)
{
    struct encoder *j = c->client_data;
    j->sink->used = j->sink->buf->size - j->dest.free_in_buffer;
}

static void set_parameters(struct encoder *j, int quality)
{
    bool grey = j->in->format == STYLIZE_FORMAT_GRAY8;
    j->c.image_width = j->in->width;
    j->c.image_height = j->in->height;
    j->c.input_components = grey ? 1 : 3;
    j->c.in_color_space = grey ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(&j->c);
    jpeg_set_quality(&j->c, quality, TRUE);
    /* optimised Huffman tables would double the time and hold all coefficients, for 1 to 5 % of size */
    int sampling = quality >= 90 || grey ? 1 : 2; /* 4:4:4 or 4:2:0 */
    j->c.comp_info[0].h_samp_factor = sampling;
    j->c.comp_info[0].v_samp_factor = sampling;
}

/* Alpha on white: c * a + 255 * (1 - a). */
static void flatten(const uint8_t *in, uint8_t *out, uint32_t width)
{
    for (uint32_t x = 0; x < width; x++, in += 4, out += 3)
        for (int c = 0; c < 3; c++) {
            unsigned v = (unsigned)in[c] * in[3] + 255u * (255u - in[3]) + 127;
            out[c] = (uint8_t)(v / 255);
        }
}

/* One of each, if it fits into a segment; larger packets of XMP there are hardly any of. */
static void write_texts(struct encoder *j, uint8_t segment[SEGMENT_MAX])
{
    const stz_metadata *m = j->metadata;
    const size_t before = sizeof STZ_JPEG_XMP;
    if (m->xmp_size && m->xmp_size <= SEGMENT_MAX - before) {
        memcpy(segment, STZ_JPEG_XMP, before);
        memcpy(segment + before, m->xmp->data, m->xmp_size);
        jpeg_write_marker(&j->c, JPEG_APP0 + 1, segment, (unsigned)(before + m->xmp_size));
    }
    if (m->iptc_size) {
        const size_t head = sizeof STZ_JPEG_IPTC + STZ_IPTC_HEAD, size = m->iptc_size;
        memcpy(segment, STZ_JPEG_IPTC, sizeof STZ_JPEG_IPTC);
        stz_iptc_head(segment + sizeof STZ_JPEG_IPTC, size);
        memcpy(segment + head, m->iptc->data, size);
        segment[head + size] = 0;
        jpeg_write_marker(&j->c, JPEG_APP0 + 13, segment, (unsigned)(head + size + (size & 1)));
    }
}

/* EXIF in one segment; a profile in as many as it needs, each with its number and how many there are. */
static void write_metadata(struct encoder *j)
{
    const stz_metadata *m = j->metadata;
    uint8_t segment[SEGMENT_MAX];
    if (m && m->exif_size) {
        memcpy(segment, "Exif\0", 6);
        memcpy(segment + 6, m->exif->data, m->exif_size);
        jpeg_write_marker(&j->c, JPEG_APP0 + 1, segment, (unsigned)m->exif_size + 6);
    }
    if (m)
        write_texts(j, segment);
    const size_t each = SEGMENT_MAX - 14, size = m ? m->icc_size : 0, count = (size + each - 1) / each;
    for (size_t i = 0; i < count && count < 256; i++) {
        const size_t n = i + 1 < count ? each : size - i * each;
        memcpy(segment, "ICC_PROFILE", 12);
        segment[12] = (uint8_t)(i + 1);
        segment[13] = (uint8_t)count;
        memcpy(segment + 14, m->icc->data + i * each, n);
        jpeg_write_marker(&j->c, JPEG_APP0 + 2, segment, (unsigned)n + 14);
    }
}

static void encode(struct encoder *j, int quality)
{
    jpeg_create_compress(&j->c);
    j->c.client_data = j;
    j->dest = (struct jpeg_destination_mgr){
        .init_destination = dest_start, .empty_output_buffer = dest_full, .term_destination = dest_end};
    j->c.dest = &j->dest;
    set_parameters(j, quality);
    if (j->in->format == STYLIZE_FORMAT_RGBA8) {
        size_t size = (size_t)j->in->width * 3;
        j->row = stz_pool_get(j->sink->pool, STZ_MEM_SCRATCH, size);
        if (!j->row)
            stz_jpeg_error_raise(&j->error, stz_nomem(j->error.err, size));
    }
    jpeg_start_compress(&j->c, TRUE);
    write_metadata(j);
    for (uint32_t y = 0; y < j->in->height; y++) {
        JSAMPROW row = j->in->pixels + (size_t)y * (size_t)j->in->stride;
        if (j->row) {
            flatten(row, j->row->data, j->in->width);
            row = j->row->data;
        }
        jpeg_write_scanlines(&j->c, &row, 1);
    }
    jpeg_finish_compress(&j->c);
}

static void encode_guarded(struct encoder *j, int quality)
{
    if (!setjmp(j->error.jump))
        encode(j, quality);
}

stylize_status stz_jpeg_encode(const stylize_image *in, int quality, const stz_metadata *metadata,
                               stz_sink *sink, stylize_error *err)
{
    if (in->width > JPEG_MAX_DIMENSION || in->height > JPEG_MAX_DIMENSION)
        return stz_fail(err, STYLIZE_ERR_INVALID, "picture is %ux%u; a JPEG has at most %ld a side",
                        in->width, in->height, (long)JPEG_MAX_DIMENSION);
    struct encoder j = {.in = in, .metadata = metadata, .sink = sink};
    stz_jpeg_error_init(&j.error, err);
    j.c.err = &j.error.mgr;
    encode_guarded(&j, quality);
    jpeg_destroy_compress(&j.c);
    stz_buf_unref(j.row);
    return j.error.status;
}
