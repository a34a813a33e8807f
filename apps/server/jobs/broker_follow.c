#include "jobs/broker_follow.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* What Redis says of a job becomes its state here. */
static void follow(struct broker *b, job *j, const celery_result *r)
{
    struct jobs *list = b->jobs;
    bool over = false;
    pthread_mutex_lock(&list->lock);
    if (j->state == JOB_QUEUED || j->state == JOB_RUNNING) {
        static const job_state states[] = {JOB_QUEUED, JOB_RUNNING, JOB_DONE, JOB_FAILED, JOB_CANCELLED};
        j->state = states[r->state];
        atomic_store(&j->progress, (unsigned)(r->done * 1000));
        over = j->state >= JOB_DONE;
        if (over) {
            j->ended = time(NULL);
            j->since_ms = job_now_ms();
        }
        if (j->state == JOB_DONE)
            j->painted = *r;
        if (j->state == JOB_FAILED)
            j->problem = r->problem;
    }
    const job_state state = j->state;
    pthread_mutex_unlock(&list->lock);
    if (over && !j->adopted)
        jobs_count_end(list, state);
    if (over)
        broker_remove_files(b, j->id, "result."); /* the upload is not needed any more */
}

bool broker_look_at(struct broker *b, job **jobs, size_t count)
{
    slice words[1 + BROKER_AT_ONCE] = {REDIS_WORD("MGET")};
    char keys[BROKER_AT_ONCE][BROKER_KEY_MAX];
    for (size_t i = 0; i < count; i++) {
        broker_meta_key(jobs[i]->id, keys[i]);
        words[1 + i] = REDIS_WORD(keys[i]);
    }
    redisReply *reply = redis_ask(b->redis, words, 1 + count);
    const bool ok = reply && reply->type == REDIS_REPLY_ARRAY && reply->elements == count;
    for (size_t i = 0; ok && i < count; i++) {
        celery_result r;
        const redisReply *e = reply->element[i];
        if (e->type == REDIS_REPLY_STRING) {
            celery_result_read((slice){e->str, e->len}, &r);
            follow(b, jobs[i], &r);
        }
    }
    redis_free(&reply, 1);
    return ok;
}

/* Held jobs that are not over, after the one called `after`. */
static size_t open_jobs(struct jobs *list, job *after, job **out)
{
    size_t n = 0;
    pthread_mutex_lock(&list->lock);
    for (job *j = after && after->listed ? after->next
                  : after                ? NULL
                                         : list->first;
         j && n < BROKER_AT_ONCE; j = j->next)
        if (j->remote && (j->state == JOB_QUEUED || j->state == JOB_RUNNING)) {
            job_hold(j);
            out[n++] = j;
        }
    pthread_mutex_unlock(&list->lock);
    return n;
}

void broker_follow_all(struct broker *b)
{
    job *some[BROKER_AT_ONCE], *last = NULL;
    size_t n;
    bool ok = true;
    while (ok && (n = open_jobs(b->jobs, last, some)) > 0) {
        ok = broker_look_at(b, some, n);
        job_release(last);
        last = some[n - 1];
        for (size_t i = 0; i + 1 < n; i++)
            job_release(some[i]);
    }
    job_release(last);
}

void broker_sweep(struct broker *b)
{
    char end[BROKER_KEY_MAX], now[24];
    broker_end_key(b, end);
    snprintf(now, sizeof now, "%lld", (long long)time(NULL));
    const slice words[] = {REDIS_WORD("ZRANGEBYSCORE"), REDIS_WORD(end), REDIS_WORD("-inf"), REDIS_WORD(now),
                           REDIS_WORD("LIMIT"),         REDIS_WORD("0"), REDIS_WORD("16")};
    redisReply *list = redis_ask(b->redis, words, APP_LEN(words));
    for (size_t i = 0; list && list->type == REDIS_REPLY_ARRAY && i < list->elements; i++) {
        const redisReply *e = list->element[i];
        uint8_t bytes[12];
        const slice take[] = {REDIS_WORD("ZREM"), REDIS_WORD(end), {e->str, e->len}};
        redisReply *taken = redis_ask(b->redis, take, APP_LEN(take));
        if (taken && taken->type == REDIS_REPLY_INTEGER && taken->integer == 1 && e->len == 24 &&
            hex_decode(e->str, 24, bytes))
            broker_remove_files(b, e->str, NULL);
        redis_free(&taken, 1);
    }
    redis_free(&list, 1);
}
