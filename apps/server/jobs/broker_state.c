#include "jobs/broker_state.h"

#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "common/names.h"

#define FILES_MAX (3 + 2 * STYLIZE_STYLES_MAX) /* content, style, result; masks, and those on the style picture */

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

void broker_end_key(const struct broker *b, char out[BROKER_KEY_MAX])
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

int64_t broker_lifetime(const struct broker *b) { return (int64_t)(2 * b->jobs->config->job_ttl); } /* ms */

typedef struct names {
    char list[FILES_MAX][BROKER_KEY_MAX];
    size_t count;
} names;

static void collect(void *user, const char *name)
{
    names *n = user;
    if (n->count < APP_LEN(n->list))
        snprintf(n->list[n->count++], BROKER_KEY_MAX, "%s", name);
}

bool broker_remove_files(struct broker *b, const char *id, const char *kept)
{
    char prefix[BROKER_KEY_MAX];
    names n = {.count = 0};
    broker_file_name(id, "", prefix);
    bool ok = b->files->list(b->files->state, prefix, collect, &n) == BACKEND_OK;
    const size_t before = strlen(prefix);
    for (size_t i = 0; i < n.count; i++)
        if (!kept || strncmp(n.list[i] + before, kept, strlen(kept)) != 0)
            ok = b->files->remove(b->files->state, n.list[i]) == BACKEND_OK && ok;
    return ok;
}
