/*
 * The context: what jobs are painted with, and the scheduler. A request lives in a job, a slot of a fixed array.
 * It goes
 *
 *   submit -> waiting -> prepare -> ready -> paint -> finish -> callback
 *
 * where any idle worker takes the next step of any job. All lists and states are guarded by `lock`; a worker owns
 * the job it works on.
 */
#ifndef STZ_SCHED_H
#define STZ_SCHED_H

#include <pthread.h>

#include "job/env.h"
#include "sched/list.h"

typedef struct stz_worker {
    stylize_ctx *ctx;
    pthread_t thread;
    stz_scratch scratch;
    stz_team *team;
    bool leads;       /* its team is open; under the context's lock */
    atomic_int leave; /* the team that it helps: there is other work */
} stz_worker;

/* A run of somebody else's thread, see guest.h. */
typedef struct stz_guest {
    stz_team *team;
    stz_scratch scratch;
    int helpers;         /* workers that are in its team or on the way */
    pthread_cond_t gone; /* the last of them is */
    struct stz_guest *next;
} stz_guest;

struct stylize_ctx {
    stylize_options opt;
    char *model_dir;    /* never NULL after creation; STZ_BUNDLE_DIR where there is none */
    stz_bundle *bundle; /* in place of the folder, or NULL */
    char *style_dir;    /* of styles of one's own; NULL: there is none */
    stz_env env;

    pthread_mutex_t lock;
    pthread_cond_t work; /* for workers */
    stz_list waiting, ready, finishing;
    stz_job *jobs;            /* all slots */
    int job_count, jobs_used; /* slots that were ever used */
    stz_job *free_jobs;
    int running;     /* jobs that a worker holds */
    int preparing;   /* of those, in the prepare step */
    int ready_limit; /* prepared pictures that may lie about: they hold memory */
    uint64_t last_id;
    uint64_t next_deadline; /* the earliest of the jobs that wait, 0: none */
    bool closing;
    atomic_int cancel_all;
    stylize_stats stats;

    stz_worker *workers;
    int worker_count, started;
    bool no_threads;      /* whoever asks does the work, as the one worker there is */
    pthread_mutex_t turn; /* who does it now; without threads only */
    stz_guest *guests;    /* that run now */
    int guest_helpers;    /* workers that help any of them */
};

#endif
