/* The buffer pool: reuse, limits, free order, threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define MIB (1u << 20)

static stz_pool_stats stats_of(stz_pool *pool, stz_purpose purpose)
{
    stz_pool_stats s;
    stz_pool_get_stats(pool, purpose, &s);
    return s;
}

static void buffers_are_aligned_and_large_enough(void **state)
{
    stz_pool *pool = stz_pool_create(64 * MIB);
    assert_non_null(pool);
    const size_t sizes[] = {0, 1, 63, 4095, 4096, 4097, 100000, 4 * MIB - 1, 4 * MIB, 5 * MIB + 1};
    for (size_t i = 0; i < STZ_LEN(sizes); i++) {
        stz_buf *buf = stz_pool_get(pool, STZ_MEM_PICTURE, sizes[i]);
        assert_non_null(buf);
        assert_true(buf->size >= sizes[i]);
        assert_int_equal((uintptr_t)buf->data % (sizes[i] >= 4 * MIB ? 2 * MIB : 64), 0);
        memset(buf->data, 0xa5, buf->size); /* the sanitizer sees whether all of it is ours */
        stz_buf_unref(buf);
    }
    stz_pool_end(pool);
}

static void a_size_wastes_little(void **state)
{
    stz_pool *pool = stz_pool_create(0);
    for (size_t size = 5000; size < 64 * MIB; size = size * 3 / 2 + 7) {
        stz_buf *buf = stz_pool_get(pool, STZ_MEM_ARENA, size);
        assert_non_null(buf);
        assert_true(buf->size - size <= size / 8);
        stz_buf_unref(buf);
    }
    stz_pool_end(pool);
}

static void a_returned_buffer_is_handed_out_again(void **state)
{
    stz_pool *pool = stz_pool_create(64 * MIB);
    stz_buf *first = stz_pool_get(pool, STZ_MEM_PICTURE, 100000);
    uint8_t *data = first->data;
    stz_buf_unref(first);
    for (int i = 0; i < 100; i++) {
        stz_buf *again = stz_pool_get(pool, STZ_MEM_PICTURE, 100000 - (size_t)i);
        assert_ptr_equal(again->data, data);
        stz_buf_unref(again);
    }
    stz_pool_stats s = stats_of(pool, STZ_MEM_PICTURE);
    assert_int_equal(s.allocs, 1);
    assert_int_equal(s.reuses, 100);
    stz_pool_end(pool);
}

static void another_purpose_or_size_gets_another_buffer(void **state)
{
    stz_pool *pool = stz_pool_create(64 * MIB);
    stz_buf_unref(stz_pool_get(pool, STZ_MEM_PICTURE, 1 * MIB));
    stz_buf_unref(stz_pool_get(pool, STZ_MEM_ENCODED, 1 * MIB)); /* same size, another purpose */
    stz_buf_unref(stz_pool_get(pool, STZ_MEM_PICTURE, 2 * MIB)); /* does not fit */
    stz_buf_unref(stz_pool_get(pool, STZ_MEM_PICTURE, 10000));   /* would waste nearly all of it */
    assert_int_equal(stats_of(pool, STZ_MEM_PICTURE).allocs, 3);
    assert_int_equal(stats_of(pool, STZ_MEM_ENCODED).allocs, 1);
    assert_int_equal(stats_of(pool, STZ_MEM_PURPOSES).allocs, 4);
    assert_int_equal(stats_of(pool, STZ_MEM_PURPOSES).reuses, 0);
    stz_pool_end(pool);
}

static void the_best_fit_is_taken(void **state)
{
    stz_pool *pool = stz_pool_create(64 * MIB);
    stz_buf *large = stz_pool_get(pool, STZ_MEM_PICTURE, 190000);
    stz_buf *small = stz_pool_get(pool, STZ_MEM_PICTURE, 110000);
    uint8_t *expected = small->data;
    stz_buf_unref(small);
    stz_buf_unref(large); /* the last one returned is not the best one */
    stz_buf *buf = stz_pool_get(pool, STZ_MEM_PICTURE, 100000);
    assert_ptr_equal(buf->data, expected);
    stz_buf_unref(buf);
    stz_pool_end(pool);
}

static void references_keep_a_buffer(void **state)
{
    stz_pool *pool = stz_pool_create(64 * MIB);
    stz_buf *buf = stz_pool_get(pool, STZ_MEM_PICTURE, 5000);
    stz_buf_ref(buf);
    stz_buf_ref(buf);
    stz_buf_unref(buf);
    stz_buf_unref(buf);
    stz_buf *other = stz_pool_get(pool, STZ_MEM_PICTURE, 5000);
    assert_ptr_not_equal(other, buf);
    uint8_t *data = buf->data;
    stz_buf_unref(buf); /* the last reference: now it may be reused */
    stz_buf *reused = stz_pool_get(pool, STZ_MEM_PICTURE, 5000);
    assert_ptr_equal(reused->data, data);
    stz_buf_unref(reused);
    stz_buf_unref(other);
    stz_buf_unref(NULL);
    stz_pool_end(pool);
}

static void idle_memory_stays_below_the_limit(void **state)
{
    stz_pool *pool = stz_pool_create(3 * MIB);
    stz_buf *bufs[8];
    for (int i = 0; i < 8; i++)
        bufs[i] = stz_pool_get(pool, i % 2 ? STZ_MEM_PICTURE : STZ_MEM_ARENA, MIB);
    assert_int_equal(stats_of(pool, STZ_MEM_PURPOSES).bytes, 8 * MIB);
    for (int i = 0; i < 8; i++)
        stz_buf_unref(bufs[i]);
    stz_pool_stats s = stats_of(pool, STZ_MEM_PURPOSES);
    assert_int_equal(s.bytes, 3 * MIB);
    assert_int_equal(s.peak, 8 * MIB);
    assert_int_equal(stats_of(pool, STZ_MEM_PICTURE).bytes + stats_of(pool, STZ_MEM_ARENA).bytes, 3 * MIB);
    stz_pool_trim(pool);
    assert_int_equal(stats_of(pool, STZ_MEM_PURPOSES).bytes, 0);
    stz_pool_end(pool);
}

static void a_pool_that_keeps_nothing_works(void **state)
{
    stz_pool *pool = stz_pool_create(0);
    for (int i = 0; i < 3; i++)
        stz_buf_unref(stz_pool_get(pool, STZ_MEM_SCRATCH, 5 * MIB));
    stz_pool_stats s = stats_of(pool, STZ_MEM_SCRATCH);
    assert_int_equal(s.allocs, 3);
    assert_int_equal(s.reuses, 0);
    assert_int_equal(s.bytes, 0);
    stz_pool_end(pool);
}

/* Every order of returning four buffers, the pool's end in every place among them. */
static void free_order_does_not_matter(void **state)
{
    for (int order = 0; order < 120; order++) {
        stz_pool *pool = stz_pool_create(64 * MIB);
        void *left[5];
        for (int i = 0; i < 4; i++) {
            left[i] = stz_pool_get(pool, (stz_purpose)i, 5000 * (size_t)(i + 1));
            memset(((stz_buf *)left[i])->data, i, 5000);
        }
        left[4] = NULL; /* stands for the end of the pool */
        int code = order;
        for (int n = 5; n > 0; n--) {
            int pick = code % n;
            code /= n;
            if (left[pick])
                stz_buf_unref(left[pick]);
            else
                stz_pool_end(pool);
            left[pick] = left[n - 1];
        }
    }
}

static void a_buffer_outlives_its_pool(void **state)
{
    stz_pool *pool = stz_pool_create(64 * MIB);
    stz_buf *buf = stz_pool_get(pool, STZ_MEM_PICTURE, MIB);
    stz_buf_unref(stz_pool_get(pool, STZ_MEM_PICTURE, 4 * MIB));
    stz_pool_end(pool);
    memset(buf->data, 1, buf->size);
    stz_buf_ref(buf);
    stz_buf_unref(buf);
    assert_int_equal(buf->data[buf->size - 1], 1);
    stz_buf_unref(buf); /* frees the pool: the leak checker looks */
    stz_pool_end(NULL);
}

static void what_cannot_be_had_is_null(void **state)
{
    stz_pool *pool = stz_pool_create(64 * MIB);
    stz_buf_unref(stz_pool_get(pool, STZ_MEM_PICTURE, MIB));
    assert_null(stz_pool_get(pool, STZ_MEM_PICTURE, SIZE_MAX));
    assert_null(stz_pool_get(pool, STZ_MEM_PICTURE, SIZE_MAX / 2 - 5));
    stz_pool_stats s = stats_of(pool, STZ_MEM_PURPOSES);
    assert_int_equal(s.allocs, 1);
    assert_int_equal(s.bytes, 0); /* idle buffers were given up for it */
    stz_buf *buf = stz_pool_get(pool, STZ_MEM_PICTURE, MIB);
    assert_non_null(buf);
    stz_buf_unref(buf);
    stz_pool_end(pool);
}

#define THREADS 4
#define ROUNDS  2000

struct traffic {
    stz_pool *pool;
    _Atomic(stz_buf *) *shelf; /* where threads leave buffers for each other */
    unsigned seed;
    int failures;
};

#define SHELF 8

static void *traffic_main(void *arg)
{
    struct traffic *t = arg;
    for (int i = 0; i < ROUNDS; i++) {
        t->seed = t->seed * 1103515245u + 12345u;
        size_t size = 4096u << (t->seed >> 16) % 5;
        stz_buf *buf = stz_pool_get(t->pool, (stz_purpose)((t->seed >> 20) % STZ_MEM_PURPOSES), size);
        if (!buf) {
            t->failures++;
            continue;
        }
        uint8_t mark = (uint8_t)(t->seed >> 8);
        buf->data[0] = mark;
        buf->data[size - 1] = mark;
        stz_buf_ref(buf);
        /* one reference goes to whoever comes next, so that most buffers end on another thread */
        stz_buf_unref(atomic_exchange(&t->shelf[(t->seed >> 24) % SHELF], buf));
        if (buf->data[0] != mark || buf->data[size - 1] != mark)
            t->failures++;
        stz_buf_unref(buf);
    }
    return NULL;
}

static void threads_share_one_pool(void **state)
{
    stz_pool *pool = stz_pool_create(256 * 1024);
    static _Atomic(stz_buf *) shelf[SHELF];
    struct traffic t[THREADS];
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        t[i] = (struct traffic){pool, shelf, 77u * (unsigned)i + 1, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, traffic_main, &t[i]), 0);
    }
    for (int i = 0; i < 200; i++)
        stz_pool_trim(pool);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(t[i].failures, 0);
    }
    stz_pool_stats s = stats_of(pool, STZ_MEM_PURPOSES);
    assert_int_equal(s.allocs + s.reuses, THREADS * ROUNDS);
    assert_true(s.reuses > 0);
    stz_pool_end(pool); /* before the last buffers */
    for (int i = 0; i < SHELF; i++)
        stz_buf_unref(shelf[i]);
}

/* A kind of memory of which there is only so much. */
struct scarce {
    size_t left;
    int allocs, frees;
};

static void *scarce_alloc(void *user, size_t size)
{
    struct scarce *s = user;
    if (size > s->left)
        return NULL;
    s->left -= size;
    s->allocs++;
    return malloc(size);
}

static void scarce_free(void *user, void *data)
{
    struct scarce *s = user;
    s->frees++;
    free(data);
}

static void another_kind_of_memory_is_kept_apart(void **state)
{
    struct scarce scarce = {.left = 8192};
    const stz_allocator from = {scarce_alloc, scarce_free, &scarce, false};
    stz_pool *pool = stz_pool_create(64 * MIB);
    stz_buf *before = stz_pool_get(pool, STZ_MEM_PICTURE, 4096);
    stz_pool_set_allocator(pool, STZ_MEM_PICTURE, &from);
    stz_buf *a = stz_pool_get(pool, STZ_MEM_PICTURE, 4096);
    stz_buf *other = stz_pool_get(pool, STZ_MEM_SCRATCH, 4096);
    assert_int_equal(scarce.allocs, 1);
    stz_buf_unref(before); /* freed as what it was allocated as */
    stz_buf *again = stz_pool_get(pool, STZ_MEM_PICTURE, 4096);
    assert_ptr_equal(again, before);
    assert_int_equal(scarce.allocs, 1);
    stz_buf_unref(again);
    stz_buf_unref(other);
    stz_pool_end(pool);
    stz_buf_unref(a); /* outlives the pool */
    assert_int_equal(scarce.frees, 1);
}

static void a_kind_that_is_used_up_is_null_or_ordinary_memory(void **state)
{
    struct scarce scarce = {.left = 8192};
    stz_allocator from = {scarce_alloc, scarce_free, &scarce, false};
    stz_pool *pool = stz_pool_create(64 * MIB);
    stz_pool_set_allocator(pool, STZ_MEM_ARENA, &from);
    stz_buf *a = stz_pool_get(pool, STZ_MEM_ARENA, 8192);
    assert_non_null(a);
    assert_null(stz_pool_get(pool, STZ_MEM_ARENA, 8192));
    from.or_malloc = true;
    stz_pool_set_allocator(pool, STZ_MEM_ARENA, &from);
    stz_buf *b = stz_pool_get(pool, STZ_MEM_ARENA, 8192);
    assert_non_null(b);
    memset(b->data, 1, b->size);
    stz_buf_unref(a);
    stz_buf_unref(b);
    stz_pool_end(pool);
    assert_int_equal(scarce.allocs, 1);
    assert_int_equal(scarce.frees, 1);
}

/* Idle buffers of another size are given back before there is said to be none. */
static void idle_memory_of_a_kind_makes_room(void **state)
{
    struct scarce scarce = {.left = 65536};
    const stz_allocator from = {scarce_alloc, scarce_free, &scarce, false};
    stz_pool *pool = stz_pool_create(64 * MIB);
    stz_pool_set_allocator(pool, STZ_MEM_ARENA, &from);
    stz_buf_unref(stz_pool_get(pool, STZ_MEM_ARENA, 65536));
    assert_null(stz_pool_get(pool, STZ_MEM_ARENA, 8192)); /* this double never gets its memory back */
    assert_int_equal(scarce.frees, 1);
    stz_pool_end(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buffers_are_aligned_and_large_enough),
        cmocka_unit_test(a_size_wastes_little),
        cmocka_unit_test(a_returned_buffer_is_handed_out_again),
        cmocka_unit_test(another_purpose_or_size_gets_another_buffer),
        cmocka_unit_test(the_best_fit_is_taken),
        cmocka_unit_test(references_keep_a_buffer),
        cmocka_unit_test(idle_memory_stays_below_the_limit),
        cmocka_unit_test(a_pool_that_keeps_nothing_works),
        cmocka_unit_test(free_order_does_not_matter),
        cmocka_unit_test(a_buffer_outlives_its_pool),
        cmocka_unit_test(what_cannot_be_had_is_null),
        cmocka_unit_test(threads_share_one_pool),
        cmocka_unit_test(another_kind_of_memory_is_kept_apart),
        cmocka_unit_test(a_kind_that_is_used_up_is_null_or_ordinary_memory),
        cmocka_unit_test(idle_memory_of_a_kind_makes_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
