/* In place of the broker's files where the build has no Redis. */
#include <stdio.h>

#include "jobs/broker.h"
#include "jobs/broker_jobs.h"
#include "jobs/broker_post.h"

struct broker *broker_create(struct jobs *jobs, store *files, char *message, size_t size)
{
    snprintf(message, size, "--broker cannot be used: this build was made without libhiredis-dev and libcurl4-gnutls-dev");
    return NULL;
}

bool broker_start(struct broker *b) { return true; }
void broker_stop(struct broker *b) {}
void broker_destroy(struct broker *b) {}
backend *broker_backend(struct broker *b) { return NULL; }
bool broker_ping(struct broker *b, char *why, size_t size) { return false; }
bool broker_post(struct broker *b, job *j, const work *w, problem *wrong) { return false; }
job *broker_find(struct broker *b, const char *id, bool *asked) { return NULL; }
bool broker_find_subject(struct broker *b, const char *subject) { return true; }
painting *broker_result(struct broker *b, job *j) { return NULL; }
bool broker_upload(struct broker *b, job *j, buf *out) { return false; }
bool broker_remove(struct broker *b, job *j) { return false; }
void broker_expired(struct broker *b, const char *id) {}
