#include "base/mem.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/os.h"

#define SMALL_ALIGN 64u
#define HUGE_FROM   (4u << 20)

struct node {
    stz_buf pub; /* first: a stz_buf pointer is a node pointer */
    atomic_int refs;
    stz_purpose purpose;
    stz_pool *pool;
    stz_allocator from; /* alloc NULL: stz_os_alloc */
    struct node *next;  /* in the list of idle buffers, last returned first */
};

struct stz_pool {
    pthread_mutex_t lock;
    struct node *idle[STZ_MEM_PURPOSES];
    stz_allocator from[STZ_MEM_PURPOSES];
    stz_pool_stats stats[STZ_MEM_PURPOSES];
    uint64_t bytes, peak;
    uint64_t idle_bytes, keep;
    size_t refs; /* one for the owner, one for each buffer that is out */
};

stz_pool *stz_pool_create(uint64_t keep)
{
    stz_pool *pool = calloc(1, sizeof *pool);
    if (!pool)
        return NULL;
    if (pthread_mutex_init(&pool->lock, NULL)) {
        free(pool);
        return NULL;
    }
    pool->keep = keep;
    pool->refs = 1;
    return pool;
}

/* Size classes an eighth apart, so that pictures of nearly the same size share buffers. */
static size_t class_of(size_t size)
{
    if (size < 4096)
        return 4096;
    size_t step = ((size_t)1 << (63 - __builtin_clzll(size))) / 8;
    if (step < SMALL_ALIGN)
        step = SMALL_ALIGN;
    size_t rounded;
    return stz_add(size, step - 1, &rounded) ? rounded / step * step : size;
}

static void *host_alloc(size_t size)
{
    return stz_os_alloc(size >= HUGE_FROM ? STZ_OS_HUGE : SMALL_ALIGN, size);
}

static struct node *node_create(stz_allocator from, size_t size)
{
    struct node *node = malloc(sizeof *node);
    if (!node)
        return NULL;
    void *data = from.alloc ? from.alloc(from.user, size) : host_alloc(size);
    if (!data && from.alloc && from.or_malloc) {
        from = (stz_allocator){0};
        data = host_alloc(size);
    }
    if (!data) {
        free(node);
        return NULL;
    }
    *node = (struct node){.pub = {data, size}, .from = from};
    return node;
}

static void node_free(struct node *node)
{
    if (node->from.alloc)
        node->from.free(node->from.user, node->pub.data);
    else
        stz_os_free(node->pub.data);
    free(node);
}

void stz_pool_set_allocator(stz_pool *pool, stz_purpose purpose, const stz_allocator *allocator)
{
    pthread_mutex_lock(&pool->lock);
    pool->from[purpose] = *allocator;
    pthread_mutex_unlock(&pool->lock);
}

/* Caller holds the lock. The smallest idle buffer that fits without wasting more than half. */
static struct node *take_idle(stz_pool *pool, stz_purpose purpose, size_t size)
{
    struct node **best = NULL;
    for (struct node **p = &pool->idle[purpose]; *p; p = &(*p)->next) {
        size_t have = (*p)->pub.size;
        if (have >= size && have / 2 <= size && (!best || have < (*best)->pub.size))
            best = p;
    }
    if (!best)
        return NULL;
    struct node *node = *best;
    *best = node->next;
    pool->idle_bytes -= node->pub.size;
    return node;
}

/* Caller holds the lock. Unlinks idle buffers until no more than `keep` bytes are idle: the oldest
 * of the purpose that holds most. Returns them as a list to free outside the lock. */
static struct node *shed(stz_pool *pool, uint64_t keep)
{
    struct node *list = NULL;
    while (pool->idle_bytes > keep) {
        struct node **most = NULL;
        uint64_t most_bytes = 0;
        for (int p = 0; p < STZ_MEM_PURPOSES; p++) {
            uint64_t bytes = 0;
            struct node **last = NULL;
            for (struct node **n = &pool->idle[p]; *n; n = &(*n)->next) {
                bytes += (*n)->pub.size;
                last = n;
            }
            if (last && bytes > most_bytes) {
                most_bytes = bytes;
                most = last;
            }
        }
        if (!most)
            break;
        struct node *node = *most;
        *most = node->next;
        pool->idle_bytes -= node->pub.size;
        pool->bytes -= node->pub.size;
        pool->stats[node->purpose].bytes -= node->pub.size;
        node->next = list;
        list = node;
    }
    return list;
}

static void free_list(struct node *list)
{
    while (list) {
        struct node *next = list->next;
        node_free(list);
        list = next;
    }
}

static void pool_free(stz_pool *pool)
{
    pthread_mutex_destroy(&pool->lock);
    free(pool);
}

stz_buf *stz_pool_get(stz_pool *pool, stz_purpose purpose, size_t size)
{
    size = class_of(size);
    pthread_mutex_lock(&pool->lock);
    struct node *node = take_idle(pool, purpose, size);
    if (node)
        pool->stats[purpose].reuses++;
    pool->refs++;
    const stz_allocator from = pool->from[purpose];
    pthread_mutex_unlock(&pool->lock);

    if (!node) {
        node = node_create(from, size);
        if (!node) { /* idle buffers of other sizes may be what is missing */
            stz_pool_trim(pool);
            node = node_create(from, size);
        }
        pthread_mutex_lock(&pool->lock);
        if (!node) {
            pool->refs--; /* the owner still holds its reference: it is calling us */
            pthread_mutex_unlock(&pool->lock);
            return NULL;
        }
        stz_pool_stats *s = &pool->stats[purpose];
        s->allocs++;
        s->bytes += size;
        if (s->bytes > s->peak)
            s->peak = s->bytes;
        pool->bytes += size;
        if (pool->bytes > pool->peak)
            pool->peak = pool->bytes;
        pthread_mutex_unlock(&pool->lock);
        node->purpose = purpose;
        node->pool = pool;
    }
    node->next = NULL;
    atomic_store_explicit(&node->refs, 1, memory_order_relaxed);
    return &node->pub;
}

void stz_buf_ref(stz_buf *buf)
{
    atomic_fetch_add_explicit(&((struct node *)buf)->refs, 1, memory_order_relaxed);
}

void stz_buf_unref(stz_buf *buf)
{
    struct node *node = (struct node *)buf;
    if (!node || atomic_fetch_sub_explicit(&node->refs, 1, memory_order_acq_rel) != 1)
        return;
    stz_pool *pool = node->pool;
    pthread_mutex_lock(&pool->lock);
    node->next = pool->idle[node->purpose];
    pool->idle[node->purpose] = node;
    pool->idle_bytes += node->pub.size;
    struct node *list = shed(pool, pool->keep);
    bool last = --pool->refs == 0;
    pthread_mutex_unlock(&pool->lock);
    free_list(list);
    if (last)
        pool_free(pool);
}

void stz_pool_trim(stz_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    struct node *list = shed(pool, 0);
    pthread_mutex_unlock(&pool->lock);
    free_list(list);
}

void stz_pool_end(stz_pool *pool)
{
    if (!pool)
        return;
    pthread_mutex_lock(&pool->lock);
    pool->keep = 0;
    struct node *list = shed(pool, 0);
    bool last = --pool->refs == 0;
    pthread_mutex_unlock(&pool->lock);
    free_list(list);
    if (last)
        pool_free(pool);
}

void stz_pool_get_stats(stz_pool *pool, stz_purpose purpose, stz_pool_stats *out)
{
    pthread_mutex_lock(&pool->lock);
    if (purpose < STZ_MEM_PURPOSES) {
        *out = pool->stats[purpose];
    } else {
        *out = (stz_pool_stats){.bytes = pool->bytes, .peak = pool->peak};
        for (int p = 0; p < STZ_MEM_PURPOSES; p++) {
            out->allocs += pool->stats[p].allocs;
            out->reuses += pool->stats[p].reuses;
        }
    }
    pthread_mutex_unlock(&pool->lock);
}
