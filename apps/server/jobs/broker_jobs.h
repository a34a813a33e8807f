/* Jobs that are in Redis and the store: found, fetched, removed. Functions wait but for those that say not. */
#ifndef SERVER_BROKER_JOBS_H
#define SERVER_BROKER_JOBS_H

#include "jobs/job.h"

struct broker;

/* Held for the caller: a job that another server accepted, now in the list of this one; or NULL. Then *asked says
 * whether there is none; if not, nobody could be asked. */
job *broker_find(struct broker *b, const char *id, bool *asked);
/* All of a subject into the list; false: some may be missing, for not all could be asked for. */
bool broker_find_subject(struct broker *b, const char *subject);
/* NULL if it is not there (any more). */
painting *broker_result(struct broker *b, job *j);
/* The photograph that was uploaded, as long as it is kept. */
bool broker_upload(struct broker *b, job *j, buf *out);
/* Cancels or removes it everywhere; false: something could not be reached. */
bool broker_remove(struct broker *b, job *j);
/* Its files go soon; does not wait. */
void broker_expired(struct broker *b, const char *id);

#endif
