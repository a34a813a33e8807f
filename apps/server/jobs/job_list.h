/* The list of jobs, with the lock of all that changes in one, and what is counted of them. */
#ifndef SERVER_JOB_LIST_H
#define SERVER_JOB_LIST_H

#include "base/io_pool.h"
#include "jobs/job.h"
#include "jobs/job_files.h"

struct broker;

struct jobs {
    const config *config;
    metrics *metrics;
    painter *painter;
    io_pool *pool;
    struct broker *broker; /* NULL: jobs are painted here */
    pthread_mutex_t lock;
    pthread_cond_t changed;        /* its clock is that of now_ns */
    pthread_cond_t styles_changed; /* for who learns styles */
    uint64_t again_ns;             /* no job is started before */
    pthread_t thread;
    bool started, stop;
    job_files files;
    pthread_t closer;
    pthread_cond_t closing;
    bool closer_started, closed;
    job *ending, *ending_last; /* what the closer ends next */
    size_t entering;           /* admitted, and not in the list yet */
    uint64_t entering_bytes;
    uint64_t pace_ms;   /* between the ends of two jobs, smoothed; not counting times without any */
    int64_t ended_ms;   /* when the last one did */
    bool remove_failed; /* files could not be removed when that was last tried */
    job *first, *last;  /* oldest first */
    size_t count, active;
};

/* Of an owner, or NULL: of whoever it is. Held for the caller, or NULL. */
job *jobs_find(struct jobs *j, const char *id, const char *owner);
/* Held jobs of a subject that were accepted up to then and are not expired; how many, at most max. */
size_t jobs_of_subject(struct jobs *j, const char *subject, int64_t until, job **out, size_t max);
/* How many of its kind wait before it. */
unsigned jobs_place(struct jobs *j, const job *b);
/* If there is one of its id already, that instead. Held for the caller; NULL if there are too many. */
job *jobs_add_once(struct jobs *j, job *b);
void jobs_unlist(struct jobs *j, job *b);
void jobs_count_end(struct jobs *j, job_state state);
/* Of the jobs that learn a style and are not over: how many wait and run, and whether one learns that style. */
typedef struct style_jobs {
    size_t waiting, running;
    bool wanted;
} style_jobs;
style_jobs jobs_of_styles(struct jobs *j, const char *style);
/* How many have files that should be gone. */
size_t jobs_leftover(struct jobs *j);
/* Under the lock. */
void jobs_list_add(struct jobs *j, job *b);
void jobs_list_remove(struct jobs *j, job *b);

#endif
