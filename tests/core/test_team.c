/* Parallel sections: every item once, helpers that come and go, scratch, sleep, end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/team.h"

#define HELPERS_MAX 8

struct tally {
    atomic_int *seen; /* a count for each item */
    size_t scratch;   /* bytes that an item may use */
    atomic_int strangers;
    pthread_t leader;
};

static void count_item(void *arg, int item, void *scratch)
{
    struct tally *t = arg;
    atomic_fetch_add(&t->seen[item], 1);
    if (t->scratch)
        memset(scratch, item, t->scratch);
    if (!pthread_equal(pthread_self(), t->leader))
        atomic_fetch_add(&t->strangers, 1);
}

static struct tally tally_create(int items, size_t scratch)
{
    struct tally t = {
        .seen = calloc((size_t)items, sizeof *t.seen), .scratch = scratch, .leader = pthread_self()};
    assert_non_null(t.seen);
    return t;
}

static void tally_expect(struct tally *t, int items, int times)
{
    for (int i = 0; i < items; i++)
        assert_int_equal(atomic_load(&t->seen[i]), times);
    free(t->seen);
}

static void every_item_runs_once(void **state)
{
    const int counts[] = {1, 2, 3, 7, 64, 1000};
    for (int helpers = 0; helpers <= HELPERS_MAX; helpers++) {
        stz_scratch scratch = {0};
        stz_team *team = stz_team_create(helpers + 1, &scratch, helpers);
        assert_non_null(team);
        assert_int_equal(stz_team_width(team), helpers + 1);
        assert_int_equal(stz_team_reserve(team, 256, NULL), STYLIZE_OK);
        for (size_t c = 0; c < STZ_LEN(counts); c++) {
            struct tally t = tally_create(counts[c], 256);
            stz_team_run(team, count_item, &t, counts[c]);
            tally_expect(&t, counts[c], 1);
        }
        stz_team_destroy(team);
        stz_scratch_free(&scratch);
    }
}

static void no_items_is_no_work(void **state)
{
    stz_scratch scratch = {0};
    stz_team *team = stz_team_create(2, &scratch, 1);
    struct tally t = tally_create(1, 0);
    stz_team_run(team, count_item, &t, 0);
    stz_team_run(team, count_item, &t, -3);
    tally_expect(&t, 1, 0);
    stz_team_destroy(team);
    stz_team_destroy(NULL);
}

static void the_largest_section_fits(void **state)
{
    stz_scratch scratch = {0};
    stz_team *team = stz_team_create(3, &scratch, 2);
    struct tally t = tally_create(STZ_TEAM_ITEMS_MAX, 0);
    stz_team_run(team, count_item, &t, STZ_TEAM_ITEMS_MAX);
    tally_expect(&t, STZ_TEAM_ITEMS_MAX, 1);
    stz_team_destroy(team);
    stz_scratch_free(&scratch);
}

/* Section after section without a pause: a helper that is late for one must not disturb the next. */
static void thousands_of_short_sections(void **state)
{
    stz_scratch scratch = {0};
    stz_team *team = stz_team_create(4, &scratch, 3);
    struct tally t = tally_create(5, 64);
    assert_int_equal(stz_team_reserve(team, 64, NULL), STYLIZE_OK);
    for (int i = 0; i < 5000; i++)
        stz_team_run(team, count_item, &t, 2 + i % 4);
    assert_int_equal(atomic_load(&t.seen[0]), 5000);
    assert_int_equal(atomic_load(&t.seen[1]), 5000);
    assert_int_equal(atomic_load(&t.seen[2]), 3750);
    assert_int_equal(atomic_load(&t.seen[3]), 2500);
    assert_int_equal(atomic_load(&t.seen[4]), 1250);
    free(t.seen);
    stz_team_destroy(team);
    stz_scratch_free(&scratch);
}

static void pause_ms(long ms) { nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL); }

/* Items of one section must be able to meet: proof that helpers do work at all. */
struct meeting {
    atomic_int present;
    int wanted;
};

static void meet(void *arg, int item, void *scratch)
{
    struct meeting *m = arg;
    atomic_fetch_add(&m->present, 1);
    while (atomic_load(&m->present) < m->wanted)
        sched_yield();
}

static void sleeping_helpers_wake_for_work(void **state)
{
    stz_scratch scratch = {0};
    stz_team *team = stz_team_create(4, &scratch, 3);
    for (int i = 0; i < 3; i++) {
        pause_ms(20); /* far more than they spin */
        struct meeting m = {.wanted = 4};
        stz_team_run(team, meet, &m, 4);
        assert_int_equal(atomic_load(&m.present), 4);
    }
    pause_ms(20);
    stz_team_destroy(team); /* wakes them for good */
    stz_scratch_free(&scratch);
}

/* Each of two runs asks once, when it begins: what the second needs is not all that the first may use after that. */
static void runs_in_turns_keep_their_scratch(void **state)
{
    const size_t large = 8u << 20;
    stz_scratch scratch = {0};
    stz_team *team = stz_team_create(4, &scratch, 3);
    assert_int_equal(stz_team_reserve(team, large, NULL), STYLIZE_OK);
    assert_int_equal(stz_team_reserve(team, 64, NULL), STYLIZE_OK);
    int strangers = 0;
    for (int round = 0; round < 1000 && strangers < 20; round++) {
        struct tally t = tally_create(50, large); /* fills it */
        stz_team_run(team, count_item, &t, 50);
        strangers += atomic_load(&t.strangers);
        tally_expect(&t, 50, 1);
    }
    assert_true(strangers >= 20);
    stz_team_destroy(team);
    stz_scratch_free(&scratch);
}

static void scratch_grows_before_it_is_used(void **state)
{
    stz_scratch scratch = {0};
    stz_team *team = stz_team_create(4, &scratch, 3);
    const size_t sizes[] = {64, 100, 5000, 300, 2u << 20, 64};
    for (size_t i = 0; i < STZ_LEN(sizes); i++) {
        assert_int_equal(stz_team_reserve(team, sizes[i], NULL), STYLIZE_OK);
        struct tally t = tally_create(50, sizes[i]);
        stz_team_run(team, count_item, &t, 50);
        tally_expect(&t, 50, 1);
    }
    assert_int_equal((uintptr_t)scratch.data % 64, 0);
    assert_int_equal(scratch.size, 2u << 20); /* never given back by a smaller need */
    stz_team_destroy(team);
    stz_scratch_free(&scratch);
    assert_null(scratch.data);
    stz_scratch_free(&scratch);
}

static void scratch_that_cannot_be_had_is_an_error(void **state)
{
    stz_scratch scratch = {0};
    stz_team *team = stz_team_create(2, &scratch, 1);
    assert_int_equal(stz_team_reserve(team, 128, NULL), STYLIZE_OK);
    stylize_error err = {0};
    assert_int_equal(stz_team_reserve(team, SIZE_MAX / 2, &err), STYLIZE_ERR_NOMEM);
    assert_int_equal(err.status, STYLIZE_ERR_NOMEM);
    assert_non_null(strstr(err.message, "out of memory"));
    assert_int_equal(scratch.size, 128); /* the team goes on with what it had */
    struct tally t = tally_create(9, 128);
    stz_team_run(team, count_item, &t, 9);
    tally_expect(&t, 9, 1);
    stz_team_destroy(team);
    stz_scratch_free(&scratch);
}

/* A worker of somebody else that joins and leaves the team over and over. */
struct guest {
    stz_team *team;
    atomic_int leave, stop, visits, entered;
    stz_scratch scratch;
    pthread_t thread;
};

static void *guest_main(void *arg)
{
    struct guest *g = arg;
    while (!atomic_load(&g->stop)) {
        atomic_store(&g->entered, 1);
        stz_team_help(g->team, &g->scratch, &g->leave);
        atomic_fetch_add(&g->visits, 1);
        sched_yield();
    }
    return NULL;
}

static void guests_start(struct guest *guests, int count, stz_team *team)
{
    for (int i = 0; i < count; i++) {
        guests[i].team = team;
        assert_int_equal(pthread_create(&guests[i].thread, NULL, guest_main, &guests[i]), 0);
    }
}

static void guests_stop(struct guest *guests, int count, stz_team *team)
{
    for (int i = 0; i < count; i++) {
        atomic_store(&guests[i].stop, 1);
        atomic_store(&guests[i].leave, 1);
    }
    stz_team_wake(team);
    for (int i = 0; i < count; i++) {
        pthread_join(guests[i].thread, NULL);
        stz_scratch_free(&guests[i].scratch);
    }
}

static void helpers_come_and_go_in_the_middle(void **state)
{
    stz_scratch scratch = {0};
    stz_team *team = stz_team_create(4, &scratch, 0);
    struct guest guests[3] = {0};
    stz_team_open(team);
    guests_start(guests, 3, team);
    struct tally t = tally_create(40, 512);
    assert_int_equal(stz_team_reserve(team, 512, NULL), STYLIZE_OK);
    for (int i = 0; i < 1500; i++) {
        struct guest *g = &guests[i % 3];
        atomic_store(&g->leave, !atomic_load(&g->leave));
        if (i % 7 == 0)
            stz_team_wake(team);
        stz_team_run(team, count_item, &t, 40);
    }
    guests_stop(guests, 3, team);
    tally_expect(&t, 40, 1500);
    stz_team_close(team);
    stz_team_destroy(team);
    stz_scratch_free(&scratch);
}

static void leave_takes_effect_in_sleep(void **state)
{
    stz_scratch scratch = {0};
    stz_team *team = stz_team_create(2, &scratch, 0);
    struct guest guest = {0};
    stz_team_open(team);
    guests_start(&guest, 1, team);
    while (!atomic_load(&guest.entered))
        sched_yield();
    pause_ms(20); /* likely asleep by now; awake, it must leave just the same */
    assert_int_equal(atomic_load(&guest.visits), 0);
    guests_stop(&guest, 1, team); /* hangs here if the wake is lost */
    assert_int_equal(atomic_load(&guest.visits), 1);
    stz_team_close(team);
    stz_team_destroy(team);
}

/* One team for one run after the other, as a worker does it; between them nobody may be inside. */
static void a_team_opens_and_closes_many_times(void **state)
{
    stz_scratch scratch = {0};
    stz_team *team = stz_team_create(3, &scratch, 0);
    struct guest guests[2] = {0};
    guests_start(guests, 2, team);
    struct tally t = tally_create(16, 0);
    for (int i = 0; i < 400; i++) {
        stz_team_open(team);
        for (int k = 0; k < 3; k++)
            stz_team_run(team, count_item, &t, 16);
        if (i % 100 == 0)
            pause_ms(2); /* let them fall asleep once in a while */
        stz_team_close(team);
        int before = atomic_load(&t.strangers);
        stz_team_run(team, count_item, &t, 16); /* closed: the leader alone */
        assert_int_equal(atomic_load(&t.strangers), before);
    }
    guests_stop(guests, 2, team);
    tally_expect(&t, 16, 400 * 4);
    stz_team_destroy(team);
    stz_scratch_free(&scratch);
}

static void *visit_once(void *arg)
{
    struct guest *g = arg;
    stz_team_help(g->team, &g->scratch, &g->leave);
    return NULL;
}

/* Close must not return while a helper is inside: the sanitizers see the touch of freed memory. */
static void a_team_can_be_freed_after_close(void **state)
{
    for (int i = 0; i < 200; i++) {
        stz_scratch scratch = {0};
        stz_team *team = stz_team_create(2, &scratch, 0);
        struct guest guest = {.team = team};
        stz_team_open(team);
        assert_int_equal(pthread_create(&guest.thread, NULL, visit_once, &guest), 0);
        struct meeting m = {.wanted = 2};
        stz_team_run(team, meet, &m, 2);
        stz_team_close(team);
        stz_team_destroy(team);
        pthread_join(guest.thread, NULL);
    }
}

static void helping_a_closed_team_returns_at_once(void **state)
{
    stz_scratch scratch = {0}, own = {0};
    stz_team *team = stz_team_create(2, &scratch, 0);
    atomic_int leave = 0;
    stz_team_help(team, &own, &leave);
    stz_team_close(team);
    stz_team_help(team, &own, &leave);
    assert_null(own.data);
    stz_team_destroy(team);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_item_runs_once),
        cmocka_unit_test(no_items_is_no_work),
        cmocka_unit_test(the_largest_section_fits),
        cmocka_unit_test(thousands_of_short_sections),
        cmocka_unit_test(sleeping_helpers_wake_for_work),
        cmocka_unit_test(scratch_grows_before_it_is_used),
        cmocka_unit_test(runs_in_turns_keep_their_scratch),
        cmocka_unit_test(scratch_that_cannot_be_had_is_an_error),
        cmocka_unit_test(helpers_come_and_go_in_the_middle),
        cmocka_unit_test(leave_takes_effect_in_sleep),
        cmocka_unit_test(a_team_opens_and_closes_many_times),
        cmocka_unit_test(a_team_can_be_freed_after_close),
        cmocka_unit_test(helping_a_closed_team_returns_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
