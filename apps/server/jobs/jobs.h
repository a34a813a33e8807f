/*
 * Jobs: accepted at once, painted when there is time, fetched later.
 *
 * A job's upload lies in the state directory from its acceptance to its end, its result from then to
 * its expiry, so that a restart loses none; memory holds only what is being painted. One thread
 * takes jobs from the backlog, a few at a time, so that they leave room for others.
 *
 *   ID.job     the upload: one line of JSON about it, then the body as it came
 *   ID.done    the result
 *   ID.failed  why there is none
 */
#ifndef SERVER_JOBS_H
#define SERVER_JOBS_H

#include "remote/celery.h"
#include "http/http.h"

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

typedef struct job_stream job_stream;

struct jobs {
    server *server;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_t thread;
    bool started, stop;
    int folder; /* -1 until the first job */
    char path[512];
    job *first, *last; /* oldest first */
    size_t count, active;
    job_stream *streams;
};

struct jobs *jobs_create(server *s, char *message, size_t size);
/* Opens the folder, if there is one; false if one was asked for and cannot be used. */
bool jobs_open(struct jobs *j, char *message, size_t size);
/* Takes up what an earlier run left in the folder. */
bool jobs_start(struct jobs *j, char *message, size_t size);
/* No more jobs are started; those in the backlog stay in the folder for the next run. */
void jobs_stop(struct jobs *j);
/* Nothing is in work any more when this is called. */
void jobs_destroy(struct jobs *j);
/* A few times a second: expiry, streams. */
void jobs_tick(struct jobs *j);

void job_hold(job *b);
void job_release(job *b);
/* Held for the caller, or NULL; who: the API key's name, admins see all. */
job *jobs_find(struct jobs *j, const char *id, const api_key *who);
/* How many wait before it. */
unsigned jobs_place(struct jobs *j, const job *b);
const char *job_word(job_state state);
/* Puts a new one into the backlog; its file is written already. */
void jobs_add(struct jobs *j, job *b);
/* If there is one of its id already, that instead. Held for the caller; NULL if there are too many. */
job *jobs_add_once(struct jobs *j, job *b);
void jobs_unlist(struct jobs *j, job *b);
void jobs_count_end(struct jobs *j, job_state state);
#define JOBS_AT_ONCE 256
/* Removes a subject's jobs that were accepted up to then, JOBS_AT_ONCE at most; how many. A remote one is
 * only taken off the list if its data is erased elsewhere. */
size_t jobs_erase(struct jobs *j, const char *subject, int64_t until, bool elsewhere);
/* Cancels or removes; its files go. */
void jobs_remove(struct jobs *j, job *b);
/* Ends it; the painting is released, why may be NULL with it. */
void jobs_finish(struct jobs *j, job *b, job_state state, painting *result, const problem *why);

/* ------------------------------------------------------------------ files, job_files.c */

/* Makes the folder if it is not there yet. */
bool job_files_open(struct jobs *j, char *message, size_t size);
bool job_files_save(struct jobs *j, const job *b, slice content_type, const blob *body);
/* Reads an upload again, and owner, subject and time into `about`, a job that nobody else sees. The
 * type is a slice of the memory. NULL if it is not there. */
blob *job_files_load(struct jobs *j, const char *id, job *about, slice *content_type);
bool job_files_finish(struct jobs *j, const job *b, painting *result);
painting *job_files_result(struct jobs *j, const char *id);
/* Whose job it was and why it failed; false if that is not known. */
bool job_files_failure(struct jobs *j, const char *id, job *b);
void job_files_remove(struct jobs *j, const char *id);
/* Calls for each file of the folder with its id and ending; sweeps what is older than the ttl. */
void job_files_scan(struct jobs *j,
                    void (*each)(struct jobs *j, const char *id, const char *ending, int64_t age));

/* ------------------------------------------------------------------ routes */

void jobs_post(exchange *x); /* job_routes.c */
void jobs_get(exchange *x);
void jobs_result(exchange *x);
void jobs_delete(exchange *x);
void jobs_events(exchange *x); /* events.c */
void job_write_json(struct jobs *j, const job *b, buf *out);
void streams_tick(struct jobs *j, bool closing);

void privacy_export(exchange *x); /* privacy.c */
void privacy_erase(exchange *x);

#endif
