/* One job. */
#ifndef SERVER_JOB_H
#define SERVER_JOB_H

#include "jobs/celery.h"
#include "jobs/job_style.h"
#include "paint/painter.h"

typedef enum job_state {
    JOB_QUEUED,
    JOB_RUNNING,
    JOB_DONE,
    JOB_FAILED,
    JOB_CANCELLED,
    JOB_EXPIRED
} job_state;

/* How its painting ended, until that is on the disk. */
typedef struct job_outcome {
    job_state state;
    painting *result;
    bool failed; /* and why says it */
    problem why;
    struct job *next;
} job_outcome;

typedef struct job {
    atomic_int references; /* the list's, the ticket's, each stream's */
    char id[25];
    char owner[40]; /* name of the API key, or "" */
    char subject[OWNER_MAX + SUBJECT_MAX + 1];
    uint64_t client; /* whose share it is of: a digest that means nothing elsewhere; 0: of an earlier run */
    uint64_t bytes;  /* of its files; under the jobs' lock */
    int64_t created; /* seconds since 1970 */
    int64_t ended;
    int64_t begun_ms;         /* of job_now_ms: when it was last started */
    int64_t since_ms;         /* of job_now_ms: its acceptance, then its end; its time runs from there */
    _Atomic(job_state) state; /* changed under the jobs' lock only */
    job_style *style;         /* it learns one; NULL: it paints */
    /* guarded by the jobs' lock */
    bool cancelling;
    bool leftover; /* files that should be gone may be there still */
    bool leaving;  /* off the list once they are */
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
    job_outcome end;
} job;

void job_hold(job *b);
void job_release(job *b);
const char *job_word(job_state state);
/* Of a clock that nobody sets, as now_ns. */
int64_t job_now_ms(void);

#endif
