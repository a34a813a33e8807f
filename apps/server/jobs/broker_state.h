/* What the files of the broker share. */
#ifndef SERVER_BROKER_STATE_H
#define SERVER_BROKER_STATE_H

#include "jobs/broker.h"
#include "jobs/jobs.h"
#include "remote/redis.h"

#define BROKER_KEY_MAX 200

struct broker {
    server *server;
    store *files;
    redis *redis;
    const char *prefix, *queue; /* the configuration's */
    pthread_t thread;
    bool started;
    atomic_bool stop;
};

void broker_record_key(const struct broker *b, const char *id, char out[BROKER_KEY_MAX]);
void broker_subject_key(const struct broker *b, const char *subject, char out[BROKER_KEY_MAX]);
void broker_meta_key(const char *id, char out[BROKER_KEY_MAX]);
void broker_file_name(const char *id, const char *what, char out[BROKER_KEY_MAX]);
void broker_result_name(const job *j, char out[BROKER_KEY_MAX]);
int64_t broker_lifetime(const struct broker *b); /* of records, ms */

void broker_remove_files(struct broker *b, const char *id);
/* Asks for the results of some jobs, 60 at most, and follows them. False without an answer. */
bool broker_look_at(struct broker *b, job **jobs, size_t count);

#endif
