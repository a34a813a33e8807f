/* The small parts that servers share their work by. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io_pool.h"
#include "check.h"
#include "http/idempotency.h"
#include "http/limit.h"
#include "paint/cache_keeper.h"
#include "paint/memory_tier.h"
#include "remote/store_open.h"

/* ------------------------------------------------------------------ I/O pool */

static void count_one(void *arg) { atomic_fetch_add((atomic_int *)arg, 1); }

static void wait_for_go(void *arg)
{
    while (!atomic_load((atomic_bool *)arg))
        usleep(1000);
}

static void all_that_waits_is_run(void **state)
{
    static io_pool p;
    atomic_int ran = 0;
    memset(&p, 0, sizeof p);
    assert_false(io_pool_run(&p, IO_SOON, count_one, &ran)); /* not started */
    assert_true(io_pool_start(&p));
    for (int i = 0; i < 200; i++)
        assert_true(io_pool_run(&p, i % 2 ? IO_SOON : IO_LATER, count_one, &ran));
    io_pool_stop(&p);
    io_pool_stop(&p);
    assert_int_equal(ran, 200);
    assert_false(io_pool_run(&p, IO_SOON, count_one, &ran));
}

static void too_much_is_refused(void **state)
{
    static io_pool p;
    atomic_bool go = false;
    atomic_int ran = 0;
    int taken = 0;
    uint64_t waiting, refused;
    memset(&p, 0, sizeof p);
    assert_true(io_pool_start(&p));
    for (int i = 0; i < IO_THREADS; i++)
        assert_true(io_pool_run(&p, IO_SOON, wait_for_go, &go));
    do /* until the threads have taken theirs */
        io_pool_counts(&p, IO_SOON, &waiting, &refused);
    while (waiting);
    for (int i = 0; i < IO_MOST + 10; i++)
        taken += io_pool_run(&p, IO_LATER, count_one, &ran);
    io_pool_counts(&p, IO_LATER, &waiting, &refused);
    assert_int_equal(taken, IO_MOST);
    assert_int_equal(waiting, IO_MOST);
    assert_int_equal(refused, 10);
    assert_true(io_pool_run(&p, IO_SOON, count_one, &ran)); /* the other line has room */
    atomic_store(&go, true);
    io_pool_stop(&p);
    assert_int_equal(ran, IO_MOST + 1);
}

/* ------------------------------------------------------------------ keeping */

static painting_key key_of(uint8_t n) { return (painting_key){{n}}; }

static void keep_one(keeper *k, uint8_t n, const char *subject, uint64_t accepted)
{
    painting *p = calloc(1, sizeof *p);
    const painting_key key = key_of(n);
    atomic_init(&p->references, 1);
    p->image.pixels = malloc(100);
    memset(p->image.pixels, n, 100);
    p->image.size = 100;
    strcpy(p->subject, subject);
    keep(k, &key, p, accepted);
    painting_release(p);
}

static bool has(cache *c, uint8_t n)
{
    const painting_key key = key_of(n);
    int tier;
    painting *p = cache_get(c, &key, &tier);
    painting_release(p);
    return p != NULL;
}

static void nothing_erased_is_kept(void **state)
{
    cache c = {.tier_count = 0};
    keeper k;
    bool whole = true;
    assert_true(cache_add_memory(&c, 1 << 20));
    keeper_init(&k, &c, 1 << 20);
    const uint64_t before = keeper_now(&k);
    keep_one(&k, 1, "anna", before);
    keep_one(&k, 2, "bert", before);
    assert_int_equal(keeper_forget(&k, "anna", &whole), 1);
    keep_one(&k, 3, "anna", before); /* was in work then */
    keep_one(&k, 4, "anna", keeper_now(&k));
    keep_one(&k, 5, "", before);
    assert_true(!has(&c, 1) && has(&c, 2) && !has(&c, 3) && has(&c, 4) && has(&c, 5));
    for (int i = 0; i <= KEEP_ERASED; i++)
        keeper_forget_here(&k, "somebody");
    keep_one(&k, 6, "bert", before); /* too long ago to be sure */
    assert_false(has(&c, 6));
    cache_close(&c);
    keeper_free(&k);
}

/* ------------------------------------------------------------------ limits */

static void debts_are_told_once(void **state)
{
    static limiter l;
    limit_debt debts[8];
    unsigned wait;
    const address anna = {{[15] = 1}}, bert = {{[15] = 2}};
    const uint64_t s = 1000000000ull;
    limiter_init(&l, 1, 10, 0, s);
    assert_true(limiter_take(&l, &anna, s, &wait));
    assert_int_equal(limiter_debts(&l, debts, 8), 0); /* not shared */
    l.shared = true;
    for (int i = 0; i < 3; i++)
        assert_true(limiter_take(&l, &anna, s, &wait));
    assert_true(limiter_take(&l, &bert, s, &wait));
    assert_int_equal(limiter_debts(&l, debts, 8), 2);
    assert_int_equal(debts[0].taken + debts[1].taken, 4);
    assert_int_equal(limiter_debts(&l, debts, 8), 0);
}

static void others_tokens_count(void **state)
{
    static limiter l;
    limit_debt debts[8];
    unsigned wait;
    const address anna = {{[15] = 1}};
    const uint64_t s = 1000000000ull;
    limiter_init(&l, 1, 10, 0, s);
    l.shared = true;
    assert_true(limiter_take(&l, &anna, s, &wait));
    assert_int_equal(limiter_debts(&l, debts, 8), 1);
    limiter_settle(&l, &debts[0], 1.5, s); /* other servers took the rest */
    assert_true(limiter_take(&l, &anna, s, &wait));
    assert_false(limiter_take(&l, &anna, s, &wait));
    assert_true(limiter_take(&l, &anna, 2 * s, &wait)); /* it fills as ever */
    limiter_settle(&l, &debts[0], 1000, 2 * s);         /* and is never filled by others */
    assert_false(limiter_take(&l, &anna, 2 * s, &wait));
    limiter_settle(&l, &debts[0], -4, 2 * s);
    assert_false(limiter_take(&l, &anna, 2 * s, &wait));
    assert_true(wait >= 5);
}

static void the_total_is_shared_too(void **state)
{
    static limiter l;
    limit_debt debts[8];
    unsigned wait;
    const address anna = {{[15] = 1}};
    limiter_init(&l, 0, 10, 5, 1);
    l.shared = true;
    assert_true(limiter_take(&l, &anna, 1, &wait));
    assert_int_equal(limiter_debts(&l, debts, 8), 1);
    assert_true(debts[0].total && debts[0].taken == 1);
    limiter_settle(&l, &debts[0], 0, 1);
    assert_false(limiter_take(&l, &anna, 1, &wait));
}

/* ------------------------------------------------------------------ Idempotency-Key */

static bool read_key(idempotent *r, const char *key, const char *owner, const char *type, const char *body)
{
    problem wrong;
    return idempotent_read(r, key ? TEXT(key) : (slice){NULL, 0}, owner, "job_post", TEXT(type), TEXT(body),
                           &wrong);
}

static void a_key_and_a_body_make_an_id(void **state)
{
    idempotent a, b;
    assert_true(read_key(&a, NULL, "", "", "") && !a.given);
    assert_true(read_key(&a, "k", "anna", "text", "body") && a.given && strlen(a.id) == 24);
    assert_true(read_key(&b, " k ", "anna", "text", "body"));
    assert_string_equal(a.id, b.id);
    assert_true(read_key(&b, "k", "bert", "text", "body"));
    assert_string_not_equal(a.id, b.id);
    assert_true(read_key(&b, "k", "anna", "text", "other"));
    assert_string_not_equal(a.id, b.id);
    char large[300];
    memset(large, 'x', 299);
    large[299] = '\0';
    assert_false(read_key(&b, large, "", "", ""));
    assert_false(read_key(&b, "", "", "", ""));
    assert_false(read_key(&b, "a\x01", "", "", ""));
}

static void forms_are_equal_whatever_their_boundary(void **state)
{
    static const char form[] =
        "--%s\r\nContent-Disposition: form-data; name=\"style_id\"\r\n\r\nscream\r\n--%s--\r\n";
    char first[200], second[200];
    idempotent a, b;
    snprintf(first, sizeof first, form, "one", "one");
    snprintf(second, sizeof second, form, "two", "two");
    assert_true(read_key(&a, "k", "", "multipart/form-data; boundary=one", first));
    assert_true(read_key(&b, "k", "", "multipart/form-data; boundary=two", second));
    assert_string_equal(a.id, b.id);
}

static void a_key_belongs_to_one_body(void **state)
{
    static idempotency t;
    idempotent a, b;
    problem wrong;
    idempotency_init(&t);
    assert_true(read_key(&a, "k", "", "", "one") && read_key(&b, "k", "", "", "two"));
    assert_true(idempotency_begin(&t, &a, true, 5, &wrong));
    assert_false(idempotency_begin(&t, &a, true, 6, &wrong));
    assert_true(wrong.status == 409 && wrong.retry_after);
    assert_false(idempotency_begin(&t, &b, true, 6, &wrong));
    assert_int_equal(wrong.status, 422);
    idempotency_end(&t, &a);
    assert_true(idempotency_begin(&t, &a, true, 7, &wrong));
    idempotency_end(&t, &a);
    assert_true(idempotency_begin(&t, &b, true, 7 + IDEMPOTENCY_NS, &wrong)); /* a day later */
    idempotency_free(&t);
}

static void the_oldest_key_gives_way(void **state)
{
    static idempotency t;
    idempotent r, first;
    problem wrong;
    idempotency_init(&t);
    assert_true(read_key(&first, "first", "", "", "one"));
    assert_true(idempotency_begin(&t, &first, false, 1, &wrong));
    for (int i = 0; i < IDEMPOTENCY_KEYS; i++) {
        char key[16];
        snprintf(key, sizeof key, "%d", i);
        assert_true(read_key(&r, key, "", "", "") && idempotency_begin(&t, &r, false, 2, &wrong));
    }
    assert_true(read_key(&r, "first", "", "", "two") && idempotency_begin(&t, &r, false, 3, &wrong));
    idempotency_free(&t);
}

/* ------------------------------------------------------------------ a folder as a store */

static void count_name(void *user, const char *name)
{
    assert_true(!strncmp(name, "jobs/1/", 7));
    ++*(int *)user;
}

static void objects_lie_in_a_folder(void **state)
{
    char path[] = "/tmp/stylize-store-XXXXXX", url[64], message[200], text[200];
    store s;
    buf out = {0};
    int names = 0;
    assert_non_null(mkdtemp(path));
    snprintf(url, sizeof url, "file://%s", path);
    assert_true(store_open(&s, &(store_options){.url = url}, message, sizeof message));
    assert_int_equal(s.put(s.state, "jobs/1/content", "image/png", TEXT("picture")), BACKEND_OK);
    assert_int_equal(s.put(s.state, "jobs/1/style", "image/png", TEXT("")), BACKEND_OK);
    assert_int_equal(s.get(s.state, "jobs/1/content", 100, &out), BACKEND_HIT);
    assert_slice((slice){out.data, out.size}, "picture");
    buf_free(&out);
    assert_int_equal(s.get(s.state, "jobs/1/content", 6, &out), BACKEND_REFUSED);
    buf_free(&out);
    assert_int_equal(s.get(s.state, "jobs/2/content", 6, &out), BACKEND_MISS);
    assert_int_equal(s.list(s.state, "jobs/1/", count_name, &names), BACKEND_OK);
    assert_int_equal(names, 2);
    assert_int_equal(s.list(s.state, "jobs/3/", count_name, &names), BACKEND_OK);
    s.url(s.state, "jobs/1/content", text, sizeof text);
    assert_true(!strncmp(text, "file:///tmp/", 12) && strstr(text, "/jobs/1/content"));
    assert_int_equal(s.remove(s.state, "jobs/1/content"), BACKEND_OK);
    assert_int_equal(s.remove(s.state, "jobs/1/content"), BACKEND_OK);
    assert_int_equal(s.remove(s.state, "jobs/1/style"), BACKEND_OK);
    assert_true(s.ping(s.state, text, sizeof text));
    s.close(s.state);
    assert_int_equal(rmdir(path), 0); /* nothing is left, no folder either */
}

static void what_is_no_store_is_refused(void **state)
{
    static const char *const bad[] = {
        "",      "/folder",      "file://folder", "http://x", "file:///proc/nowhere/at/all",
        "s3://", "s3://UPPER/x", "s3://b"};
    char message[400];
    for (size_t i = 0; i < APP_LEN(bad); i++) {
        store s;
        message[0] = '\0';
        assert_false(store_open(&s, &(store_options){.url = bad[i]}, message, sizeof message));
        assert_true(strlen(message) > 10);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_that_waits_is_run),
        cmocka_unit_test(too_much_is_refused),
        cmocka_unit_test(nothing_erased_is_kept),
        cmocka_unit_test(debts_are_told_once),
        cmocka_unit_test(others_tokens_count),
        cmocka_unit_test(the_total_is_shared_too),
        cmocka_unit_test(a_key_and_a_body_make_an_id),
        cmocka_unit_test(forms_are_equal_whatever_their_boundary),
        cmocka_unit_test(a_key_belongs_to_one_body),
        cmocka_unit_test(the_oldest_key_gives_way),
        cmocka_unit_test(objects_lie_in_a_folder),
        cmocka_unit_test(what_is_no_store_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
