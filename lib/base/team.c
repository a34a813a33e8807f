#include "base/team.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/os.h"

#if defined(__x86_64__) || defined(__i386__)
#define RELAX() __builtin_ia32_pause()
#elif defined(__aarch64__)
#define RELAX() __asm__ volatile("yield")
#else
#define RELAX() ((void)0)
#endif

/* Sections of one run follow each other within microseconds, so a helper spins a while before it
 * sleeps: waking a thread costs more than most waits. */
#define SPIN_NS             60000u
#define SPINS_BETWEEN_CLOCK 64

/* The open section in one word: generation, items, next unclaimed item. A claim swaps the whole word,
 * so it holds for the section that the helper looked at and prepared for, and no other; and as long as
 * an item is claimed and not done the section stays open, so fn, arg and need stay as they are. */
#define BITS     20
#define MASK     ((1u << BITS) - 1)
#define NEXT(s)  ((unsigned)(s)&MASK)
#define ITEMS(s) ((unsigned)((s) >> BITS) & MASK)
_Static_assert(STZ_TEAM_ITEMS_MAX <= MASK, "items must fit");

struct stz_team {
    _Atomic uint64_t section;
    uint64_t generation; /* of the section; the leader's */
    atomic_int done;
    atomic_size_t need; /* scratch bytes */
    stz_team_fn fn;
    void *arg;

    atomic_int inside; /* helpers in stz_team_help past its check of `open` */
    atomic_int open;
    atomic_int sleepers;
    pthread_mutex_t lock;
    pthread_cond_t wake;

    stz_scratch *scratch; /* the leader's */
    int width;
    struct own *own; /* helpers of the team's own */
    int own_count;
    atomic_int own_leave;
};

struct own {
    stz_team *team;
    stz_scratch scratch;
    pthread_t thread;
};

static bool scratch_grow(stz_scratch *s, size_t need)
{
    if (s->size >= need)
        return true;
    void *data = stz_os_alloc(64, need);
    if (!data)
        return false;
    stz_os_free(s->data);
    s->data = data;
    s->size = need;
    return true;
}

void stz_scratch_free(stz_scratch *s)
{
    stz_os_free(s->data);
    *s = (stz_scratch){0};
}

stylize_status stz_team_reserve(stz_team *team, size_t bytes, stylize_error *err)
{
    if (!scratch_grow(team->scratch, bytes))
        return stz_nomem(err, bytes);
    /* Published with the section. Never less than before: of two runs in turns each asks when it begins only. */
    if (bytes > atomic_load_explicit(&team->need, memory_order_relaxed))
        atomic_store_explicit(&team->need, bytes, memory_order_relaxed);
    return STYLIZE_OK;
}

int stz_team_width(const stz_team *team) { return team->width; }

/* Claims and runs items until none is left, or memory for them cannot be had. */
static void work(stz_team *team, stz_scratch *scratch)
{
    uint64_t s = atomic_load_explicit(&team->section, memory_order_acquire);
    while (NEXT(s) < ITEMS(s)) {
        if (!scratch_grow(scratch, atomic_load_explicit(&team->need, memory_order_relaxed)))
            return;
        if (!atomic_compare_exchange_weak_explicit(&team->section, &s, s + 1, memory_order_acq_rel,
                                                   memory_order_acquire))
            continue;
        team->fn(team->arg, (int)NEXT(s), scratch->data);
        atomic_fetch_add_explicit(&team->done, 1, memory_order_release);
        s = atomic_load_explicit(&team->section, memory_order_acquire);
    }
}

void stz_team_run(stz_team *team, stz_team_fn fn, void *arg, int items)
{
    if (items <= 0)
        return;
    if (items == 1 || !atomic_load_explicit(&team->open, memory_order_relaxed)) {
        for (int i = 0; i < items; i++)
            fn(arg, i, team->scratch->data);
        return;
    }
    /* The section before is closed: every item of it was claimed, so nobody reads fn or arg now. */
    team->fn = fn;
    team->arg = arg;
    atomic_store_explicit(&team->done, 0, memory_order_relaxed);
    team->generation++;
    atomic_store_explicit(&team->section, team->generation << 2 * BITS | (uint64_t)items << BITS,
                          memory_order_seq_cst);
    if (atomic_load_explicit(&team->sleepers, memory_order_seq_cst))
        stz_team_wake(team);
    work(team, team->scratch);
    for (int spins = 0; atomic_load_explicit(&team->done, memory_order_acquire) != items; spins++) {
        if (spins < 4000)
            RELAX();
        else
            stz_os_yield(); /* a helper lost its processor in the middle of an item */
    }
}

void stz_team_wake(stz_team *team)
{
    pthread_mutex_lock(&team->lock);
    pthread_cond_broadcast(&team->wake);
    pthread_mutex_unlock(&team->lock);
}

void stz_team_open(stz_team *team) { atomic_store_explicit(&team->open, 1, memory_order_seq_cst); }

void stz_team_close(stz_team *team)
{
    atomic_store_explicit(&team->open, 0, memory_order_seq_cst);
    stz_team_wake(team);
    while (atomic_load_explicit(&team->inside, memory_order_seq_cst))
        stz_os_yield();
}

static bool has_work(stz_team *team)
{
    uint64_t s = atomic_load_explicit(&team->section, memory_order_seq_cst);
    return NEXT(s) < ITEMS(s);
}

/* `open` is read after `inside` was raised, and close does it the other way round: with both
 * sequentially consistent one of the two sees the other, and close misses no helper. */
static bool may_stay(const stz_team *team, const atomic_int *leave)
{
    return atomic_load(&team->open) && !atomic_load_explicit(leave, memory_order_relaxed);
}

/* True as soon as there is work; false when the helper should go. */
static bool wait_for_work(stz_team *team, const atomic_int *leave)
{
    uint64_t until = 0;
    for (int spins = 1;; spins++) {
        if (!may_stay(team, leave))
            return false;
        if (has_work(team))
            return true;
        RELAX();
        if (spins % SPINS_BETWEEN_CLOCK == 0) {
            uint64_t now = stz_now_ns();
            if (!until)
                until = now + SPIN_NS;
            else if (now > until)
                break;
        }
    }
    pthread_mutex_lock(&team->lock);
    atomic_fetch_add(&team->sleepers, 1);
    while (may_stay(team, leave) && !has_work(team))
        pthread_cond_wait(&team->wake, &team->lock);
    atomic_fetch_sub(&team->sleepers, 1);
    pthread_mutex_unlock(&team->lock);
    return may_stay(team, leave);
}

void stz_team_help(stz_team *team, stz_scratch *scratch, const atomic_int *leave)
{
    atomic_fetch_add_explicit(&team->inside, 1, memory_order_seq_cst);
    while (wait_for_work(team, leave))
        work(team, scratch);
    atomic_fetch_sub_explicit(&team->inside, 1, memory_order_seq_cst);
}

static void *own_main(void *arg)
{
    struct own *own = arg;
    while (!atomic_load(&own->team->own_leave)) {
        if (atomic_load(&own->team->open))
            stz_team_help(own->team, &own->scratch, &own->team->own_leave);
        else
            stz_os_yield();
    }
    return NULL;
}

stz_team *stz_team_create(int width, stz_scratch *scratch, int helpers)
{
    stz_team *team = calloc(1, sizeof *team);
    if (!team)
        return NULL;
    team->width = width;
    team->scratch = scratch;
    if (pthread_mutex_init(&team->lock, NULL))
        goto fail_team;
    if (pthread_cond_init(&team->wake, NULL))
        goto fail_lock;
    if (helpers > 0) {
        team->own = calloc((size_t)helpers, sizeof *team->own);
        if (!team->own)
            goto fail_cond;
        stz_team_open(team);
        for (; team->own_count < helpers; team->own_count++) {
            team->own[team->own_count].team = team;
            if (pthread_create(&team->own[team->own_count].thread, NULL, own_main,
                               &team->own[team->own_count])) {
                stz_team_destroy(team);
                return NULL;
            }
        }
    }
    return team;

fail_cond:
    pthread_cond_destroy(&team->wake);
fail_lock:
    pthread_mutex_destroy(&team->lock);
fail_team:
    free(team);
    return NULL;
}

void stz_team_destroy(stz_team *team)
{
    if (!team)
        return;
    atomic_store(&team->own_leave, 1);
    stz_team_close(team);
    for (int i = 0; i < team->own_count; i++) {
        pthread_join(team->own[i].thread, NULL);
        stz_scratch_free(&team->own[i].scratch);
    }
    free(team->own);
    pthread_cond_destroy(&team->wake);
    pthread_mutex_destroy(&team->lock);
    free(team);
}
