/*
 * A thread that looks after connections: it cuts off those that are too slow, and notices clients
 * that go away while their request waits, which libmicrohttpd does not.
 */
#ifndef SERVER_CONNECTION_WATCH_H
#define SERVER_CONNECTION_WATCH_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "http/share.h"

typedef struct watch watch;

#define WATCH_CUT 1

/* One connection. */
typedef struct watched {
    int socket;
    /* When it is cut off; 0: never; WATCH_CUT: it was. An odd time: the client is told first. */
    atomic_uint_fast64_t deadline_ns;
    uint64_t number; /* never used twice */
    /* No request is in work: what was sent of one is at most a part of its header. */
    atomic_bool idle;
    share *held; /* of connections; NULL: not counted */
    /* Called by the watching thread if the client goes away while armed; under the watch's lock. */
    void (*on_gone)(void *user);
    void *user;
    struct watched *next, *previous;
} watched;

struct watch {
    pthread_t thread;
    pthread_mutex_t lock;
    int epoll, timer, wake;
    bool started;
    atomic_bool stop;
    const char *told; /* what a client that is told receives */
    uint64_t last_number;
    watched *first, *last;    /* the newest first */
    atomic_uint_fast64_t cut; /* connections that were too slow */
    void (*tick)(void *user); /* about four times a second, without the lock */
    void *tick_user;
};

bool watch_start(watch *w, void (*tick)(void *user), void *user);
void watch_stop(watch *w);
watched *watch_add(watch *w, int socket); /* NULL without memory */
void watch_remove(watch *w, watched *c);
/* Cuts off the oldest idle one of a peer that has more than `many`, or else of any. False: none is idle. */
bool watch_make_room(watch *w, uint64_t many);
/*
 * Cuts the connection off in so many ms unless this is called again; 0: never. Where nothing of an
 * answer is sent yet and the connection has no TLS, `tell` has the client told why. False: it was
 * cut off already, and nothing may be sent any more.
 */
bool watch_deadline(watched *c, uint64_t ms, bool tell);
bool watch_was_cut(const watched *c);
/* From now on on_gone(user) is called once if the client goes away. */
void watch_arm(watch *w, watched *c, void (*on_gone)(void *user), void *user);
/* Afterwards on_gone is not called and not running; the lock of on_gone's caller is taken. */
void watch_disarm(watch *w, watched *c);

#endif
