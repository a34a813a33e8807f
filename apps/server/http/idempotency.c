/* Requests that are sent again. */
#include "http/idempotency.h"

#include <string.h>

#include "base/digest.h"
#include "base/multipart.h"

#define KEY_MAX   255
#define PARTS_MAX 256

void idempotency_init(idempotency *t)
{
    memset(t, 0, sizeof *t);
    pthread_mutex_init(&t->lock, NULL);
}

void idempotency_free(idempotency *t) { pthread_mutex_destroy(&t->lock); }

static void add_text(digester *h, const char *text, size_t size)
{
    const uint64_t n = size;
    digest_add(h, &n, sizeof n);
    digest_add(h, text, size);
}

/* By its parts, if it has any: the boundary between them is another one each time a client writes a form. */
static bool digest_body(slice type, slice body, uint8_t out[32])
{
    part parts[PARTS_MAX];
    size_t count = 0;
    slice boundary;
    digester h;
    digest_begin(&h);
    if (multipart_boundary(type, &boundary) && body.data &&
        !multipart_split(body, boundary, parts, PARTS_MAX, &count)) {
        for (size_t i = 0; i < count; i++) {
            add_text(&h, parts[i].name.data, parts[i].name.size);
            add_text(&h, parts[i].data.data, parts[i].data.size);
        }
    } else {
        add_text(&h, type.data ? type.data : "", type.size);
        add_text(&h, body.data ? body.data : "", body.size);
    }
    return digest_end(&h, out);
}

bool idempotent_read(idempotent *out, slice key, const char *owner, const char *route, slice type, slice body,
                     problem *wrong)
{
    digester h;
    uint8_t digest[32];
    *out = (idempotent){.given = key.data != NULL};
    if (!out->given)
        return true;
    key = slice_trim(key);
    bool ok = key.size >= 1 && key.size <= KEY_MAX;
    for (size_t i = 0; ok && i < key.size; i++)
        ok = key.data[i] >= ' ' && key.data[i] <= '~';
    if (!ok)
        return problem_set(wrong, 400, "bad_idempotency_key", "Idempotency-Key",
                           "Idempotency-Key has 1 to %d characters of ASCII", KEY_MAX);
    digest_begin(&h);
    add_text(&h, owner, strlen(owner));
    add_text(&h, route, strlen(route));
    add_text(&h, key.data, key.size);
    ok = digest_end(&h, out->key) && digest_body(type, body, out->body);
    digest_begin(&h);
    digest_add(&h, out->key, sizeof out->key);
    digest_add(&h, out->body, sizeof out->body);
    ok = digest_end(&h, digest) && ok;
    hex_encode(digest, 12, out->id);
    return ok || problem_set(wrong, 503, "out_of_memory", NULL, "memory for the request could not be had");
}

/* Under the lock. */
static idempotency_entry *find(idempotency *t, const idempotent *r, uint64_t now)
{
    for (size_t i = 0; i < IDEMPOTENCY_KEYS; i++) {
        idempotency_entry *e = &t->entries[i];
        if (e->seen_ns && !memcmp(e->key, r->key, sizeof e->key))
            return e->working || now - e->seen_ns < IDEMPOTENCY_NS ? e : NULL;
    }
    return NULL;
}

bool idempotency_begin(idempotency *t, const idempotent *r, bool alone, uint64_t now, problem *wrong)
{
    bool other = false, busy = false;
    if (!r->given)
        return true;
    pthread_mutex_lock(&t->lock);
    idempotency_entry *e = find(t, r, now);
    if (!e) { /* the oldest gives way, whether it is in work or not */
        e = &t->entries[t->next++ % IDEMPOTENCY_KEYS];
        *e = (idempotency_entry){.seen_ns = now ? now : 1};
        memcpy(e->key, r->key, sizeof e->key);
        memcpy(e->body, r->body, sizeof e->body);
    }
    other = memcmp(e->body, r->body, sizeof e->body) != 0;
    busy = alone && e->working;
    if (!other && !busy)
        e->working = alone;
    pthread_mutex_unlock(&t->lock);
    if (other)
        return problem_set(wrong, 422, "idempotency_key_reused", "Idempotency-Key",
                           "this Idempotency-Key was sent with another body");
    if (busy) {
        problem_set(wrong, 409, "in_progress", "Idempotency-Key",
                    "a request with this Idempotency-Key is in work; try again in 1 s");
        wrong->retry_after = 1;
        return false;
    }
    return true;
}

void idempotency_end(idempotency *t, const idempotent *r)
{
    if (!r->given)
        return;
    pthread_mutex_lock(&t->lock);
    for (size_t i = 0; i < IDEMPOTENCY_KEYS; i++)
        if (t->entries[i].seen_ns && !memcmp(t->entries[i].key, r->key, sizeof t->entries[i].key))
            t->entries[i].working = false;
    pthread_mutex_unlock(&t->lock);
}
