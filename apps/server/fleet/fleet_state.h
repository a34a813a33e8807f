/* What the files of this room share. */
#ifndef SERVER_FLEET_STATE_H
#define SERVER_FLEET_STATE_H

#include "http/server.h"
#include "remote/store.h"

struct fleet {
    server *server;
    store store;
    bool has_store;
    struct consul *consul;
    struct redis *redis;
    char instance[25]; /* who told of an erasure */
    char last_erasure[40];
    atomic_bool probing; /* the store */
    pthread_t thread;
    bool started;
    atomic_bool stop;
};

#endif
