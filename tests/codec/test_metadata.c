/* What goes along with the pixels where it is asked for, and that nothing else does. */
#include "codec/format.h"
#include "codec_test.h"

/* Without lcms2 nothing can be of another profile than sRGB's, and none is kept. */
#ifdef STZ_HAVE_LCMS2
#define PROFILES 1
#else
#define PROFILES 0
#endif

static const char *const names[] = {"meta.jpg", "meta.png", "meta.webp", "meta.tif", "meta.jxl"};
static const stylize_format outputs[] = {STYLIZE_FORMAT_JPEG, STYLIZE_FORMAT_PNG, STYLIZE_FORMAT_WEBP};

static bool holds(const uint8_t *data, size_t size, const char *text)
{
    return memmem(data, size, text, strlen(text));
}

static stz_metadata read_metadata(blob b, uint32_t keep)
{
    stz_metadata m;
    stylize_error err = {0};
    assert_int_equal(stz_metadata_read(b.data, b.size, keep, test_pool, &m, &err), STYLIZE_OK);
    return m;
}

/* The value of an entry of a block in Motorola's or Intel's order, or 0; of GPS and EXIF where they begin. */
static uint32_t entry_of(const uint8_t *tiff, size_t size, unsigned tag)
{
    const bool little = tiff[0] == 'I';
    size_t at = 8;
    assert_true(size > 10);
    const unsigned count = little ? tiff[at] | tiff[at + 1] << 8 : tiff[at] << 8 | tiff[at + 1];
    for (at += 2; at + 12 <= size && at < 10 + count * 12u; at += 12) {
        const unsigned here =
            (unsigned)(little ? tiff[at] | tiff[at + 1] << 8 : tiff[at] << 8 | tiff[at + 1]);
        const uint8_t *v = tiff + at + 8;
        if (here == tag && tag == 0x112)
            return (uint32_t)(little ? v[0] | v[1] << 8 : v[0] << 8 | v[1]);
        if (here == tag)
            return little ? v[0] | (uint32_t)v[1] << 8 | (uint32_t)v[2] << 16 | (uint32_t)v[3] << 24
                          : (uint32_t)v[0] << 24 | (uint32_t)v[1] << 16 | (uint32_t)v[2] << 8 | v[3];
    }
    return 0;
}

static void assert_kept(const char *name, const uint8_t *tiff, size_t size, uint32_t keep)
{
    const bool exif = keep & STYLIZE_METADATA_EXIF, place = keep & STYLIZE_METADATA_PLACE;
    const bool rights = exif || keep & STYLIZE_METADATA_COPYRIGHT;
    if (holds(tiff, size, "A. Painter") != rights || holds(tiff, size, "(c) somebody") != rights)
        fail_msg("%s, %u: artist and copyright", name, keep);
    if (holds(tiff, size, "Camera 1") != exif || holds(tiff, size, "2020:01:02") != exif ||
        !entry_of(tiff, size, 0x8769) == exif)
        fail_msg("%s, %u: camera and time", name, keep);
    if (!entry_of(tiff, size, 0x8825) == place)
        fail_msg("%s, %u: place", name, keep);
    if (entry_of(tiff, size, 0x112) != (exif ? 1 : 0))
        fail_msg("%s, %u: orientation %u", name, keep, entry_of(tiff, size, 0x112));
    assert_false(holds(tiff, size, "\xff\xd8\xff")); /* a thumbnail */
}

static void keeps_what_is_asked_for(void **state)
{
    for (size_t i = 0; i < STZ_LEN(names); i++) {
        blob b = blob_load(names[i]);
        for (uint32_t keep = 0; keep <= STYLIZE_METADATA_ALL && have(stz_sniff(b.data, b.size)); keep++) {
            stz_metadata m = read_metadata(b, keep);
            assert_int_equal(m.icc != NULL, !!(keep & STYLIZE_METADATA_ICC));
            assert_int_equal(m.exif != NULL, !!(keep & ~(uint32_t)STYLIZE_METADATA_ICC));
            if (m.exif)
                assert_kept(names[i], m.exif->data, m.exif_size, keep);
            stz_metadata_free(&m);
        }
        blob_free(&b);
    }
}

static bool find_exif(const stylize_image *file, const uint8_t **tiff, size_t *size)
{
    return file->format == STYLIZE_FORMAT_JPEG  ? stz_jpeg_exif(file->pixels, file->size, tiff, size)
           : file->format == STYLIZE_FORMAT_PNG ? stz_png_exif(file->pixels, file->size, tiff, size)
                                                : stz_webp_exif(file->pixels, file->size, tiff, size);
}

/* From each format into each: what is written is read again, and the picture looks the same. */
static void from_each_format_into_each(void **state)
{
    for (size_t i = 0; i < STZ_LEN(names); i++)
        for (size_t k = 0; k < STZ_LEN(outputs); k++) {
            blob b = blob_load(names[i]);
            stylize_error err = {0};
            if (!have(stz_sniff(b.data, b.size)) || !have(outputs[k])) {
                blob_free(&b);
                continue;
            }
            stz_metadata m = read_metadata(b, STYLIZE_METADATA_EXIF | STYLIZE_METADATA_ICC);
            stylize_image image = decode(b), kept = decode(b), file = {0}, plain = {0};
            stz_codec_to_profile(&image, &m);
            assert_int_equal(m.icc != NULL, PROFILES);
            if (PROFILES) /* red and green have changed places */
                assert_memory_not_equal(image.pixels, kept.pixels, image.size);
            assert_int_equal(stz_codec_encode(&image, outputs[k], 97, &m, test_pool, &file, &err),
                             STYLIZE_OK);
            const blob made = {file.pixels, file.size};
            const stylize_image_info info = probe(made);
            assert_int_equal(info.orientation, 1);
            assert_int_equal(info.has_icc, PROFILES);
            stylize_image again = decode(made);
            const int most = outputs[k] == STYLIZE_FORMAT_PNG ? 2 : 24;
            assert_near(names[i], &again, &kept, most / 2.0, most);
            const uint8_t *tiff;
            size_t size;
            assert_true(find_exif(&file, &tiff, &size));
            assert_kept(names[i], tiff, size, STYLIZE_METADATA_EXIF);
            assert_int_equal(stz_codec_encode(&kept, outputs[k], 97, NULL, test_pool, &plain, &err),
                             STYLIZE_OK);
            assert_false(find_exif(&plain, &tiff, &size));
            stylize_image_free(&plain);
            stylize_image_free(&file);
            stylize_image_free(&again);
            stylize_image_free(&image);
            stylize_image_free(&kept);
            stz_metadata_free(&m);
            blob_free(&b);
        }
}

/* With alpha a WebP is an extended file already. */
static void into_a_picture_with_alpha(void **state)
{
    blob b = blob_load("meta.jpg");
    stz_metadata m = read_metadata(b, STYLIZE_METADATA_EXIF);
    for (size_t k = 1; k < STZ_LEN(outputs); k++) {
        stylize_image card = card_image(STYLIZE_FORMAT_RGBA8), file = {0};
        stylize_error err = {0};
        if (have(outputs[k])) {
            assert_int_equal(stz_codec_encode(&card, outputs[k], 97, &m, test_pool, &file, &err), STYLIZE_OK);
            const blob made = {file.pixels, file.size};
            stylize_image again = decode(made);
            assert_card("alpha", &again, 12, 48);
            const uint8_t *tiff;
            size_t size;
            assert_true(find_exif(&file, &tiff, &size));
            stylize_image_free(&again);
            stylize_image_free(&file);
        }
        stylize_image_free(&card);
    }
    stz_metadata_free(&m);
    blob_free(&b);
}

/* A large profile takes several segments of a JPEG. */
static void a_profile_of_several_segments(void **state)
{
    stylize_image card = card_image(STYLIZE_FORMAT_RGB8), file = {0};
    stylize_error err = {0};
    const size_t size = 200000;
    stz_metadata m = {.icc = stz_pool_get(test_pool, STZ_MEM_SCRATCH, size), .icc_size = size};
    for (size_t i = 0; i < size; i++)
        m.icc->data[i] = (uint8_t)(i * 7 % 251);
    assert_int_equal(stz_codec_encode(&card, STYLIZE_FORMAT_JPEG, 0, &m, test_pool, &file, &err), STYLIZE_OK);
    stz_buf *buf;
    const uint8_t *profile;
    size_t found;
    assert_true(stz_jpeg_profile(file.pixels, file.size, test_pool, &buf, &profile, &found));
    assert_int_equal(found, size);
    assert_memory_equal(profile, m.icc->data, size);
    stz_buf_unref(buf);
    stz_metadata_free(&m);
    stylize_image_free(&file);
    stylize_image_free(&card);
}

/* Cut anywhere, any byte changed: what comes out is a sound block, or nothing. */
static void survives_damage(void **state)
{
    blob b = blob_load("meta.jpg");
    const uint8_t *tiff;
    size_t size;
    uint8_t *to = malloc(STZ_EXIF_MAX);
    assert_true(stz_jpeg_exif(b.data, b.size, &tiff, &size));
    for (size_t at = 0; at < size; at++)
        for (int kind = 0; kind < 3; kind++) {
            blob bad = blob_copy(tiff, kind ? size : at);
            if (kind)
                bad.data[at] ^= kind == 1 ? 0xff : 1;
            const size_t n = stz_exif_keep(bad.data, bad.size, STYLIZE_METADATA_ALL, to, STZ_EXIF_MAX);
            assert_true(n <= STZ_EXIF_MAX);
            if (n) { /* and once more: what was made is whole */
                blob made = blob_copy(to, n);
                assert_int_equal(stz_exif_keep(made.data, n, STYLIZE_METADATA_ALL, to, STZ_EXIF_MAX), n);
                assert_memory_equal(made.data, to, n);
                blob_free(&made);
            }
            blob_free(&bad);
        }
    for (size_t room = 0; room < size; room++) /* and in any room */
        assert_true(stz_exif_keep(tiff, size, STYLIZE_METADATA_ALL, to, room) <= room);
    free(to);
    blob_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_what_is_asked_for),   cmocka_unit_test(from_each_format_into_each),
        cmocka_unit_test(into_a_picture_with_alpha), cmocka_unit_test(a_profile_of_several_segments),
        cmocka_unit_test(survives_damage),
    };
    return cmocka_run_group_tests(tests, test_pool_create, test_pool_end);
}
