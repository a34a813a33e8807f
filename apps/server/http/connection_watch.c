/* Looks after connections. */
#include "http/connection_watch.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/text.h"
#include "common/clock.h"

#define TICK_MS 250

enum { NUMBER_TIMER = 0, NUMBER_WAKE = 1, NUMBER_FIRST = 2 };

static watched *find(watch *w, uint64_t number)
{
    watched *c = w->first;
    while (c && c->number != number)
        c = c->next;
    return c;
}

static void check_gone(watch *w, uint64_t number)
{
    pthread_mutex_lock(&w->lock);
    watched *c = find(w, number);
    if (c && c->on_gone) {
        void (*call)(void *user) = c->on_gone;
        c->on_gone = NULL;
        epoll_ctl(w->epoll, EPOLL_CTL_DEL, c->socket, NULL);
        call(c->user);
    }
    pthread_mutex_unlock(&w->lock);
}

static void cut_off(const watched *c, const char *told)
{
    /* A client that is gone, or does not read either, is not told. */
    const ssize_t sent = told ? send(c->socket, told, strlen(told), MSG_DONTWAIT | MSG_NOSIGNAL) : 0;
    (void)sent;
    shutdown(c->socket, SHUT_RDWR); /* its own thread then closes it */
}

static void check_slow(watch *w)
{
    uint64_t ticks;
    if (read(w->timer, &ticks, sizeof ticks) != sizeof ticks)
        return;
    const uint64_t now = now_ns();
    pthread_mutex_lock(&w->lock);
    for (watched *c = w->first; c; c = c->next) {
        uint64_t deadline = atomic_load(&c->deadline_ns);
        if (deadline > WATCH_CUT && now > deadline &&
            atomic_compare_exchange_strong(&c->deadline_ns, &deadline, WATCH_CUT)) {
            atomic_fetch_add(&w->cut, 1);
            cut_off(c, deadline % 2 ? w->told : NULL);
        }
    }
    pthread_mutex_unlock(&w->lock);
    if (w->tick)
        w->tick(w->tick_user);
}

static void *watch_main(void *arg)
{
    watch *w = arg;
    struct epoll_event events[64];
    while (!atomic_load(&w->stop)) {
        const int n = epoll_wait(w->epoll, events, APP_LEN(events), -1);
        for (int i = 0; i < n; i++) {
            if (events[i].data.u64 == NUMBER_TIMER)
                check_slow(w);
            else if (events[i].data.u64 >= NUMBER_FIRST)
                check_gone(w, events[i].data.u64);
        }
    }
    return NULL;
}

static bool add_event(watch *w, int file, uint32_t events, uint64_t number)
{
    struct epoll_event e = {.events = events, .data.u64 = number};
    return epoll_ctl(w->epoll, EPOLL_CTL_ADD, file, &e) == 0;
}

bool watch_start(watch *w, void (*tick)(void *user), void *user)
{
    pthread_mutex_init(&w->lock, NULL);
    w->tick = tick;
    w->tick_user = user;
    w->last_number = NUMBER_FIRST;
    w->epoll = epoll_create1(EPOLL_CLOEXEC);
    w->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    w->wake = eventfd(0, EFD_CLOEXEC);
    const struct timespec step = {.tv_nsec = TICK_MS * 1000000};
    const struct itimerspec every = {.it_interval = step, .it_value = step};
    w->started =
        w->epoll >= 0 && w->timer >= 0 && w->wake >= 0 && !timerfd_settime(w->timer, 0, &every, NULL) &&
        add_event(w, w->timer, EPOLLIN, NUMBER_TIMER) && add_event(w, w->wake, EPOLLIN, NUMBER_WAKE) &&
        !pthread_create(&w->thread, NULL, watch_main, w);
    return w->started;
}

void watch_stop(watch *w)
{
    const uint64_t one = 1;
    if (!w->started)
        return;
    atomic_store(&w->stop, true);
    if (write(w->wake, &one, sizeof one) == sizeof one)
        pthread_join(w->thread, NULL);
    close(w->epoll);
    close(w->timer);
    close(w->wake);
    w->started = false;
}

watched *watch_add(watch *w, int socket)
{
    watched *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->socket = socket;
    atomic_init(&c->idle, true);
    pthread_mutex_lock(&w->lock);
    c->number = ++w->last_number;
    c->next = w->first;
    *(w->first ? &w->first->previous : &w->last) = c;
    w->first = c;
    pthread_mutex_unlock(&w->lock);
    return c;
}

void watch_remove(watch *w, watched *c)
{
    pthread_mutex_lock(&w->lock);
    if (c->on_gone)
        epoll_ctl(w->epoll, EPOLL_CTL_DEL, c->socket, NULL);
    *(c->previous ? &c->previous->next : &w->first) = c->next;
    *(c->next ? &c->next->previous : &w->last) = c->previous;
    pthread_mutex_unlock(&w->lock);
    free(c);
}

bool watch_make_room(watch *w, uint64_t many)
{
    watched *found = NULL;
    pthread_mutex_lock(&w->lock);
    for (watched *c = w->last; c; c = c->previous) {
        if (!atomic_load(&c->idle) || watch_was_cut(c))
            continue;
        const bool crowd = c->held && atomic_load(&c->held->amount) > many;
        if (crowd || !found)
            found = c;
        if (crowd)
            break;
    }
    if (found) {
        atomic_store(&found->deadline_ns, WATCH_CUT);
        cut_off(found, NULL);
    }
    pthread_mutex_unlock(&w->lock);
    return found != NULL;
}

bool watch_deadline(watched *c, uint64_t ms, bool tell)
{
    const uint64_t at = ms ? ((now_ns() + ms * 1000000) & ~(uint64_t)1) | tell : 0;
    uint64_t before = atomic_load(&c->deadline_ns);
    while (before != WATCH_CUT && !atomic_compare_exchange_weak(&c->deadline_ns, &before, at))
        ;
    return before != WATCH_CUT;
}

bool watch_was_cut(const watched *c) { return atomic_load(&c->deadline_ns) == WATCH_CUT; }

void watch_arm(watch *w, watched *c, void (*on_gone)(void *user), void *user)
{
    pthread_mutex_lock(&w->lock);
    c->on_gone = on_gone;
    c->user = user;
    if (!add_event(w, c->socket, EPOLLRDHUP | EPOLLONESHOT, c->number))
        c->on_gone = NULL; /* then its run is simply not cancelled */
    pthread_mutex_unlock(&w->lock);
}

void watch_disarm(watch *w, watched *c)
{
    pthread_mutex_lock(&w->lock);
    if (c->on_gone) {
        epoll_ctl(w->epoll, EPOLL_CTL_DEL, c->socket, NULL);
        c->on_gone = NULL;
    }
    pthread_mutex_unlock(&w->lock);
}
