#include "jobs/broker_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/seal.h"
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

#define SEAL_TEXT (2 * SEAL_SIZE + 1) /* digits and a blank */

char *broker_seal_record(const char *id, char *taken)
{
    uint8_t seal[SEAL_SIZE];
    if (!taken || !seal_keyed())
        return taken;
    const size_t size = strlen(taken);
    char *sealed = malloc(SEAL_TEXT + size + 1);
    const bool ok = sealed && seal_of((slice){id, strlen(id)}, (slice){taken, size}, seal);
    if (ok) {
        hex_encode(seal, sizeof seal, sealed);
        sealed[SEAL_TEXT - 1] = ' ';
        memcpy(sealed + SEAL_TEXT, taken, size + 1);
    }
    free(taken);
    if (!ok)
        free(sealed);
    return ok ? sealed : NULL;
}

slice broker_unseal_record(const char *id, slice text)
{
    const bool sealed = text.size > SEAL_TEXT && text.data[0] != '{';
    const slice json = sealed ? (slice){text.data + SEAL_TEXT, text.size - SEAL_TEXT} : text;
    uint8_t said[SEAL_SIZE], seal[SEAL_SIZE];
    if (!seal_keyed())
        return json;
    const bool right = sealed && hex_decode(text.data, 2 * SEAL_SIZE, said) &&
                       seal_of((slice){id, strlen(id)}, json, seal) && seal_equal(said, seal);
    return right ? json : (slice){NULL, 0};
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
