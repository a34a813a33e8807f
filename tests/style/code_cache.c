/* The cache of style codes: keys, use and reuse of slots, and threads that want the same code. */
#include <malloc.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "style/code_cache.h"

#define LENGTH  5
#define THREADS 16

static const stz_model model = {.name = "any", .code_length = LENGTH, .style_size = 512};

static stz_code_key key_of(uint64_t n) { return (stz_code_key){n * 7, n}; }

static void fill(float *code, float value)
{
    for (int i = 0; i < LENGTH; i++)
        code[i] = value + (float)i;
}

static void put(stz_code_cache *cache, uint64_t n, float value)
{
    float code[LENGTH];
    stz_code_ticket ticket;
    assert_int_equal(stz_code_cache_get(cache, key_of(n), NULL, code, &ticket), STZ_CODE_MUST_COMPUTE);
    fill(code, value);
    stz_code_cache_put(cache, &ticket, code);
}

/* True if the code is there; one that is missing is not asked for again. */
static bool has(stz_code_cache *cache, uint64_t n, float value)
{
    float code[LENGTH], want[LENGTH];
    stz_code_ticket ticket;
    if (stz_code_cache_get(cache, key_of(n), NULL, code, &ticket) == STZ_CODE_MUST_COMPUTE) {
        stz_code_cache_abandon(cache, &ticket);
        return false;
    }
    fill(want, value);
    assert_memory_equal(code, want, sizeof want);
    return true;
}

static void forgets_the_least_recently_used(void **state)
{
    stz_code_cache *cache = stz_code_cache_create(3, LENGTH);
    assert_non_null(cache);
    put(cache, 1, 10);
    put(cache, 2, 20);
    put(cache, 3, 30);
    assert_true(has(cache, 1, 10)); /* now 2 is the oldest */
    put(cache, 4, 40);
    assert_true(has(cache, 1, 10));
    assert_true(has(cache, 3, 30));
    assert_true(has(cache, 4, 40));
    assert_false(has(cache, 2, 20)); /* asking took the place of 1, the oldest, and gave it back */
    assert_false(has(cache, 1, 10));
    assert_true(has(cache, 3, 30));
    assert_true(has(cache, 4, 40));
    put(cache, 5, 50); /* into the free place */
    assert_true(has(cache, 3, 30));
    assert_true(has(cache, 4, 40));
    assert_true(has(cache, 5, 50));
    stz_code_cache_destroy(cache);
}

static void keeps_nothing_with_no_entries(void **state)
{
    stz_code_cache *cache = stz_code_cache_create(0, LENGTH);
    assert_non_null(cache);
    put(cache, 1, 10);
    assert_false(has(cache, 1, 10));
    stz_code_cache_destroy(cache);
    stz_code_cache_destroy(NULL);
    assert_null(stz_code_cache_create(65537, LENGTH));
    assert_null(stz_code_cache_create(1, -1));
}

static void computes_without_a_place_when_all_are_busy(void **state)
{
    stz_code_cache *cache = stz_code_cache_create(1, LENGTH);
    float code[LENGTH];
    stz_code_ticket first, second, third;
    assert_int_equal(stz_code_cache_get(cache, key_of(1), NULL, code, &first), STZ_CODE_MUST_COMPUTE);
    assert_int_equal(stz_code_cache_get(cache, key_of(2), NULL, code, &second), STZ_CODE_MUST_COMPUTE);
    assert_int_equal(stz_code_cache_get(cache, key_of(3), NULL, code, &third), STZ_CODE_MUST_COMPUTE);
    fill(code, 20);
    stz_code_cache_put(cache, &second, code);
    stz_code_cache_abandon(cache, &third);
    fill(code, 10);
    stz_code_cache_put(cache, &first, code);
    assert_true(has(cache, 1, 10));
    stz_code_cache_destroy(cache);
}

/* ------------------------------------------------------------------ keys */

static bool same(stz_code_key a, stz_code_key b) { return a.low == b.low && a.high == b.high; }

static void keys_tell_pictures_apart(void **state)
{
    stz_code_cache *cache = stz_code_cache_create(1, LENGTH);
    uint8_t bytes[64 * 4], wide[64 * 5];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 37);
    stylize_image image = {
        .pixels = bytes, .stride = 24, .width = 8, .height = 8, .format = STYLIZE_FORMAT_RGB8};
    stz_code_key key = stz_code_cache_key(cache, &model, &image);
    assert_true(same(key, stz_code_cache_key(cache, &model, &image)));

    stylize_image padded = image; /* what is between the rows does not count */
    padded.pixels = wide;
    padded.stride = 30;
    memset(wide, 0xaa, sizeof wide);
    for (int y = 0; y < 8; y++)
        memcpy(wide + 30 * y, bytes + 24 * y, 24);
    assert_true(same(key, stz_code_cache_key(cache, &model, &padded)));
    wide[25] ^= 1;
    assert_true(same(key, stz_code_cache_key(cache, &model, &padded)));
    wide[30 * 7 + 23] ^= 1; /* the last sample does */
    assert_false(same(key, stz_code_cache_key(cache, &model, &padded)));

    stylize_image other = image; /* the same bytes in another shape */
    other.width = 4;
    other.height = 16;
    other.stride = 12;
    assert_false(same(key, stz_code_cache_key(cache, &model, &other)));
    other = image;
    other.format = STYLIZE_FORMAT_GRAY8;
    other.width = 24;
    assert_false(same(key, stz_code_cache_key(cache, &model, &other)));
    other = (stylize_image){.pixels = bytes, .size = 192, .format = STYLIZE_FORMAT_JPEG};
    stz_code_key encoded = stz_code_cache_key(cache, &model, &other);
    assert_false(same(key, encoded));
    other.format = STYLIZE_FORMAT_ENCODED; /* one file, however it is called */
    assert_true(same(encoded, stz_code_cache_key(cache, &model, &other)));
    other.size = 191;
    assert_false(same(encoded, stz_code_cache_key(cache, &model, &other)));

    stz_model second = model;
    strcpy(second.name, "other");
    assert_false(same(key, stz_code_cache_key(cache, &second, &image)));
    second = model;
    second.style_size = 256;
    assert_false(same(key, stz_code_cache_key(cache, &second, &image)));
    stz_code_cache *stranger = stz_code_cache_create(1, LENGTH); /* another secret */
    assert_false(same(key, stz_code_cache_key(stranger, &model, &image)));
    stz_code_cache_destroy(stranger);
    stz_code_cache_destroy(cache);
}

/* ------------------------------------------------------------------ threads */

typedef struct waiter {
    stz_code_cache *cache;
    const stz_exec *exec;
    stz_code_state state;
    float code[LENGTH];
    stz_code_ticket ticket;
} waiter;

static void *wait_for_code(void *arg)
{
    waiter *w = arg;
    w->state = stz_code_cache_get(w->cache, key_of(1), w->exec, w->code, &w->ticket);
    return NULL;
}

/* Whoever asks while a code is computed gets it from the one who computes. */
static void waits_for_the_one_who_computes(void **state)
{
    stz_code_cache *cache = stz_code_cache_create(4, LENGTH);
    float code[LENGTH];
    stz_code_ticket ticket;
    assert_int_equal(stz_code_cache_get(cache, key_of(1), NULL, code, &ticket), STZ_CODE_MUST_COMPUTE);
    waiter w[THREADS];
    pthread_t thread[THREADS];
    for (int i = 0; i < THREADS; i++) {
        w[i] = (waiter){.cache = cache};
        assert_int_equal(pthread_create(&thread[i], NULL, wait_for_code, &w[i]), 0);
    }
    put(cache, 2, 20); /* other codes are not held up */
    fill(code, 10);
    stz_code_cache_put(cache, &ticket, code);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(thread[i], NULL), 0);
        assert_int_equal(w[i].state, STZ_CODE_HIT);
        assert_memory_equal(w[i].code, code, sizeof code);
    }
    stz_code_cache_destroy(cache);
}

/* Each failure hands the duty to exactly one of those who wait. */
static void next_one_computes_after_a_failure(void **state)
{
    stz_code_cache *cache = stz_code_cache_create(4, LENGTH);
    float code[LENGTH];
    stz_code_ticket ticket;
    assert_int_equal(stz_code_cache_get(cache, key_of(1), NULL, code, &ticket), STZ_CODE_MUST_COMPUTE);
    waiter w = {.cache = cache};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, wait_for_code, &w), 0);
    stz_code_cache_abandon(cache, &ticket);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(w.state, STZ_CODE_MUST_COMPUTE);
    fill(code, 10);
    stz_code_cache_put(cache, &w.ticket, code);
    assert_true(has(cache, 1, 10));
    stz_code_cache_destroy(cache);
}

static void stops_waiting_when_cancelled(void **state)
{
    stz_code_cache *cache = stz_code_cache_create(4, LENGTH);
    float code[LENGTH];
    stz_code_ticket ticket;
    assert_int_equal(stz_code_cache_get(cache, key_of(1), NULL, code, &ticket), STZ_CODE_MUST_COMPUTE);
    atomic_int cancel = 0;
    stz_exec cancellable = {.cancel = &cancel}, limited = {.deadline_ns = stz_now_ns() + 30000000};
    waiter w[2] = {{.cache = cache, .exec = &cancellable}, {.cache = cache, .exec = &limited}};
    pthread_t thread[2];
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, wait_for_code, &w[i]), 0);
    assert_int_equal(pthread_join(thread[1], NULL), 0);
    assert_int_equal(w[1].state, STZ_CODE_CANCELLED);
    cancel = 1;
    assert_int_equal(pthread_join(thread[0], NULL), 0);
    assert_int_equal(w[0].state, STZ_CODE_CANCELLED);
    fill(code, 10);
    stz_code_cache_put(cache, &ticket, code);
    assert_true(has(cache, 1, 10));
    assert_int_equal(stz_code_cache_get(cache, key_of(1), &cancellable, code, &ticket), STZ_CODE_HIT);
    stz_code_cache_destroy(cache);
}

typedef struct storm {
    stz_code_cache *cache;
    atomic_int computing[16], wrong, computed, hits;
    int keys, fail_every;
    unsigned seed;
} storm;

/* Random keys from few; more threads than slots when keys are many. */
static void *ask_at_random(void *arg)
{
    storm *s = arg;
    unsigned random = (unsigned)atomic_fetch_add(&s->computing[15], 1) * 2654435761u + s->seed;
    for (int i = 0; i < 400; i++) {
        random = random * 1664525u + 1013904223u;
        int n = (int)(random >> 16) % s->keys;
        float code[LENGTH], want[LENGTH];
        fill(want, (float)n);
        stz_code_ticket ticket;
        if (stz_code_cache_get(s->cache, key_of((uint64_t)n), NULL, code, &ticket) == STZ_CODE_HIT) {
            s->hits++;
            s->wrong += memcmp(code, want, sizeof want) != 0;
            continue;
        }
        s->computed++;
        if (ticket.slot >= 0) /* nobody else computes it */
            s->wrong += atomic_fetch_add(&s->computing[n], 1) != 0;
        if (ticket.slot >= 0)
            atomic_fetch_sub(&s->computing[n], 1);
        if (s->fail_every && i % s->fail_every == 0)
            stz_code_cache_abandon(s->cache, &ticket);
        else
            stz_code_cache_put(s->cache, &ticket, want);
    }
    return NULL;
}

static storm run_storm(uint32_t entries, int keys, int fail_every)
{
    storm s = {
        .cache = stz_code_cache_create(entries, LENGTH), .keys = keys, .fail_every = fail_every, .seed = 5};
    pthread_t thread[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, ask_at_random, &s), 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(thread[i], NULL), 0);
    assert_int_equal(s.wrong, 0);
    assert_int_equal(s.hits + s.computed, THREADS * 400);
    stz_code_cache_destroy(s.cache);
    return s;
}

static void serves_sixteen_threads(void **state)
{
    storm s = run_storm(8, 8, 0); /* room for all: each is computed once */
    assert_int_equal(s.computed, 8);
    run_storm(8, 8, 3);
    run_storm(4, 15, 0);
    run_storm(4, 15, 2);
    run_storm(1, 3, 2);
}

static void takes_no_memory_once_created(void **state)
{
    stz_code_cache *cache = stz_code_cache_create(4, LENGTH);
    uint8_t bytes[3 * 64 * 64] = {0};
    stylize_image image = {
        .pixels = bytes, .stride = 192, .width = 64, .height = 64, .format = STYLIZE_FORMAT_RGB8};
    stz_code_cache_key(cache, &model, &image);
    struct mallinfo2 before = mallinfo2();
    for (int i = 0; i < 1000; i++) {
        bytes[0] = (uint8_t)i;
        float code[LENGTH];
        stz_code_ticket ticket;
        stz_code_key key = stz_code_cache_key(cache, &model, &image);
        if (stz_code_cache_get(cache, key, NULL, code, &ticket) == STZ_CODE_MUST_COMPUTE) {
            fill(code, (float)i);
            stz_code_cache_put(cache, &ticket, code);
        }
    }
    assert_int_equal(mallinfo2().uordblks, before.uordblks);
    stz_code_cache_destroy(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forgets_the_least_recently_used),
        cmocka_unit_test(keeps_nothing_with_no_entries),
        cmocka_unit_test(computes_without_a_place_when_all_are_busy),
        cmocka_unit_test(keys_tell_pictures_apart),
        cmocka_unit_test(waits_for_the_one_who_computes),
        cmocka_unit_test(next_one_computes_after_a_failure),
        cmocka_unit_test(stops_waiting_when_cancelled),
        cmocka_unit_test(serves_sixteen_threads),
        cmocka_unit_test(takes_no_memory_once_created),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
