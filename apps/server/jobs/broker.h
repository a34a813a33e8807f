/*
 * Jobs that workers paint: messages for Celery in Redis, pictures in a store, both of which all servers
 * share. So any server can answer for any job; what it knows of one it has read from Redis.
 *
 *   PREFIX:job:ID             owner, subject, time, message; JSON, for twice the time of jobs
 *   PREFIX:jobs:DIGEST        the ids of a subject's jobs, a set
 *   PREFIX:jobs-end           ids by the time at which their files go, a sorted set
 *   jobs/ID/content           of the store: the upload, until the job ends
 *   jobs/ID/style, mask-1     of it the style picture, and the mask of the first style, ...
 *   jobs/ID/result.jpg        the painting
 *
 * Functions wait for the network, but for those that say otherwise.
 */
#ifndef SERVER_BROKER_H
#define SERVER_BROKER_H

#include "remote/backend.h"
#include "http/http.h"
#include "remote/store.h"

struct broker;
struct job;

/* NULL with a message; does not wait. The store outlives it. */
struct broker *broker_create(server *s, store *files, char *message, size_t size);
/* Follows jobs from here on; false: no thread. */
bool broker_start(struct broker *b);
void broker_stop(struct broker *b);
void broker_destroy(struct broker *b);
backend *broker_backend(struct broker *b); /* does not wait */
bool broker_ping(struct broker *b, char *why, size_t size);

/* Stores the pictures of w and hands the job in; its id, owner, subject and time are set. */
bool broker_post(struct broker *b, struct job *j, const work *w, problem *wrong);
/* Held for the caller: a job that another server accepted, now in the list of this one; or NULL. */
struct job *broker_find(struct broker *b, const char *id);
/* All of a subject into the list. */
void broker_find_subject(struct broker *b, const char *subject);
/* NULL if it is not there (any more). */
painting *broker_result(struct broker *b, struct job *j);
/* The photograph that was uploaded, as long as it is kept. */
bool broker_upload(struct broker *b, struct job *j, buf *out);
/* Cancels or removes it everywhere. */
void broker_remove(struct broker *b, struct job *j);
/* Its files go soon; does not wait. */
void broker_expired(struct broker *b, const char *id);

#endif
