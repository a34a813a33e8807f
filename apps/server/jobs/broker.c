#include "jobs/broker.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "jobs/broker_follow.h"

#define REPLY_MAX   (8 << 20)
#define FOLLOW_NS   (250 * 1000000)
#define SWEEP_EVERY 20 /* rounds of following */

static void *broker_main(void *arg)
{
    struct broker *b = arg;
    const struct timespec pause = {.tv_nsec = FOLLOW_NS};
    for (unsigned round = 0; !atomic_load(&b->stop); round++) {
        broker_follow_all(b);
        if (round % SWEEP_EVERY == 0)
            broker_sweep(b); /* and finds out whether Redis is there */
        nanosleep(&pause, NULL);
    }
    return NULL;
}

struct broker *broker_create(struct jobs *jobs, store *files, char *message, size_t size)
{
    struct broker *b = calloc(1, sizeof *b);
    const config *c = jobs->config;
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
    *b = (struct broker){.jobs = jobs, .files = files, .prefix = c->redis_prefix, .queue = c->broker_queue};
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
