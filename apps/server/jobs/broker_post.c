#include "jobs/broker_post.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_text.h"
#include "common/clock.h"
#include "common/names.h"
#include "jobs/broker_state.h"
#include "jobs/celery.h"

#define URL_SIZE 1024
#define WHAT_MAX 32 /* of a picture of the upload: "content", "mask-1", "style-mask-1" */

static void mask_name(size_t style, char out[WHAT_MAX]) { snprintf(out, WHAT_MAX, "mask-%zu", style + 1); }
static void part_name(size_t style, char out[WHAT_MAX])
{
    snprintf(out, WHAT_MAX, "style-mask-%zu", style + 1);
}

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
        part_name(i, what);
        ok = ok && (!p->parts[i].size || put_picture(b, j, what, p->parts[i]));
    }
    return ok;
}

static void picture_url(const struct broker *b, const job *j, const char *what, char out[URL_SIZE])
{
    char name[BROKER_KEY_MAX];
    broker_file_name(j->id, what, name);
    b->files->url(b->files->state, name, out, URL_SIZE);
}

static bool make_message(struct broker *b, const job *j, const work *w, buf *out)
{
    const params *p = &w->params;
    char name[BROKER_KEY_MAX], what[WHAT_MAX];
    char content[URL_SIZE], style[URL_SIZE], result[URL_SIZE], masks[STYLIZE_STYLES_MAX][URL_SIZE],
        parts[STYLIZE_STYLES_MAX][URL_SIZE];
    picture_url(b, j, "content", content);
    picture_url(b, j, "style", style);
    broker_result_name(j, name);
    b->files->url(b->files->state, name, result, sizeof result);
    celery_task t = {.id = j->id,
                     .queue = b->queue,
                     .params = p,
                     .trace = &w->trace,
                     .content = content,
                     .style = p->styles[0].picture.data ? style : NULL,
                     .result = result,
                     .expires = j->created + (int64_t)(b->jobs->config->job_ttl / 1000)};
    for (size_t i = 0; i < p->style_count; i++) {
        mask_name(params_mask(p, i), what);
        picture_url(b, j, what, masks[i]);
        part_name(i, what);
        picture_url(b, j, what, parts[i]);
        t.masks[i] = p->masks[i].size ? masks[i] : NULL;
        t.parts[i] = p->parts[i].size ? parts[i] : NULL;
    }
    return celery_message(&t, out);
}

/* What others find: without --data-key JSON, with it a seal of id and JSON, in digits, before it. */
static char *make_record(const job *j, const buf *message)
{
    json_t *root = json_pack("{s:s, s:s, s:I, s:s, s:s%}", "owner", j->owner, "subject", j->subject,
                             "created", (json_int_t)j->created, "format", format_name(j->format), "message",
                             message->data, message->size);
    return broker_seal_record(j->id, json_line(root));
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
    broker_end_key(b, end);
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
        broker_remove_files(b, j->id, NULL);
        return problem_set(wrong, 503, "no_storage", NULL, "the job could not be stored; try again later");
    }
    const bool ok = make_message(b, j, w, &message) && (record = make_record(j, &message)) &&
                    hand_in(b, j, record, &message);
    free(record);
    buf_free(&message);
    if (ok)
        return true;
    broker_remove_files(b, j->id, NULL);
    return problem_set(wrong, 503, "no_broker", NULL, "the job could not be handed in; try again later");
}
