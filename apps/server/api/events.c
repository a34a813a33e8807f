/* Progress of a job as server-sent events. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jobs/broker.h"
#include "jobs/jobs.h"
#include "http/later.h"

#define ALIVE_NS (15ull * 1000000000) /* a comment that often finds out whether the client is there */

struct job_stream {
    struct jobs *jobs;
    job *job;
    struct MHD_Connection *connection;
    bool waiting; /* suspended; under the jobs' lock, as the list */
    bool closing, over;
    char sent[512]; /* the last event, to send only what is new */
    uint64_t sent_ns;
    buf out; /* what is to be sent, from `at` on */
    size_t at;
    job_stream *next, *previous;
};

static void stream_free(void *user)
{
    job_stream *s = user;
    struct jobs *j = s->jobs;
    pthread_mutex_lock(&j->lock);
    *(s->previous ? &s->previous->next : &j->streams) = s->next;
    if (s->next)
        s->next->previous = s->previous;
    pthread_mutex_unlock(&j->lock);
    job_release(s->job);
    buf_free(&s->out);
    free(s);
}

/* The next event if there is something new. */
static void fill(job_stream *s)
{
    buf json = {0};
    job_write_json(s->jobs, s->job, &json);
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
        pthread_mutex_lock(&s->jobs->lock);
        const bool closing = s->closing;
        if (!closing) {
            s->waiting = true;
            MHD_suspend_connection(s->connection);
        }
        pthread_mutex_unlock(&s->jobs->lock);
        return closing ? MHD_CONTENT_READER_END_OF_STREAM : 0;
    }
    const size_t n = s->out.size - s->at < size ? s->out.size - s->at : size;
    memcpy(to, s->out.data + s->at, n);
    s->at += n;
    return (ssize_t)n;
}

void streams_tick(struct jobs *j, bool closing)
{
    pthread_mutex_lock(&j->lock);
    for (job_stream *s = j->streams; s; s = s->next) {
        s->closing |= closing;
        if (s->waiting) {
            s->waiting = false;
            MHD_resume_connection(s->connection);
        }
    }
    pthread_mutex_unlock(&j->lock);
}

static void open_stream(exchange *x)
{
    struct jobs *j = x->server->jobs;
    problem p;
    job *b = jobs_find(j, x->part, x->server->keys.needed ? &x->key : NULL);
    if (!b && x->server->broker) { /* another server accepted it */
        job_release(broker_find(x->server->broker, x->part));
        b = jobs_find(j, x->part, x->server->keys.needed ? &x->key : NULL);
    }
    job_stream *s = b ? calloc(1, sizeof *s) : NULL;
    if (!s) {
        problem_set(&p, b ? 503 : 404, b ? "out_of_memory" : "unknown_job", NULL, "there is no such job");
        answer_problem(x, &p);
        job_release(b);
        return;
    }
    s->jobs = j;
    s->job = b;
    s->connection = x->connection;
    pthread_mutex_lock(&j->lock);
    s->closing = j->stop;
    s->next = j->streams;
    if (j->streams)
        j->streams->previous = s;
    j->streams = s;
    pthread_mutex_unlock(&j->lock);
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
    if (x->server->broker)
        answer_later(x, open_stream);
    else
        open_stream(x);
}
