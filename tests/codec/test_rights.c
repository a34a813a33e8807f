/* XMP and IPTC: what is kept of them, and that nothing else goes along. */
#include <zlib.h>

#include "codec/format.h"
#include "codec/iptc.h"
#include "codec/xmp.h"
#include "codec_test.h"

static const char *const names[] = {"rights.jpg", "rights.png",  "rights.webp",
                                    "rights.tif", "rights.avif", "rights.jxl"};
static const stylize_format outputs[] = {STYLIZE_FORMAT_JPEG, STYLIZE_FORMAT_PNG, STYLIZE_FORMAT_WEBP,
                                         STYLIZE_FORMAT_TIFF, STYLIZE_FORMAT_AVIF};

static bool holds(const stz_buf *block, size_t size, const char *text)
{
    return block && memmem(block->data, size, text, strlen(text));
}

static stz_metadata read_metadata(const uint8_t *data, size_t size, uint32_t keep)
{
    stz_metadata m;
    stylize_error err = {0};
    assert_int_equal(stz_metadata_read(data, size, keep, test_pool, &m, &err), STYLIZE_OK);
    return m;
}

static void assert_xmp(const char *name, const stz_metadata *m, uint32_t keep)
{
    static const char *const rights[] = {"<rdf:li>A. Painter &amp; Sons</rdf:li>", "Another", "(c) somebody",
                                         "Agency", "True"};
    static const char *const others[] = {"Town", "GPSLatitude", "a card", "<tiff:Orientation>1<"};
    const bool all = keep == STYLIZE_METADATA_ALL, any = all || keep & STYLIZE_METADATA_COPYRIGHT;
    assert_true((m->xmp != NULL) == any);
    for (size_t i = 0; i < STZ_LEN(rights); i++)
        if (holds(m->xmp, m->xmp_size, rights[i]) != any)
            fail_msg("%s, %u: %s", name, keep, rights[i]);
    for (size_t i = 0; i < STZ_LEN(others); i++)
        if (holds(m->xmp, m->xmp_size, others[i]) != all)
            fail_msg("%s, %u: %s", name, keep, others[i]);
    assert_false(holds(m->xmp, m->xmp_size, "humbnail"));
    assert_false(holds(m->xmp, m->xmp_size, "/9j/"));
}

static void assert_iptc(const char *name, const stz_metadata *m, uint32_t keep)
{
    const bool all = keep == STYLIZE_METADATA_ALL, any = all || keep & STYLIZE_METADATA_COPYRIGHT;
    assert_true((m->iptc != NULL) == any);
    if (holds(m->iptc, m->iptc_size, "A. Painter") != any ||
        holds(m->iptc, m->iptc_size, "(c) somebody") != any)
        fail_msg("%s, %u: rights", name, keep);
    if (holds(m->iptc, m->iptc_size, "Town") != all)
        fail_msg("%s, %u: place", name, keep);
    assert_false(holds(m->iptc, m->iptc_size, "\xff\xd8\xff"));
}

static void keeps_what_is_asked_for(void **state)
{
    for (size_t i = 0; i < STZ_LEN(names); i++) {
        blob b = blob_load(names[i]);
        const stylize_format format = stz_sniff(b.data, b.size);
        for (uint32_t keep = 0; keep <= STYLIZE_METADATA_ALL && have(format); keep++) {
            stz_metadata m = read_metadata(b.data, b.size, keep);
            assert_xmp(names[i], &m, keep);
            if (format == STYLIZE_FORMAT_JPEG || format == STYLIZE_FORMAT_TIFF)
                assert_iptc(names[i], &m, keep);
            stz_metadata_free(&m);
        }
        blob_free(&b);
    }
}

/* What was written is read again, byte by byte as it was kept. */
static void write_and_read(const char *name, const stz_metadata *m, stylize_format format)
{
    stylize_image card = card_image(STYLIZE_FORMAT_RGB8), file = {0}, plain = {0};
    stylize_error err = {0};
    if (stz_codec_encode(&card, format, 97, m, test_pool, &file, &err) != STYLIZE_OK)
        fail_msg("%s to %d: %s", name, (int)format, err.message);
    stz_metadata again = read_metadata(file.pixels, file.size, STYLIZE_METADATA_ALL);
    if (again.xmp_size != m->xmp_size || memcmp(again.xmp->data, m->xmp->data, m->xmp_size))
        fail_msg("%s to %d: XMP", name, (int)format);
    const bool both = m->iptc && (format == STYLIZE_FORMAT_JPEG || format == STYLIZE_FORMAT_TIFF);
    if (again.iptc_size != (both ? m->iptc_size : 0))
        fail_msg("%s to %d: IPTC %zu", name, (int)format, again.iptc_size);
    if (both)
        assert_memory_equal(again.iptc->data, m->iptc->data, m->iptc_size);
    stylize_image decoded = decode((blob){file.pixels, file.size});
    assert_card(name, &decoded, 12, 48);
    assert_int_equal(stz_codec_encode(&card, format, 97, NULL, test_pool, &plain, &err), STYLIZE_OK);
    assert_null(memmem(plain.pixels, plain.size, "somebody", 8));
    stylize_image_free(&plain);
    stylize_image_free(&decoded);
    stz_metadata_free(&again);
    stylize_image_free(&file);
    stylize_image_free(&card);
}

static void from_each_format_into_each(void **state)
{
    for (size_t i = 0; i < STZ_LEN(names); i++) {
        blob b = blob_load(names[i]);
        static const uint32_t kinds[] = {STYLIZE_METADATA_COPYRIGHT, STYLIZE_METADATA_ALL};
        for (size_t k = 0; k < STZ_LEN(kinds) && have(stz_sniff(b.data, b.size)); k++) {
            stz_metadata m = read_metadata(b.data, b.size, kinds[k]);
            for (size_t o = 0; o < STZ_LEN(outputs); o++)
                if (have(outputs[o]))
                    write_and_read(names[i], &m, outputs[o]);
            stz_metadata_free(&m);
        }
        blob_free(&b);
    }
}

/* The names and texts of the EXIF that a TIFF has itself go into one. */
static void a_tiff_has_the_texts_of_the_exif(void **state)
{
    if (!have(STYLIZE_FORMAT_TIFF))
        skip();
    blob b = blob_load("meta.jpg");
    stz_metadata m = read_metadata(b.data, b.size, STYLIZE_METADATA_COPYRIGHT);
    stylize_image card = card_image(STYLIZE_FORMAT_RGB8), file = {0};
    stylize_error err = {0};
    assert_int_equal(stz_codec_encode(&card, STYLIZE_FORMAT_TIFF, 0, &m, test_pool, &file, &err), STYLIZE_OK);
    const uint8_t *text;
    size_t size;
    assert_true(stz_exif_find(file.pixels, file.size, 0x13b, &text, &size));
    assert_string_equal((const char *)text, "A. Painter");
    assert_true(stz_exif_find(file.pixels, file.size, 0x8298, &text, &size));
    assert_false(
        stz_exif_find(file.pixels, file.size, 0x110, &text, &size)); /* the camera was not asked for */
    stylize_image_free(&file);
    stylize_image_free(&card);
    stz_metadata_free(&m);
    blob_free(&b);
}

static void an_avif_has_exif_and_profile(void **state)
{
    if (!have(STYLIZE_FORMAT_AVIF))
        skip();
    blob b = blob_load("meta.jpg");
    const uint32_t keep = STYLIZE_METADATA_EXIF | STYLIZE_METADATA_ICC;
    stz_metadata m = read_metadata(b.data, b.size, keep);
    stylize_image card = card_image(STYLIZE_FORMAT_RGB8), file = {0};
    stylize_error err = {0};
    assert_int_equal(stz_codec_encode(&card, STYLIZE_FORMAT_AVIF, 0, &m, test_pool, &file, &err), STYLIZE_OK);
    stz_metadata again = read_metadata(file.pixels, file.size, keep);
    assert_int_equal(again.exif_size, m.exif_size);
    assert_memory_equal(again.exif->data, m.exif->data, m.exif_size);
    assert_int_equal(again.icc_size, m.icc_size);
    assert_memory_equal(again.icc->data, m.icc->data, m.icc_size);
    stz_metadata_free(&again);
    stz_metadata_free(&m);
    stylize_image_free(&file);
    stylize_image_free(&card);
    blob_free(&b);
}

/* ------------------------------------------------------------------ packets as other programs write them */

#define HEAD                                                                                                 \
    "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><r:RDF xmlns:r=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">"  \
    "<r:Description r:about=\"\" xmlns:DC=\"http://purl.org/dc/elements/1.1/\" "                             \
    "xmlns:xmpRights=\"http://ns.adobe.com/xap/1.0/rights/\" xmlns:t=\"http://ns.adobe.com/tiff/1.0/\" "
#define TAIL "</r:Description></r:RDF></x:xmpmeta>"

static const char *keep_text(const char *packet, uint32_t keep)
{
    static char out[8192];
    const size_t n =
        stz_xmp_keep((const uint8_t *)packet, strlen(packet), keep, (uint8_t *)out, sizeof out - 1);
    out[n] = '\0';
    return out;
}

static void both_ways_of_writing_are_read(void **state)
{
    const char *made =
        keep_text(HEAD "xmpRights:WebStatement='https://example.org/a' t:Orientation=\"8\" DC:format=\"x\">"
                       "<DC:creator><r:Bag><r:li>One</r:li><r:li>Two</r:li></r:Bag></DC:creator>"
                       "<DC:rights> (c)\n2020 </DC:rights>" TAIL,
                  STYLIZE_METADATA_COPYRIGHT);
    assert_non_null(
        strstr(made, "<dc:creator><rdf:Seq><rdf:li>One</rdf:li><rdf:li>Two</rdf:li></rdf:Seq></dc:creator>"));
    assert_non_null(strstr(made, "<rdf:li xml:lang=\"x-default\">(c)\n2020</rdf:li>"));
    assert_non_null(strstr(made, "<xmpRights:WebStatement>https://example.org/a</xmpRights:WebStatement>"));
    assert_null(strstr(made, "Orientation"));
}

static void the_whole_is_upright_and_without_thumbnails(void **state)
{
    const char *made =
        keep_text(HEAD "t:Orientation=\"8\" n:HasExtendedXMP = 'ABC' t:Make='M'>"
                       "<t:Orientation> 6 </t:Orientation><y:Orientation/>"
                       "<a:Thumbnails><r:li><a:Thumbnails/>x</r:li></a:Thumbnails><b:Thumbnails/>"
                       "<c:Thumbnails d='>'>y</c:Thumbnails>" TAIL "   \n  <?xpacket end='w'?>",
                  STYLIZE_METADATA_ALL);
    assert_string_equal(made, HEAD "t:Orientation=\"1\"  t:Make='M'><t:Orientation> 1 </t:Orientation>"
                                   "<y:Orientation/>" TAIL "<?xpacket end='w'?>");
}

static void what_cannot_be_told_is_not_kept(void **state)
{
    static const char *const bad[] = {
        "",
        "no packet",
        HEAD "><a:Thumbnails>" TAIL,
        HEAD "><a:Thumbnails",
        "\xff\xfe<\0x",
        HEAD "t:M='\xc3'>" TAIL,
    };
    for (size_t i = 0; i < STZ_LEN(bad); i++)
        assert_string_equal(keep_text(bad[i], STYLIZE_METADATA_ALL), "");
    /* texts that would mean something else elsewhere */
    assert_string_equal(keep_text(HEAD "><DC:rights>&own;</DC:rights>" TAIL, STYLIZE_METADATA_COPYRIGHT), "");
    assert_string_equal(
        keep_text(HEAD "><dc:rights>of no namespace</dc:rights>" TAIL, STYLIZE_METADATA_COPYRIGHT), "");
    assert_string_equal(
        keep_text(HEAD "><DC:rights><r:li><b>x</b></r:li></DC:rights>" TAIL, STYLIZE_METADATA_COPYRIGHT), "");
}

/* One that is made to take time: refused, not worked on for seconds. */
static void names_are_bounded(void **state)
{
    const size_t size = STZ_XMP_MAX;
    char *packet = malloc(size), *out = malloc(size);
    for (size_t at = 0; at < size; at++)
        packet[at] = " a:Thumbnails='' <a:Orientation x='><DC:rights \""[at % 48];
    memcpy(packet, HEAD, sizeof HEAD - 1);
    assert_int_equal(stz_xmp_keep((uint8_t *)packet, size, STYLIZE_METADATA_ALL, (uint8_t *)out, size), 0);
    assert_int_equal(stz_xmp_keep((uint8_t *)packet, size, STYLIZE_METADATA_COPYRIGHT, (uint8_t *)out, size),
                     0);
    free(packet);
    free(out);
}

static void a_compressed_text_of_a_png(void **state)
{
    static const char packet[] = HEAD "><DC:rights>mine</DC:rights>" TAIL;
    uint8_t file[2048] = "\x89PNG\r\n\x1a\n", *chunk = file + 12;
    static const char head[] = "iTXtXML:com.adobe.xmp\0\1\0en\0Wort";
    uLongf packed = 1024;
    memcpy(chunk, head, sizeof head);
    assert_int_equal(compress(chunk + sizeof head, &packed, (const Bytef *)packet, sizeof packet - 1), Z_OK);
    const size_t size = sizeof head - 4 + packed;
    const uint32_t sum = (uint32_t)crc32(0, chunk, (uInt)size + 4);
    for (int i = 0; i < 4; i++) {
        file[8 + i] = (uint8_t)(size >> (24 - 8 * i));
        chunk[4 + size + (size_t)i] = (uint8_t)(sum >> (24 - 8 * i));
    }
    stz_metadata m = read_metadata(file, 20 + size, STYLIZE_METADATA_COPYRIGHT);
    assert_true(holds(m.xmp, m.xmp_size, "mine"));
    stz_metadata_free(&m);
}

static void datasets_of_all_sizes(void **state)
{
    static const uint8_t in[] =
        "\x1c\x01\x5a\x00\x03\x1b%G\x1c\x02\x50\x80\x04\x00\x00\x00\x02me\x1c\x02\x5a\x00\x01T"
        "\x1c\x02\xca\x00\x01P\x1c\x02\x74\x00\x02(c\x1c\x02\x74\xff";
    uint8_t out[64];
    assert_int_equal(stz_iptc_keep(in, sizeof in - 1, STYLIZE_METADATA_COPYRIGHT, out, sizeof out),
                     8 + 11 + 7);
    assert_memory_equal(
        out, "\x1c\x01\x5a\x00\x03\x1b%G\x1c\x02\x50\x80\x04\x00\x00\x00\x02me\x1c\x02\x74\x00\x02(c", 26);
    assert_int_equal(stz_iptc_keep(in, sizeof in - 1, STYLIZE_METADATA_ALL, out, sizeof out), 8 + 11 + 6 + 7);
    assert_int_equal(stz_iptc_keep(in, sizeof in - 1, STYLIZE_METADATA_EXIF, out, sizeof out), 0);
    assert_int_equal(stz_iptc_keep(in, 8, STYLIZE_METADATA_ALL, out, sizeof out),
                     0); /* a character set alone */
    assert_int_equal(stz_iptc_keep(in, sizeof in - 1, STYLIZE_METADATA_ALL, out, 20), 8 + 11);
}

/* ------------------------------------------------------------------ damage */

static void damage(const uint8_t *block, size_t size,
                   size_t (*keeps)(const uint8_t *, size_t, uint32_t, uint8_t *, size_t))
{
    uint8_t *to = malloc(size + 4096);
    for (size_t at = 0; at < size; at++)
        for (int kind = 0; kind < 4; kind++) {
            blob bad = blob_copy(block, kind ? size : at);
            if (kind)
                bad.data[at] = kind == 1 ? (uint8_t)(bad.data[at] ^ 1) : kind == 2 ? '<' : '"';
            for (uint32_t keep = 1; keep < 16; keep += 14)
                assert_true(keeps(bad.data, bad.size, keep, to, size + 4096) <= size + 4096);
            blob_free(&bad);
        }
    for (size_t room = 0; room < size; room++)
        assert_true(keeps(block, size, STYLIZE_METADATA_ALL, to, room) <= room);
    free(to);
}

static void survives_damage(void **state)
{
    blob b = blob_load("rights.jpg");
    const uint8_t *block;
    size_t size;
    assert_true(stz_jpeg_xmp(b.data, b.size, &block, &size));
    damage(block, size, stz_xmp_keep);
    assert_true(stz_jpeg_iptc(b.data, b.size, &block, &size));
    damage(block, size, stz_iptc_keep);
    for (size_t at = 0; at < b.size; at++) { /* and around them */
        blob bad = blob_copy(b.data, b.size);
        bad.data[at] ^= 0xff;
        stz_metadata m = read_metadata(bad.data, bad.size, STYLIZE_METADATA_ALL);
        stz_metadata_free(&m);
        blob_free(&bad);
    }
    blob_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_what_is_asked_for),
        cmocka_unit_test(from_each_format_into_each),
        cmocka_unit_test(a_tiff_has_the_texts_of_the_exif),
        cmocka_unit_test(an_avif_has_exif_and_profile),
        cmocka_unit_test(both_ways_of_writing_are_read),
        cmocka_unit_test(the_whole_is_upright_and_without_thumbnails),
        cmocka_unit_test(what_cannot_be_told_is_not_kept),
        cmocka_unit_test(names_are_bounded),
        cmocka_unit_test(a_compressed_text_of_a_png),
        cmocka_unit_test(datasets_of_all_sizes),
        cmocka_unit_test(survives_damage),
    };
    return cmocka_run_group_tests(tests, test_pool_create, test_pool_end);
}
