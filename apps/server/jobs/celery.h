/* Messages of Celery's protocol 2 as they lie in Redis, and the results that workers leave there. */
#ifndef SERVER_CELERY_H
#define SERVER_CELERY_H

#include "base/trace.h"
#include "paint/params.h"

#define CELERY_TASK "stylize.paint"

typedef struct celery_task {
    const char *id; /* also the job's */
    const char *queue;
    const params *params;
    const char *content, *style; /* URLs; style NULL: the params name styles of the library */
    const char *result;          /* URL */
    const trace *trace;          /* passed on to the worker; NULL or its id "": none */
    int64_t expires;             /* seconds since 1970: not begun later than that */
    /* URLs in the order of the params' styles; NULL where there is none. */
    const char *masks[STYLIZE_STYLES_MAX], *parts[STYLIZE_STYLES_MAX];
} celery_task;

/* As JSON, to be pushed to the list of the queue's name. False without memory. */
bool celery_message(const celery_task *t, buf *out);
/* To be published for all workers: the task is not begun, or ended where it runs. */
bool celery_revoke(const char *id, buf *out);
/* What a worker leaves for a task that was revoked. */
bool celery_revoked(const char *id, buf *out);

typedef enum celery_state {
    CELERY_WAITING, /* also where nothing is known */
    CELERY_RUNNING,
    CELERY_DONE,
    CELERY_FAILED,
    CELERY_REVOKED
} celery_state;

typedef struct celery_result {
    celery_state state;
    double done; /* 0 to 1 */
    problem problem;
    /* of a painting that is done */
    uint32_t width, height, tiles;
    char engine[16], model[64];
    double seconds, strength; /* strength below 0: not told */
} celery_result;

/* From celery-task-meta-ID. False if it is not such a text; out is then a failure. */
bool celery_result_read(slice json, celery_result *out);

#endif
