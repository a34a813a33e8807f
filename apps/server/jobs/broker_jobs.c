#include "jobs/broker_jobs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/json_text.h"
#include "common/names.h"
#include "jobs/broker_follow.h"

#define RESULT_MAX (256ull << 20)

/* The record of a job; NULL if there is none, or if it could not be asked for. */
static json_t *read_record(struct broker *b, const char *id, bool *asked)
{
    char key[BROKER_KEY_MAX];
    broker_record_key(b, id, key);
    const slice words[] = {REDIS_WORD("GET"), REDIS_WORD(key)};
    redisReply *reply = redis_ask(b->redis, words, APP_LEN(words));
    slice text = {NULL, 0};
    if (reply && reply->type == REDIS_REPLY_STRING)
        text = broker_unseal_record(id, (slice){reply->str, reply->len});
    json_t *record = text.data ? json_loadb(text.data, text.size, 0, NULL) : NULL;
    *asked = reply != NULL;
    redis_free(&reply, 1);
    return record;
}

static job *adopt(const char *id, const json_t *record)
{
    char format[16];
    job *j = calloc(1, sizeof *j);
    if (!j)
        return NULL;
    atomic_init(&j->references, 1);
    snprintf(j->id, sizeof j->id, "%s", id);
    json_member_text(record, "owner", j->owner, sizeof j->owner);
    json_member_text(record, "subject", j->subject, sizeof j->subject);
    json_member_text(record, "format", format, sizeof format);
    j->created = json_integer_value(json_object_get(record, "created"));
    j->format = format_by_name((slice){format, strlen(format)});
    j->since_ms = job_now_ms() - 1000 * ((int64_t)time(NULL) - j->created);
    j->remote = j->adopted = true;
    return j;
}

job *broker_find(struct broker *b, const char *id, bool *asked)
{
    uint8_t bytes[12];
    *asked = true;
    if (strlen(id) != 24 || !hex_decode(id, 24, bytes))
        return NULL;
    json_t *record = read_record(b, id, asked);
    job *j = record ? adopt(id, record) : NULL;
    *asked = *asked && (j || !record); /* without memory nothing is known either */
    json_decref(record);
    if (!j || j->format == STYLIZE_FORMAT_NONE) {
        job_release(j);
        return NULL;
    }
    broker_look_at(b, &j, 1);
    return jobs_add_once(b->jobs, j);
}

bool broker_find_subject(struct broker *b, const char *subject)
{
    char index[BROKER_KEY_MAX];
    broker_subject_key(b, subject, index);
    const slice words[] = {REDIS_WORD("SMEMBERS"), REDIS_WORD(index)};
    redisReply *list = redis_ask(b->redis, words, APP_LEN(words));
    const bool there = list && list->type == REDIS_REPLY_ARRAY;
    bool all = there, asked;
    for (size_t i = 0; there && i < list->elements; i++)
        if (list->element[i]->type == REDIS_REPLY_STRING) {
            job_release(broker_find(b, list->element[i]->str, &asked));
            all = all && asked;
        }
    redis_free(&list, 1);
    return all;
}

/* ------------------------------------------------------------------ results */

painting *broker_result(struct broker *b, job *j)
{
    char name[BROKER_KEY_MAX];
    buf bytes = {0};
    broker_result_name(j, name);
    if (b->files->get(b->files->state, name, RESULT_MAX, &bytes) != BACKEND_HIT)
        return NULL;
    painting *p = bytes.size ? calloc(1, sizeof *p) : NULL;
    if (!p) {
        buf_free(&bytes);
        return NULL;
    }
    atomic_init(&p->references, 1);
    p->image = (stylize_image){.pixels = (uint8_t *)bytes.data, .size = bytes.size, .format = j->format};
    pthread_mutex_lock(&b->jobs->lock);
    const celery_result *r = &j->painted;
    p->width = r->width;
    p->height = r->height;
    p->tiles = r->tiles;
    p->strength = (float)r->strength;
    p->batch_size = 1;
    p->engine_seconds = r->seconds;
    memcpy(p->engine, r->engine, sizeof p->engine);
    memcpy(p->model, r->model, sizeof p->model);
    memcpy(p->subject, j->subject, sizeof p->subject);
    pthread_mutex_unlock(&b->jobs->lock);
    return p;
}

bool broker_upload(struct broker *b, job *j, buf *out)
{
    char name[BROKER_KEY_MAX];
    broker_file_name(j->id, "content", name);
    return b->files->get(b->files->state, name, b->jobs->config->max_request_bytes, out) == BACKEND_HIT;
}

/* ------------------------------------------------------------------ removal */

/* Out of the queue if it is there still; else the worker that has it is told. */
static bool revoke_task(struct broker *b, const job *j)
{
    char meta[BROKER_KEY_MAX], channel[64], life[24];
    buf state = {0}, order = {0};
    bool ok = false, asked;
    json_t *record = read_record(b, j->id, &asked);
    const json_t *message = json_object_get(record, "message");
    if (json_is_string(message)) {
        const slice words[] = {REDIS_WORD("LREM"),
                               REDIS_WORD(b->queue),
                               REDIS_WORD("0"),
                               {json_string_value(message), json_string_length(message)}};
        redisReply *reply = redis_ask(b->redis, words, APP_LEN(words));
        asked = asked && reply;
        redis_free(&reply, 1);
    }
    json_decref(record);
    broker_meta_key(j->id, meta);
    snprintf(life, sizeof life, "%lld", (long long)broker_lifetime(b));
    snprintf(channel, sizeof channel, "/%u.celery.pidbox", redis_database(b->redis));
    if (celery_revoked(j->id, &state) && celery_revoke(j->id, &order)) {
        const slice set[] = {REDIS_WORD("SET"),
                             REDIS_WORD(meta),
                             {state.data, state.size},
                             REDIS_WORD("PX"),
                             REDIS_WORD(life)};
        const slice publish[] = {REDIS_WORD("PUBLISH"), REDIS_WORD(channel), {order.data, order.size}};
        redisReply *done = redis_ask(b->redis, set, APP_LEN(set));
        ok = done != NULL;
        redis_free(&done, 1);
        done = redis_ask(b->redis, publish, APP_LEN(publish));
        ok = asked && done && ok;
        redis_free(&done, 1);
    }
    buf_free(&state);
    buf_free(&order);
    return ok;
}

static bool forget_record(struct broker *b, const job *j)
{
    char key[BROKER_KEY_MAX], meta[BROKER_KEY_MAX], index[BROKER_KEY_MAX];
    broker_record_key(b, j->id, key);
    broker_meta_key(j->id, meta);
    broker_subject_key(b, j->subject, index);
    const slice del[] = {REDIS_WORD("DEL"), REDIS_WORD(key), REDIS_WORD(meta)};
    const slice take[] = {REDIS_WORD("SREM"), REDIS_WORD(index), REDIS_WORD(j->id)};
    redisReply *done = redis_ask(b->redis, del, APP_LEN(del));
    bool ok = done != NULL;
    redis_free(&done, 1);
    done = redis_ask(b->redis, take, APP_LEN(take));
    ok = done && ok;
    redis_free(&done, 1);
    return ok;
}

bool broker_remove(struct broker *b, job *j)
{
    struct jobs *list = b->jobs;
    pthread_mutex_lock(&list->lock);
    const bool open = j->state == JOB_QUEUED || j->state == JOB_RUNNING;
    if (open) {
        j->state = JOB_CANCELLED;
        j->ended = time(NULL);
        j->since_ms = job_now_ms();
    }
    pthread_mutex_unlock(&list->lock);
    /* A worker may be done in this moment; then the sweep takes what it still stored. */
    bool ok = broker_remove_files(b, j->id, NULL);
    if (open) {
        jobs_count_end(list, JOB_CANCELLED);
        ok = revoke_task(b, j) && ok;
    } else if (ok && forget_record(b, j)) { /* else it has to be found again */
        jobs_unlist(list, j);
    } else {
        ok = false;
    }
    return ok;
}

typedef struct expired {
    struct broker *broker;
    char id[25];
} expired;

static void remove_expired(void *arg)
{
    expired *e = arg;
    broker_remove_files(e->broker, e->id, NULL);
    free(e);
}

void broker_expired(struct broker *b, const char *id)
{
    expired *e = calloc(1, sizeof *e);
    if (!e)
        return;
    e->broker = b;
    snprintf(e->id, sizeof e->id, "%s", id);
    if (!io_pool_run(b->jobs->pool, IO_LATER, remove_expired, e))
        free(e); /* the sweep comes later */
}
