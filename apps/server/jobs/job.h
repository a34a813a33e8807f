/* One job. */
#ifndef SERVER_JOB_H
#define SERVER_JOB_H

#include "jobs/celery.h"
#include "paint/painter.h"

typedef enum job_state {
    JOB_QUEUED,
    JOB_RUNNING,
    JOB_DONE,
    JOB_FAILED,
    JOB_CANCELLED,
    JOB_EXPIRED
} job_state;

typedef struct job {
    atomic_int references; /* the list's, the ticket's, each stream's */
    char id[25];
    char owner[40]; /* name of the API key, or "" */
    char subject[OWNER_MAX + SUBJECT_MAX + 1];
    int64_t created; /* seconds since 1970 */
    int64_t ended;
    _Atomic(job_state) state; /* changed under the jobs' lock only */
    /* guarded by the jobs' lock */
    bool cancelling;
    bool listed;
    bool remote;  /* a worker of the broker paints it; neither files here nor the painter know it */
    bool adopted; /* remote, and another server accepted it */
    problem problem;
    celery_result painted; /* remote and done */
    stylize_format format; /* remote */
    painting *result;      /* only if it could not be written to the folder */
    struct job *next, *previous;
    /* in work */
    atomic_uint progress; /* thousandths */
    ticket ticket;
    work work;
    struct jobs *jobs;
} job;

void job_hold(job *b);
void job_release(job *b);
const char *job_word(job_state state);

#endif
