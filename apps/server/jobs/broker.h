/*
 * Jobs that workers paint: messages for Celery in Redis, pictures in a store, both of which all servers
 * share. So any server can answer for any job; what it knows of one it has read from Redis.
 *
 *   PREFIX:job:ID             owner, subject, time, message; JSON, for twice the time of jobs
 *   PREFIX:jobs:DIGEST        the ids of a subject's jobs, a set
 *   PREFIX:jobs-end           ids by the time at which their files go, a sorted set
 *   jobs/ID/content           of the store: the upload, until the job ends
 *   jobs/ID/style, mask-1, style-mask-1   of it the style picture, and the masks of the first style, ...
 *   jobs/ID/result.jpg        the painting
 */
#ifndef SERVER_BROKER_H
#define SERVER_BROKER_H

#include "jobs/job_list.h"
#include "remote/backend.h"
#include "remote/store.h"

/* NULL with a message; does not wait. The store outlives it. */
struct broker *broker_create(struct jobs *jobs, store *files, char *message, size_t size);
/* Follows jobs from here on; false: no thread. */
bool broker_start(struct broker *b);
void broker_stop(struct broker *b);
void broker_destroy(struct broker *b);
backend *broker_backend(struct broker *b);
/* Waits. */
bool broker_ping(struct broker *b, char *why, size_t size);

#endif
