#include "fleet/redis_erasure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_MAX       200
#define ERASURES_KEPT "4096"
#define ERASURES_READ "64"

bool redis_erasure_add(redis *r, const char *prefix, const char *who, const char *subject)
{
    char stream[KEY_MAX];
    snprintf(stream, sizeof stream, "%s:erasures", prefix);
    const slice words[] = {REDIS_WORD("XADD"), REDIS_WORD(stream),        REDIS_WORD("MAXLEN"),
                           REDIS_WORD("~"),    REDIS_WORD(ERASURES_KEPT), REDIS_WORD("*"),
                           REDIS_WORD(who),    REDIS_WORD(subject)};
    redisReply *reply = redis_ask(r, words, APP_LEN(words));
    const bool ok = reply != NULL;
    redis_free(&reply, 1);
    return ok;
}

void redis_erasures(redis *r, const char *prefix, char last[40],
                    void (*each)(void *user, const char *subject, const char *who, int64_t when_ms),
                    void *user)
{
    char stream[KEY_MAX], from[48];
    snprintf(stream, sizeof stream, "%s:erasures", prefix);
    snprintf(from, sizeof from, "%s%s", last[0] ? "(" : "-", last);
    const slice words[] = {REDIS_WORD("XRANGE"), REDIS_WORD(stream),  REDIS_WORD(from),
                           REDIS_WORD("+"),      REDIS_WORD("COUNT"), REDIS_WORD(ERASURES_READ)};
    redisReply *list = redis_ask(r, words, APP_LEN(words));
    for (size_t i = 0; list && list->type == REDIS_REPLY_ARRAY && i < list->elements; i++) {
        const redisReply *e = list->element[i];
        if (e->type != REDIS_REPLY_ARRAY || e->elements != 2 || e->element[0]->type != REDIS_REPLY_STRING)
            continue;
        snprintf(last, 40, "%s", e->element[0]->str);
        const redisReply *fields = e->element[1];
        if (fields->type == REDIS_REPLY_ARRAY && fields->elements == 2 &&
            fields->element[0]->type == REDIS_REPLY_STRING && fields->element[1]->type == REDIS_REPLY_STRING)
            each(user, fields->element[1]->str, fields->element[0]->str, strtoll(last, NULL, 10));
    }
    redis_free(&list, 1);
}
