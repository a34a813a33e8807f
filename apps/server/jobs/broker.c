/* Jobs in Redis and the store: handing in, following, and the files that are too old. */
#include "jobs/broker_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "remote/celery.h"
#include "base/digest.h"
#include "base/json_text.h"

#define REPLY_MAX   (8 << 20)
#define FOLLOW_NS   (250 * 1000000)
#define SWEEP_EVERY 20 /* rounds of following */
#define AT_ONCE     60
#define URL_SIZE    1024
#define FILES_MAX   (3 + STYLIZE_STYLES_MAX) /* content, style, result; masks */
#define WHAT_MAX    32                       /* of a picture of the upload: "content", "mask-1" */

/* ------------------------------------------------------------------ names */

void broker_record_key(const struct broker *b, const char *id, char out[BROKER_KEY_MAX])
{
    snprintf(out, BROKER_KEY_MAX, "%s:job:%s", b->prefix, id);
}

void broker_subject_key(const struct broker *b, const char *subject, char out[BROKER_KEY_MAX])
{
    uint8_t digest[32];
    char hex[65];
    digest_of(subject, strlen(subject), digest);
    hex_encode(digest, sizeof digest, hex);
    snprintf(out, BROKER_KEY_MAX, "%s:jobs:%s", b->prefix, hex);
}

static void end_key(const struct broker *b, char out[BROKER_KEY_MAX])
{
    snprintf(out, BROKER_KEY_MAX, "%s:jobs-end", b->prefix);
}

void broker_meta_key(const char *id, char out[BROKER_KEY_MAX])
{
    snprintf(out, BROKER_KEY_MAX, "celery-task-meta-%s", id);
}

void broker_file_name(const char *id, const char *what, char out[BROKER_KEY_MAX])
{
    snprintf(out, BROKER_KEY_MAX, "jobs/%s/%s", id, what);
}

void broker_result_name(const job *j, char out[BROKER_KEY_MAX])
{
    snprintf(out, BROKER_KEY_MAX, "jobs/%s/result.%s", j->id,
             j->format == STYLIZE_FORMAT_JPEG ? "jpg" : format_name(j->format));
}

int64_t broker_lifetime(const struct broker *b) { return (int64_t)(2 * b->server->config.job_ttl); } /* ms */

/* ------------------------------------------------------------------ handing in */

static void mask_name(size_t style, char out[WHAT_MAX]) { snprintf(out, WHAT_MAX, "mask-%zu", style + 1); }

static bool put_picture(struct broker *b, const job *j, const char *what, slice picture)
{
    char name[BROKER_KEY_MAX];
    broker_file_name(j->id, what, name);
    return b->files->put(b->files->state, name, "application/octet-stream", picture) == BACKEND_OK;
}

static bool put_pictures(struct broker *b, const job *j, const params *p)
{
    char what[WHAT_MAX];
    const slice style = p->styles[0].picture;
    bool ok = put_picture(b, j, "content", p->content) && (!style.data || put_picture(b, j, "style", style));
    for (size_t i = 0; ok && i < p->style_count; i++) {
        mask_name(i, what);
        ok = !p->masks[i].size || params_mask(p, i) < i || put_picture(b, j, what, p->masks[i]);
    }
    return ok;
}

static void picture_url(const struct broker *b, const job *j, const char *what, char out[URL_SIZE])
{
    char name[BROKER_KEY_MAX];
    broker_file_name(j->id, what, name);
    b->files->url(b->files->state, name, out, URL_SIZE);
}

static bool make_message(struct broker *b, const job *j, const params *p, buf *out)
{
    char name[BROKER_KEY_MAX], what[WHAT_MAX];
    char content[URL_SIZE], style[URL_SIZE], result[URL_SIZE], masks[STYLIZE_STYLES_MAX][URL_SIZE];
    picture_url(b, j, "content", content);
    picture_url(b, j, "style", style);
    broker_result_name(j, name);
    b->files->url(b->files->state, name, result, sizeof result);
    celery_task t = {.id = j->id,
                     .queue = b->queue,
                     .params = p,
                     .content = content,
                     .style = p->styles[0].picture.data ? style : NULL,
                     .result = result,
                     .expires = j->created + (int64_t)(b->server->config.job_ttl / 1000)};
    for (size_t i = 0; i < p->style_count; i++)
        if (p->masks[i].size) {
            mask_name(params_mask(p, i), what);
            picture_url(b, j, what, masks[i]);
            t.masks[i] = masks[i];
        }
    return celery_message(&t, out);
}

static char *make_record(const job *j, const buf *message)
{
    json_t *root = json_pack("{s:s, s:s, s:I, s:s, s:s%}", "owner", j->owner, "subject", j->subject,
                             "created", (json_int_t)j->created, "format", format_name(j->format), "message",
                             message->data, message->size);
    return json_line(root);
}

/* All or, if the connection fails in between, what the sweep removes. */
static bool hand_in(struct broker *b, const job *j, const char *record, const buf *message)
{
    char key[BROKER_KEY_MAX], index[BROKER_KEY_MAX], end[BROKER_KEY_MAX], life[24], when[24], why[200] = "";
    redisReply *replies[5] = {NULL};
    redis_command commands[5];
    size_t n = 0;
    broker_record_key(b, j->id, key);
    broker_subject_key(b, j->subject, index);
    end_key(b, end);
    snprintf(life, sizeof life, "%lld", (long long)broker_lifetime(b));
    snprintf(when, sizeof when, "%lld", (long long)(j->created + broker_lifetime(b) / 1000));
    const slice set[] = {REDIS_WORD("SET"), REDIS_WORD(key), REDIS_WORD(record), REDIS_WORD("PX"),
                         REDIS_WORD(life)};
    const slice later[] = {REDIS_WORD("ZADD"), REDIS_WORD(end), REDIS_WORD(when), REDIS_WORD(j->id)};
    const slice add[] = {REDIS_WORD("SADD"), REDIS_WORD(index), REDIS_WORD(j->id)};
    const slice expire[] = {REDIS_WORD("PEXPIRE"), REDIS_WORD(index), REDIS_WORD(life)};
    const slice push[] = {REDIS_WORD("LPUSH"), REDIS_WORD(b->queue), {message->data, message->size}};
    commands[n++] = REDIS_COMMAND(later);
    commands[n++] = REDIS_COMMAND(set);
    if (j->subject[0]) {
        commands[n++] = REDIS_COMMAND(add);
        commands[n++] = REDIS_COMMAND(expire);
    }
    commands[n++] = REDIS_COMMAND(push);
    if (!backend_try(redis_backend(b->redis)))
        return false;
    const uint64_t began = now_ns();
    const backend_result result = redis_run(b->redis, commands, n, replies, why, sizeof why);
    backend_done(redis_backend(b->redis), result, began, why);
    redis_free(replies, n);
    return result == BACKEND_OK;
}

bool broker_post(struct broker *b, job *j, const work *w, problem *wrong)
{
    buf message = {0};
    char *record = NULL;
    j->remote = true;
    j->format = w->params.format;
    if (!put_pictures(b, j, &w->params)) {
        broker_remove_files(b, j->id);
        return problem_set(wrong, 503, "no_storage", NULL, "the job could not be stored; try again later");
    }
    const bool ok = make_message(b, j, &w->params, &message) && (record = make_record(j, &message)) &&
                    hand_in(b, j, record, &message);
    free(record);
    buf_free(&message);
    if (ok)
        return true;
    broker_remove_files(b, j->id);
    return problem_set(wrong, 503, "no_broker", NULL, "the job could not be handed in; try again later");
}

/* ------------------------------------------------------------------ files of a job */

typedef struct names {
    char list[FILES_MAX][BROKER_KEY_MAX];
    size_t count;
} names;

static void collect(void *user, const char *name)
{
    names *n = user;
    if (n->count < SRV_LEN(n->list))
        snprintf(n->list[n->count++], BROKER_KEY_MAX, "%s", name);
}

/* Those whose names do not begin with `kept`, if that is not NULL. */
static void remove_files(struct broker *b, const char *id, const char *kept)
{
    char prefix[BROKER_KEY_MAX];
    names n = {.count = 0};
    broker_file_name(id, "", prefix);
    b->files->list(b->files->state, prefix, collect, &n);
    const size_t before = strlen(prefix);
    for (size_t i = 0; i < n.count; i++)
        if (!kept || strncmp(n.list[i] + before, kept, strlen(kept)) != 0)
            b->files->remove(b->files->state, n.list[i]);
}

void broker_remove_files(struct broker *b, const char *id) { remove_files(b, id, NULL); }

/* ------------------------------------------------------------------ following */

/* What Redis says of a job becomes its state here. */
static void follow(struct broker *b, job *j, const celery_result *r)
{
    struct jobs *list = b->server->jobs;
    bool over = false;
    pthread_mutex_lock(&list->lock);
    if (j->state == JOB_QUEUED || j->state == JOB_RUNNING) {
        static const job_state states[] = {JOB_QUEUED, JOB_RUNNING, JOB_DONE, JOB_FAILED, JOB_CANCELLED};
        j->state = states[r->state];
        atomic_store(&j->progress, (unsigned)(r->done * 1000));
        over = j->state >= JOB_DONE;
        if (over)
            j->ended = time(NULL);
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
        remove_files(b, j->id, "result."); /* the upload is not needed any more */
}

/* Asks for the results of some jobs. False without an answer. */
bool broker_look_at(struct broker *b, job **jobs, size_t count)
{
    slice words[1 + AT_ONCE] = {REDIS_WORD("MGET")};
    char keys[AT_ONCE][BROKER_KEY_MAX];
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
         j && n < AT_ONCE; j = j->next)
        if (j->remote && (j->state == JOB_QUEUED || j->state == JOB_RUNNING)) {
            job_hold(j);
            out[n++] = j;
        }
    pthread_mutex_unlock(&list->lock);
    return n;
}

static void follow_all(struct broker *b)
{
    job *some[AT_ONCE], *last = NULL;
    size_t n;
    bool ok = true;
    while (ok && (n = open_jobs(b->server->jobs, last, some)) > 0) {
        ok = broker_look_at(b, some, n);
        job_release(last);
        last = some[n - 1];
        for (size_t i = 0; i + 1 < n; i++)
            job_release(some[i]);
    }
    job_release(last);
}

/* ------------------------------------------------------------------ files that are too old */

/* Of whichever server comes first: what the one that accepted a job may not live to remove. */
static void sweep(struct broker *b)
{
    char end[BROKER_KEY_MAX], now[24];
    end_key(b, end);
    snprintf(now, sizeof now, "%lld", (long long)time(NULL));
    const slice words[] = {REDIS_WORD("ZRANGEBYSCORE"), REDIS_WORD(end), REDIS_WORD("-inf"), REDIS_WORD(now),
                           REDIS_WORD("LIMIT"),         REDIS_WORD("0"), REDIS_WORD("16")};
    redisReply *list = redis_ask(b->redis, words, SRV_LEN(words));
    for (size_t i = 0; list && list->type == REDIS_REPLY_ARRAY && i < list->elements; i++) {
        const redisReply *e = list->element[i];
        uint8_t bytes[12];
        const slice take[] = {REDIS_WORD("ZREM"), REDIS_WORD(end), {e->str, e->len}};
        redisReply *taken = redis_ask(b->redis, take, SRV_LEN(take));
        if (taken && taken->type == REDIS_REPLY_INTEGER && taken->integer == 1 && e->len == 24 &&
            hex_decode(e->str, 24, bytes))
            broker_remove_files(b, e->str);
        redis_free(&taken, 1);
    }
    redis_free(&list, 1);
}

static void *broker_main(void *arg)
{
    struct broker *b = arg;
    const struct timespec pause = {.tv_nsec = FOLLOW_NS};
    for (unsigned round = 0; !atomic_load(&b->stop); round++) {
        follow_all(b);
        if (round % SWEEP_EVERY == 0)
            sweep(b); /* and finds out whether Redis is there */
        nanosleep(&pause, NULL);
    }
    return NULL;
}

/* ------------------------------------------------------------------ start and end */

struct broker *broker_create(server *s, store *files, char *message, size_t size)
{
    struct broker *b = calloc(1, sizeof *b);
    const config *c = &s->config;
    if (!b) {
        snprintf(message, size, "out of memory");
        return NULL;
    }
    const redis_options o = {.name = "broker",
                             .url = c->broker,
                             .password_file = c->broker_password_file,
                             .ca_file = c->redis_ca,
                             .timeout_ms = c->broker_timeout,
                             .reply_max = REPLY_MAX};
    *b = (struct broker){.server = s, .files = files, .prefix = c->redis_prefix, .queue = c->broker_queue};
    if (!(b->redis = redis_create(&o, message, size))) {
        free(b);
        return NULL;
    }
    return b;
}

bool broker_start(struct broker *b)
{
    b->started = !pthread_create(&b->thread, NULL, broker_main, b);
    return b->started;
}

void broker_stop(struct broker *b)
{
    if (!b || !b->started)
        return;
    atomic_store(&b->stop, true);
    pthread_join(b->thread, NULL);
    b->started = false;
}

void broker_destroy(struct broker *b)
{
    if (!b)
        return;
    redis_destroy(b->redis);
    free(b);
}

backend *broker_backend(struct broker *b) { return redis_backend(b->redis); }

bool broker_ping(struct broker *b, char *why, size_t size) { return redis_ping(b->redis, why, size); }
