/* Several threads on one pool: each gets the bytes that one alone gets. */
#include <pthread.h>

#include "codec_test.h"

#define THREADS 4
#define ROUNDS  12

static const char *const names[] = {"420.jpg",      "cmyk.jpg",  "orient6.jpg", "rgba16i.png", "palette4.png",
#ifdef STZ_HAVE_WEBP
                                    "orient8.webp", "alpha.webp"
#endif
};

struct result {
    uint64_t hash[STZ_LEN(names)];
    bool failed;
};

static uint64_t hash(uint64_t h, const stylize_image *image)
{
    for (size_t i = 0; i < image->size; i++)
        h = (h ^ image->pixels[i]) * 1099511628211u;
    return h;
}

/* Decoded, resized, encoded. */
static uint64_t process(const char *name, bool *failed)
{
    char path[512];
    snprintf(path, sizeof path, "%s/tests/codec/data/%s", STYLIZE_SOURCE_DIR, name);
    stylize_image file = {0}, image = {0}, small = {0}, out = {0};
    uint64_t h = 14695981039346656037u;
    stz_rect all = {0, 0, CARD_W, CARD_H};
    if (stz_file_load(path, &test_limits, test_pool, &file, NULL) != STYLIZE_OK ||
        stz_codec_decode(file.pixels, file.size, &test_limits, NULL, test_pool, &image, NULL) != STYLIZE_OK ||
        stz_resize(&image, all, 31, 37, test_pool, &small, NULL) != STYLIZE_OK ||
        stz_codec_encode(&small, STYLIZE_FORMAT_PNG, 0, NULL, test_pool, &out, NULL) != STYLIZE_OK)
        *failed = true;
    else
        h = hash(hash(h, &image), &out);
    stylize_image *used[] = {&file, &image, &small, &out};
    for (size_t i = 0; i < STZ_LEN(used); i++)
        stylize_image_free(used[i]);
    return h;
}

static void *work(void *user)
{
    struct result *r = user;
    for (int round = 0; round < ROUNDS; round++)
        for (size_t i = 0; i < STZ_LEN(names); i++) {
            uint64_t h = process(names[i], &r->failed);
            r->failed |= round && h != r->hash[i];
            r->hash[i] = h;
        }
    return NULL;
}

static void give_the_same_bytes(void **state)
{
    static struct result alone, together[THREADS];
    pthread_t threads[THREADS];
    work(&alone);
    assert_false(alone.failed);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, &together[i]), 0);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_false(together[i].failed);
        assert_memory_equal(together[i].hash, alone.hash, sizeof alone.hash);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(give_the_same_bytes)};
    return cmocka_run_group_tests(tests, test_pool_create, test_pool_end);
}
