#include "paint/cache.h"
#include "base/seal.h"
#include "paint/folder_tier.h"
#include "paint/memory_tier.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "common/clock.h"

static bool fail_unlinkat, fail_renameat;

int __real_unlinkat(int folder, const char *name, int flags);
int __wrap_unlinkat(int folder, const char *name, int flags);
int __wrap_unlinkat(int folder, const char *name, int flags)
{
    errno = EROFS;
    return fail_unlinkat ? -1 : __real_unlinkat(folder, name, flags);
}

int __real_renameat(int from, const char *name, int to, const char *new_name);
int __wrap_renameat(int from, const char *name, int to, const char *new_name);
int __wrap_renameat(int from, const char *name, int to, const char *new_name)
{
    errno = ENOSPC;
    return fail_renameat ? -1 : __real_renameat(from, name, to, new_name);
}

static painting_key key_of(uint8_t n)
{
    painting_key k = {{0}};
    k.bytes[0] = n;
    k.bytes[31] = 7;
    return k;
}

static painting *make(const char *bytes, size_t size, const char *subject)
{
    painting *p = calloc(1, sizeof *p);
    atomic_init(&p->references, 1);
    p->image.pixels = malloc(size);
    memset(p->image.pixels, bytes[0], size);
    p->image.size = size;
    p->image.format = STYLIZE_FORMAT_PNG;
    p->width = 3;
    p->degraded = true;
    p->damaged = true;
    p->strength = 0.5f;
    strcpy(p->engine, "native");
    strcpy(p->style, "scream");
    strcpy(p->subject, subject);
    return p;
}

static void put(cache *c, uint8_t n, size_t size, const char *subject)
{
    const painting_key k = key_of(n);
    painting *p = make("x", size, subject);
    cache_put_into(c, false, &k, p);
    cache_put_into(c, true, &k, p);
    painting_release(p);
}

static bool has(cache *c, uint8_t n)
{
    const painting_key k = key_of(n);
    int tier;
    painting *p = cache_get(c, &k, &tier);
    painting_release(p);
    return p != NULL;
}

static char *make_folder(void)
{
    static char path[] = "/tmp/stylize-cache-XXXXXX";
    strcpy(path + strlen(path) - 6, "XXXXXX");
    assert_non_null(mkdtemp(path));
    return path;
}

static void remove_folder(cache *c, const char *path)
{
    bool whole = true;
    cache_forget(c, NULL, &whole);
    cache_close(c);
    assert_int_equal(rmdir(path), 0); /* nothing else was left in it */
}

static void the_least_used_goes_first(void **state)
{
    cache c = {.tier_count = 0};
    assert_true(cache_add_memory(&c, 40000));
    for (uint8_t i = 1; i <= 3; i++)
        put(&c, i, 10000, "");
    assert_true(has(&c, 1)); /* now the newest */
    put(&c, 4, 10000, "");
    assert_true(has(&c, 1) && has(&c, 3) && has(&c, 4));
    assert_false(has(&c, 2));
    put(&c, 5, 50000, ""); /* larger than the whole cache */
    assert_false(has(&c, 5));
    assert_true(has(&c, 4));
    cache_close(&c);
}

static void a_second_put_replaces_the_first(void **state)
{
    cache c = {.tier_count = 0};
    cache_tier_counts counts;
    assert_true(cache_add_memory(&c, 1 << 20));
    put(&c, 1, 1000, "");
    put(&c, 1, 1000, "");
    c.tiers[0].counts(c.tiers[0].state, &counts);
    assert_int_equal(counts.entries, 1);
    cache_close(&c);
}

static void a_painting_outlives_the_cache(void **state)
{
    cache c = {.tier_count = 0};
    int tier;
    const painting_key k = key_of(1);
    assert_true(cache_add_memory(&c, 1 << 20));
    put(&c, 1, 1000, "");
    painting *p = cache_get(&c, &k, &tier);
    cache_close(&c);
    assert_int_equal(p->image.pixels[999], 'x');
    painting_release(p);
}

static void a_painting_leaves_the_buffers_of_the_library(void **state)
{
    static uint8_t white[64 * 64 * 3];
    memset(white, 255, sizeof white);
    const stylize_image pixels = {
        .pixels = white, .size = sizeof white, .width = 64, .height = 64, .format = STYLIZE_FORMAT_RGB8};
    stylize_ctx *ctx;
    stylize_image file = {0};
    assert_int_equal(stylize_ctx_create(&ctx, NULL, NULL), STYLIZE_OK);
    assert_int_equal(stylize_image_encode(ctx, &pixels, STYLIZE_FORMAT_PNG, 0, &file, NULL), STYLIZE_OK);
    const size_t size = file.size;
    char *bytes = malloc(size);
    memcpy(bytes, file.pixels, size);

    painting *p = make("x", 1, "");
    free(p->image.pixels);
    painting_take(p, &file);
    assert_null(file.pixels); /* it went back */
    assert_null(p->image.owner);
    assert_int_equal(p->image.size, size);
    assert_memory_equal(p->image.pixels, bytes, size);
    assert_int_equal(p->image.format, STYLIZE_FORMAT_PNG);
    assert_int_equal(p->width, 64);
    assert_int_equal(p->height, 64);
    painting_release(p);
    free(bytes);
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
}

static void a_subject_is_forgotten(void **state)
{
    cache c = {.tier_count = 0};
    char message[200];
    char *path = make_folder();
    assert_true(cache_add_memory(&c, 1 << 20) &&
                cache_add_folder(&c, path, 1 << 20, message, sizeof message));
    put(&c, 1, 1000, "anna");
    put(&c, 2, 1000, "bert");
    put(&c, 3, 1000, "");
    bool whole = true;
    assert_int_equal(cache_forget(&c, "anna", &whole), 2); /* one in each tier */
    assert_true(whole);
    assert_false(has(&c, 1));
    assert_true(has(&c, 2) && has(&c, 3));
    remove_folder(&c, path);
}

static void files_survive_a_restart(void **state)
{
    cache c = {.tier_count = 0};
    char message[200];
    int tier;
    const painting_key k = key_of(9);
    char *path = make_folder();
    assert_true(cache_add_folder(&c, path, 1 << 20, message, sizeof message));
    put(&c, 9, 5000, "anna");
    cache_close(&c);
    assert_true(cache_add_folder(&c, path, 1 << 20, message, sizeof message));
    painting *p = cache_get(&c, &k, &tier);
    assert_non_null(p);
    assert_int_equal(p->image.size, 5000);
    assert_int_equal(p->image.pixels[4999], 'x');
    assert_int_equal(p->image.format, STYLIZE_FORMAT_PNG);
    assert_true(p->width == 3 && p->degraded && p->damaged && p->strength == 0.5f);
    assert_string_equal(p->engine, "native");
    assert_string_equal(p->subject, "anna");
    painting_release(p);
    bool whole = true;
    assert_int_equal(cache_forget(&c, "anna", &whole), 1);
    remove_folder(&c, path);
}

static void the_folder_is_bounded(void **state)
{
    cache c = {.tier_count = 0};
    cache_tier_counts counts;
    char message[200];
    char *path = make_folder();
    assert_true(cache_add_folder(&c, path, 20000, message, sizeof message));
    for (uint8_t i = 1; i <= 5; i++)
        put(&c, i, 5000, "");
    c.tiers[0].counts(c.tiers[0].state, &counts);
    assert_true(counts.bytes <= 20000 && counts.entries >= 2 && counts.evictions >= 1);
    assert_true(has(&c, 5));
    assert_false(has(&c, 1));
    remove_folder(&c, path);
}

static void change_file(const char *path, off_t at, const char *byte)
{
    const int file = open(path, O_WRONLY);
    assert_true(file >= 0);
    assert_int_equal(pwrite(file, byte, 1, at), 1);
    close(file);
}

static void damaged_files_are_not_used(void **state)
{
    cache c = {.tier_count = 0};
    char message[200], hex[65], name[200];
    const painting_key k = key_of(1);
    char *path = make_folder();
    hex_encode(k.bytes, 32, hex);
    snprintf(name, sizeof name, "%s/%s.pic", path, hex);
    const off_t places[] = {0, 10, 50, 90, 130, 700, 3000};
    for (size_t i = 0; i < APP_LEN(places); i++) {
        assert_true(cache_add_folder(&c, path, 1 << 20, message, sizeof message));
        put(&c, 1, 5000, "");
        assert_true(has(&c, 1));
        change_file(name, places[i], "\xa5");
        assert_false(has(&c, 1));
        assert_int_equal(access(name, F_OK), -1);
        cache_close(&c);
    }
    assert_int_equal(rmdir(path), 0);
}

static void leftovers_of_a_crash_are_swept(void **state)
{
    cache c = {.tier_count = 0};
    char message[200], name[200];
    char *path = make_folder();
    snprintf(name, sizeof name, "%s/new-5", path);
    const int file = open(name, O_WRONLY | O_CREAT, 0600);
    close(file);
    assert_true(cache_add_folder(&c, path, 1 << 20, message, sizeof message));
    assert_int_equal(access(name, F_OK), -1);
    remove_folder(&c, path);
}

static void a_folder_that_cannot_be_is_told(void **state)
{
    cache c = {.tier_count = 0};
    char message[200] = "";
    assert_false(cache_add_folder(&c, "/proc/nowhere/at/all", 1 << 20, message, sizeof message));
    assert_true(strlen(message) > 10);
    assert_int_equal(c.tier_count, 0);
}

static cache_tier_counts counts_of(cache *c)
{
    cache_tier_counts counts;
    c->tiers[0].counts(c->tiers[0].state, &counts);
    return counts;
}

static void what_cannot_be_removed_is_told_and_tried_again(void **state)
{
    cache c = {.tier_count = 0};
    char message[200];
    bool whole = true;
    const char *folder = make_folder();
    assert_true(cache_add_folder(&c, folder, 1 << 20, message, sizeof message));
    put(&c, 1, 1000, "anna");
    put(&c, 2, 1000, "");
    fail_unlinkat = true;
    assert_int_equal(cache_forget(&c, "anna", &whole), 0);
    assert_false(whole);
    assert_false(has(&c, 1)); /* nobody gets it */
    assert_true(has(&c, 2));
    assert_int_equal(counts_of(&c).left, 1);
    whole = true;
    cache_forget(&c, "anna", &whole);
    assert_false(whole);
    fail_unlinkat = false;
    cache_sweep(&c, INT32_MAX);
    assert_int_equal(counts_of(&c).left, 0);
    assert_int_equal(counts_of(&c).entries, 1);
    whole = true;
    cache_forget(&c, "anna", &whole);
    assert_true(whole);
    remove_folder(&c, folder);
}

static void a_folder_that_cannot_be_emptied_does_not_grow(void **state)
{
    cache c = {.tier_count = 0};
    char message[200];
    const char *folder = make_folder();
    assert_true(cache_add_folder(&c, folder, 10000, message, sizeof message));
    fail_unlinkat = true;
    for (uint8_t i = 1; i < 20; i++)
        put(&c, i, 2000, "");
    assert_true(counts_of(&c).bytes <= 10000);
    assert_true(counts_of(&c).failures >= 15);
    fail_unlinkat = false;
    remove_folder(&c, folder);
}

static void results_that_are_not_kept_are_counted(void **state)
{
    cache c = {.tier_count = 0};
    char message[200];
    const char *folder = make_folder();
    assert_true(cache_add_folder(&c, folder, 1 << 20, message, sizeof message));
    fail_renameat = true;
    put(&c, 1, 1000, "");
    put(&c, 2, 1000, "");
    fail_renameat = false;
    assert_int_equal(counts_of(&c).failures, 2);
    put(&c, 3, 1000, "");
    assert_int_equal(counts_of(&c).failures, 2);
    assert_true(has(&c, 3) && !has(&c, 1));
    remove_folder(&c, folder);
}

static void what_is_too_old_goes(void **state)
{
    char message[200];
    const char *folder = make_folder();
    for (int restart = 0; restart < 2; restart++) {
        cache c = {.tier_count = 0};
        assert_true(cache_add_memory(&c, 1 << 20));
        assert_true(cache_add_folder(&c, folder, 1 << 20, message, sizeof message));
        const int64_t now = (int64_t)now_seconds();
        for (uint8_t n = 1; n <= 2 && !restart; n++) {
            const painting_key k = key_of(n);
            painting *p = make("x", 1000, "");
            p->made = now - 3600 * n;
            cache_put_into(&c, false, &k, p);
            cache_put_into(&c, true, &k, p);
            painting_release(p);
        }
        if (restart)
            cache_sweep(&c, 5400);
        assert_true(has(&c, 1));
        assert_true(has(&c, 2) == !restart);
        if (restart) {
            cache_sweep(&c, 1800); /* also from memory, where it was put by the question */
            assert_false(has(&c, 1));
            remove_folder(&c, folder);
        } else {
            cache_close(&c);
        }
    }
}

/* Without a key anybody can make a block; with one only who has it, and only for its own name. */
static void blocks_are_sealed(void **state)
{
    const painting_key key = key_of(1), other = key_of(2);
    painting *p = make("x", 100, "anna");
    buf plain = {0}, sealed = {0};
    assert_true(painting_write(p, &key, &plain));
    seal_with(TEXT("a key of sixteen"));
    assert_true(painting_write(p, &key, &sealed));
    assert_int_equal(plain.size, sealed.size);
    assert_null(painting_read(&key, (slice){plain.data, plain.size}));
    assert_null(painting_read(&other, (slice){sealed.data, sealed.size}));
    painting *again = painting_read(&key, (slice){sealed.data, sealed.size});
    assert_non_null(again);
    painting_release(again);
    sealed.data[sealed.size - 1] ^= 1;
    assert_null(painting_read(&key, (slice){sealed.data, sealed.size}));
    sealed.data[sealed.size - 1] ^= 1;
    seal_with(TEXT("another of sixteen"));
    assert_null(painting_read(&key, (slice){sealed.data, sealed.size}));
    seal_with((slice){NULL, 0});
    assert_null(painting_read(&key, (slice){sealed.data, sealed.size}));
    again = painting_read(&key, (slice){plain.data, plain.size});
    assert_non_null(again);
    painting_release(again);
    painting_release(p);
    buf_free(&plain);
    buf_free(&sealed);
}

static void a_key_is_read_from_its_file(void **state)
{
    char path[] = "/tmp/stylize-seal-XXXXXX", message[200] = "";
    const int file = mkstemp(path);
    assert_true(file >= 0);
    assert_false(seal_load(path, message, sizeof message));
    assert_non_null(strstr(message, "has 0 bytes; at least 16 are needed"));
    assert_int_equal(write(file, "fifteen bytes!!\n", 16), 16);
    assert_false(seal_load(path, message, sizeof message));
    assert_non_null(strstr(message, "has 15 bytes"));
    assert_int_equal(lseek(file, 15, SEEK_SET), 15);
    assert_int_equal(write(file, "!\n", 2), 2);
    assert_true(seal_load(path, message, sizeof message));
    assert_true(seal_keyed());
    seal_with((slice){NULL, 0});
    assert_int_equal(ftruncate(file, SEAL_KEY_MOST + 1), 0);
    assert_false(seal_load(path, message, sizeof message));
    assert_false(seal_load("/nowhere/key", message, sizeof message));
    assert_non_null(strstr(message, "No such file"));
    assert_false(seal_keyed());
    close(file);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_sealed),
        cmocka_unit_test(a_key_is_read_from_its_file),
        cmocka_unit_test(the_least_used_goes_first),
        cmocka_unit_test(a_second_put_replaces_the_first),
        cmocka_unit_test(a_painting_outlives_the_cache),
        cmocka_unit_test(a_subject_is_forgotten),
        cmocka_unit_test(files_survive_a_restart),
        cmocka_unit_test(the_folder_is_bounded),
        cmocka_unit_test(damaged_files_are_not_used),
        cmocka_unit_test(leftovers_of_a_crash_are_swept),
        cmocka_unit_test(a_folder_that_cannot_be_is_told),
        cmocka_unit_test(a_painting_leaves_the_buffers_of_the_library),
        cmocka_unit_test(what_cannot_be_removed_is_told_and_tried_again),
        cmocka_unit_test(a_folder_that_cannot_be_emptied_does_not_grow),
        cmocka_unit_test(results_that_are_not_kept_are_counted),
        cmocka_unit_test(what_is_too_old_goes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
