#include "api/job_events.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/job_view.h"
#include "common/clock.h"
#include "http/answer.h"
#include "http/answer_later.h"

#define ALIVE_NS (15ull * 1000000000) /* a comment that often finds out whether the client is there */

typedef struct job_stream {
    struct streams *streams;
    struct jobs *jobs;
    job *job;
    struct MHD_Connection *connection;
    watched *watched;
    uint64_t send_timeout; /* ms */
    bool waiting;          /* suspended; under the streams' lock, as the list */
    bool over;
    char sent[1024]; /* the last event, to send only what is new */
    uint64_t sent_ns;
    buf out; /* what is to be sent, from `at` on */
    size_t at;
    struct job_stream *next, *previous;
} job_stream;

struct streams {
    pthread_mutex_t lock;
    job_stream *first;
    bool closing;
};

struct streams *streams_create(void)
{
    struct streams *s = calloc(1, sizeof *s);
    if (s)
        pthread_mutex_init(&s->lock, NULL);
    return s;
}

void streams_destroy(struct streams *s)
{
    if (s)
        pthread_mutex_destroy(&s->lock);
    free(s);
}

static void stream_free(void *user)
{
    job_stream *s = user;
    struct streams *all = s->streams;
    pthread_mutex_lock(&all->lock);
    *(s->previous ? &s->previous->next : &all->first) = s->next;
    if (s->next)
        s->next->previous = s->previous;
    pthread_mutex_unlock(&all->lock);
    job_release(s->job);
    buf_free(&s->out);
    free(s);
}

/* The next event if there is something new. */
static void fill(job_stream *s)
{
    buf json = {0};
    json_write(job_json(s->jobs, s->job), &json);
    s->out.size = s->at = 0;
    const uint64_t now = now_ns();
    if (json.data && strncmp(json.data, s->sent, sizeof s->sent - 1)) {
        snprintf(s->sent, sizeof s->sent, "%s", json.data);
        buf_printf(&s->out, "event: job\ndata: %s\n\n", json.data);
        s->over = !strstr(json.data, "\"state\": \"queued\"") && !strstr(json.data, "\"state\": \"running\"");
        s->sent_ns = now;
    } else if (now - s->sent_ns > ALIVE_NS) {
        buf_puts(&s->out, ":\n\n");
        s->sent_ns = now;
    }
    buf_free(&json);
}

static ssize_t read_stream(void *user, uint64_t position, char *to, size_t size)
{
    job_stream *s = user;
    if (s->at == s->out.size) {
        if (s->over)
            return MHD_CONTENT_READER_END_OF_STREAM;
        fill(s);
    }
    if (s->at == s->out.size) {
        pthread_mutex_lock(&s->streams->lock);
        const bool closing = s->streams->closing;
        if (!closing) {
            s->waiting = true;
            watch_deadline(s->watched, 0, false);
            MHD_suspend_connection(s->connection);
        }
        pthread_mutex_unlock(&s->streams->lock);
        return closing ? MHD_CONTENT_READER_END_OF_STREAM : 0;
    }
    const size_t n = s->out.size - s->at < size ? s->out.size - s->at : size;
    memcpy(to, s->out.data + s->at, n);
    s->at += n;
    watch_deadline(s->watched, s->send_timeout, false);
    return (ssize_t)n;
}

void streams_tick(struct streams *all, bool closing)
{
    pthread_mutex_lock(&all->lock);
    all->closing |= closing;
    for (job_stream *s = all->first; s; s = s->next)
        if (s->waiting) {
            s->waiting = false;
            MHD_resume_connection(s->connection);
        }
    pthread_mutex_unlock(&all->lock);
}

static void open_stream(exchange *x)
{
    struct streams *all = x->server->streams;
    problem p;
    bool asked;
    job *b = job_of(x, &asked);
    if (!b) {
        job_missing(&p, asked);
        answer_problem(x, &p);
        return;
    }
    job_stream *s = calloc(1, sizeof *s);
    if (!s) {
        job_release(b);
        answer_no_memory(x);
        return;
    }
    s->streams = all;
    s->jobs = x->server->jobs;
    s->job = b;
    s->connection = x->connection;
    s->watched = x->watched;
    s->send_timeout = x->server->config.send_timeout;
    pthread_mutex_lock(&all->lock);
    s->next = all->first;
    if (s->next)
        s->next->previous = s;
    all->first = s;
    pthread_mutex_unlock(&all->lock);
    struct MHD_Response *r =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 4096, read_stream, s, stream_free);
    if (!r)
        stream_free(s);
    x->stream = true;
    answer_response(x, 200, "text/event-stream", r);
    answer_header(x, "X-Accel-Buffering", "no");
}

void jobs_events(exchange *x)
{
    if (x->server->jobs->broker)
        answer_later(x, open_stream);
    else
        open_stream(x);
}
