/* What the files of the broker share: the connection, names in Redis and in the store. */
#ifndef SERVER_BROKER_STATE_H
#define SERVER_BROKER_STATE_H

#include "jobs/job_list.h"
#include "remote/redis.h"
#include "remote/store.h"

#define BROKER_KEY_MAX 200
#define BROKER_AT_ONCE 60 /* jobs that are asked for in one command */

struct broker {
    struct jobs *jobs;
    store *files;
    redis *redis;
    const char *prefix, *queue; /* the configuration's */
    pthread_t thread;
    bool started;
    atomic_bool stop;
};

void broker_record_key(const struct broker *b, const char *id, char out[BROKER_KEY_MAX]);
void broker_subject_key(const struct broker *b, const char *subject, char out[BROKER_KEY_MAX]);
void broker_end_key(const struct broker *b, char out[BROKER_KEY_MAX]);
void broker_meta_key(const char *id, char out[BROKER_KEY_MAX]);
void broker_file_name(const char *id, const char *what, char out[BROKER_KEY_MAX]);
void broker_result_name(const job *j, char out[BROKER_KEY_MAX]);
int64_t broker_lifetime(const struct broker *b); /* of records, ms */

/* A record as it lies in Redis, or NULL; takes the text over. */
char *broker_seal_record(const char *id, char *taken);
/* The JSON of it; data NULL: it is not ours, or not of this job. */
slice broker_unseal_record(const char *id, slice text);

/* The files of a job but those whose names begin with `kept`, if that is not NULL. False: some are there still, or the
 * store does not say. */
bool broker_remove_files(struct broker *b, const char *id, const char *kept);

#endif
