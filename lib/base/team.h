/*
 * Parallel sections inside one engine run. A worker that leads a run owns a team; other workers
 * join while they have nothing better to do and leave again, also in the middle of a run. So the
 * number of threads is never known: work is cut into items by its size alone, and what an item
 * computes must not depend on who runs it. That makes results the same for any thread count.
 */
#ifndef STZ_TEAM_H
#define STZ_TEAM_H

#include <stdatomic.h>

#include "base/common.h"

typedef struct stz_team stz_team;

/* One item. scratch: this thread's private memory of the size asked for with stz_team_reserve,
 * 64-byte aligned, contents undefined; it keeps nothing from one item to the next. */
typedef void (*stz_team_fn)(void *arg, int item, void *scratch);

/* ------------------------------------------------------------------ for engines */

/* Scratch bytes that every thread of the following sections must have, at least; it never becomes less. Asked for once
 * in a run, before the first section; allocates only when it grows. Helpers whose memory cannot be had stay
 * out; NOMEM if the leader's cannot. */
stylize_status stz_team_reserve(stz_team *team, size_t scratch_bytes, stylize_error *err);

/* Runs fn(arg, 0 .. items - 1) once each, in any order, and returns when all are done. Leader only,
 * not from inside an item. items up to STZ_TEAM_ITEMS_MAX. */
#define STZ_TEAM_ITEMS_MAX 500000
void stz_team_run(stz_team *team, stz_team_fn fn, void *arg, int items);

/* Threads that may be in a section at most: for choosing how finely to cut where that costs. Must
 * not change results. */
int stz_team_width(const stz_team *team);

/* ------------------------------------------------------------------ for owners */

/* Memory that belongs to one thread; zero to start with. */
typedef struct stz_scratch {
    void *data;
    size_t size;
} stz_scratch;
void stz_scratch_free(stz_scratch *scratch);

/* A team whose leader uses `scratch` (its own, kept by the caller). width: see stz_team_width.
 * helpers: threads - 1 of the team's own, for tests and tools that have no workers; 0 for none.
 * NULL if there is no memory or no thread. */
stz_team *stz_team_create(int width, stz_scratch *scratch, int helpers);
void stz_team_destroy(stz_team *team); /* NULL is fine; nobody may be in it */

/* Opens the team for helpers, until close; close returns when all of them have left. */
void stz_team_open(stz_team *team);
void stz_team_close(stz_team *team);

/* Works in an open team until it closes or *leave is not 0. Safe on a closed team. */
void stz_team_help(stz_team *team, stz_scratch *scratch, const atomic_int *leave);

/* Wakes sleeping helpers so that they look at their `leave` again. */
void stz_team_wake(stz_team *team);

#endif
