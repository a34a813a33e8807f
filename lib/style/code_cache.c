#include "style/code_cache.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL /* for a hash state on the stack */
#include <xxhash.h>

#include "base/os.h"
#include "image/image.h"

#define ENTRIES_MAX 65536u
#define SECRET_SIZE 192 /* what XXH3 uses itself */
#define POLL_NS     20000000
#define NONE        -1

typedef enum slot_state { SLOT_FREE, SLOT_COMPUTING, SLOT_READY } slot_state;

/* Free and ready slots are in the list of those that may be used anew, least recently used first.
 * Slots with a key, computing or ready, are in the chain of their bucket. */
typedef struct slot {
    stz_code_key key;
    slot_state state;
    int before, after; /* in that list */
    int next;          /* in the bucket's chain */
} slot;

struct stz_code_cache {
    uint8_t secret[SECRET_SIZE];
    size_t length; /* floats of a code */
    int slots;
    uint32_t buckets; /* a power of two */
    slot *slot;
    int *bucket;  /* first slot of each chain */
    float *codes; /* of slot i from i * length on */
    pthread_mutex_t lock;
    pthread_cond_t done; /* a slot stopped computing */
    int oldest, newest;
};

/* ------------------------------------------------------------------ list and chains, lock held */

static void list_remove(stz_code_cache *c, int i)
{
    slot *s = &c->slot[i];
    *(s->before == NONE ? &c->oldest : &c->slot[s->before].after) = s->after;
    *(s->after == NONE ? &c->newest : &c->slot[s->after].before) = s->before;
}

static void list_add_newest(stz_code_cache *c, int i)
{
    c->slot[i].before = c->newest;
    c->slot[i].after = NONE;
    *(c->newest == NONE ? &c->oldest : &c->slot[c->newest].after) = i;
    c->newest = i;
}

static void list_add_oldest(stz_code_cache *c, int i)
{
    c->slot[i].before = NONE;
    c->slot[i].after = c->oldest;
    *(c->oldest == NONE ? &c->newest : &c->slot[c->oldest].before) = i;
    c->oldest = i;
}

static int *chain_of(const stz_code_cache *c, stz_code_key key)
{
    return &c->bucket[key.low & (c->buckets - 1)];
}

static int chain_find(const stz_code_cache *c, stz_code_key key)
{
    int i = *chain_of(c, key);
    while (i != NONE && (c->slot[i].key.low != key.low || c->slot[i].key.high != key.high))
        i = c->slot[i].next;
    return i;
}

static void chain_add(stz_code_cache *c, int i)
{
    int *first = chain_of(c, c->slot[i].key);
    c->slot[i].next = *first;
    *first = i;
}

static void chain_remove(stz_code_cache *c, int i)
{
    int *link = chain_of(c, c->slot[i].key);
    while (*link != i)
        link = &c->slot[*link].next;
    *link = c->slot[i].next;
}

/* ------------------------------------------------------------------ life */

static bool init_sync(stz_code_cache *c)
{
    const bool cond = stz_os_cond_init(&c->done);
    if (cond && pthread_mutex_init(&c->lock, NULL) == 0)
        return true;
    if (cond)
        pthread_cond_destroy(&c->done);
    return false;
}

static bool alloc_slots(stz_code_cache *c)
{
    size_t floats;
    if (!stz_mul((size_t)c->slots, c->length, &floats))
        return false;
    for (c->buckets = 1; c->buckets < (uint32_t)c->slots;)
        c->buckets *= 2;
    c->slot = calloc((size_t)c->slots + 1, sizeof *c->slot);
    c->bucket = malloc(c->buckets * sizeof *c->bucket);
    c->codes = calloc(floats + 1, sizeof *c->codes);
    if (!c->slot || !c->bucket || !c->codes)
        return false;
    for (uint32_t b = 0; b < c->buckets; b++)
        c->bucket[b] = NONE;
    c->oldest = c->newest = NONE;
    for (int i = 0; i < c->slots; i++)
        list_add_newest(c, i);
    return true;
}

stz_code_cache *stz_code_cache_create(uint32_t entries, int code_length)
{
    if (entries > ENTRIES_MAX || code_length < 0)
        return NULL;
    stz_code_cache *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->slots = (int)entries;
    c->length = (size_t)code_length;
    if (stz_os_random(c->secret, sizeof c->secret) && alloc_slots(c) && init_sync(c))
        return c;
    free(c->codes);
    free(c->bucket);
    free(c->slot);
    free(c);
    return NULL;
}

void stz_code_cache_destroy(stz_code_cache *c)
{
    if (!c)
        return;
    pthread_mutex_destroy(&c->lock);
    pthread_cond_destroy(&c->done);
    free(c->codes);
    free(c->bucket);
    free(c->slot);
    free(c);
}

/* ------------------------------------------------------------------ keys */

/* All that decides how a picture is read besides its bytes. No padding: every byte is hashed. */
typedef struct key_head {
    char model[64];
    uint32_t format, width, height, style_size;
} key_head;
_Static_assert(sizeof(key_head) == 80, "no padding");

stz_code_key stz_code_cache_key(const stz_code_cache *cache, const stz_model *model,
                                const stylize_image *picture)
{
    bool encoded = stz_is_encoded(picture->format);
    key_head head = {.format = encoded ? STYLIZE_FORMAT_ENCODED : picture->format,
                     .width = encoded ? 0 : picture->width,
                     .height = encoded ? 0 : picture->height,
                     .style_size = (uint32_t)model->style_size};
    memcpy(head.model, model->name, strlen(model->name));
    XXH3_state_t state;
    XXH3_128bits_reset_withSecret(&state, cache->secret, sizeof cache->secret);
    XXH3_128bits_update(&state, &head, sizeof head);
    if (encoded) {
        XXH3_128bits_update(&state, picture->pixels, picture->size);
    } else {
        size_t row = (size_t)picture->width * (size_t)stz_bytes_per_pixel(picture->format);
        for (uint32_t y = 0; y < picture->height; y++)
            XXH3_128bits_update(&state, picture->pixels + (ptrdiff_t)y * picture->stride, row);
    }
    XXH128_hash_t hash = XXH3_128bits_digest(&state);
    return (stz_code_key){hash.low64, hash.high64};
}

/* ------------------------------------------------------------------ get, put, abandon */

/* Lock held. Until another thread stops computing, or a while when exec may want to stop. */
static void wait_done(stz_code_cache *c, const stz_exec *exec)
{
    if (!exec) {
        pthread_cond_wait(&c->done, &c->lock);
        return;
    }
    stz_os_wait(&c->done, &c->lock, POLL_NS);
}

/* Lock held. A slot for a new code: the oldest that nobody computes. NONE if there is none. */
static int take_slot(stz_code_cache *c, stz_code_key key)
{
    int i = c->oldest;
    if (i == NONE)
        return NONE;
    list_remove(c, i);
    if (c->slot[i].state == SLOT_READY)
        chain_remove(c, i);
    c->slot[i].key = key;
    c->slot[i].state = SLOT_COMPUTING;
    chain_add(c, i);
    return i;
}

/* Lock held. */
static void use_slot(stz_code_cache *c, int i, float *code)
{
    memcpy(code, c->codes + (size_t)i * c->length, c->length * sizeof *code);
    list_remove(c, i);
    list_add_newest(c, i);
}

stz_code_state stz_code_cache_get(stz_code_cache *c, stz_code_key key, const stz_exec *exec, float *code,
                                  stz_code_ticket *ticket)
{
    stz_code_state state = STZ_CODE_HIT;
    pthread_mutex_lock(&c->lock);
    int i;
    while ((i = chain_find(c, key)) != NONE && c->slot[i].state == SLOT_COMPUTING) {
        if (exec && stz_cancelled(exec)) {
            state = STZ_CODE_CANCELLED;
            goto end;
        }
        wait_done(c, exec);
    }
    if (i != NONE) {
        use_slot(c, i, code);
    } else {
        *ticket = (stz_code_ticket){key, take_slot(c, key)};
        state = STZ_CODE_MUST_COMPUTE;
    }
end:
    pthread_mutex_unlock(&c->lock);
    return state;
}

void stz_code_cache_put(stz_code_cache *c, const stz_code_ticket *ticket, const float *code)
{
    int i = ticket->slot;
    if (i == NONE) /* all slots were busy with other codes: it is not kept */
        return;
    pthread_mutex_lock(&c->lock);
    memcpy(c->codes + (size_t)i * c->length, code, c->length * sizeof *code);
    c->slot[i].state = SLOT_READY;
    list_add_newest(c, i);
    pthread_cond_broadcast(&c->done);
    pthread_mutex_unlock(&c->lock);
}

void stz_code_cache_abandon(stz_code_cache *c, const stz_code_ticket *ticket)
{
    int i = ticket->slot;
    if (i == NONE)
        return;
    pthread_mutex_lock(&c->lock);
    chain_remove(c, i);
    c->slot[i].state = SLOT_FREE;
    list_add_oldest(c, i);
    pthread_cond_broadcast(&c->done);
    pthread_mutex_unlock(&c->lock);
}
