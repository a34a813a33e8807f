#include "jobs/job_admission.h"

#include <string.h>

#define SHARES     4 /* of one client: a fourth of what waits */
#define KEPT_TIMES 4 /* that many times --jobs-max are kept when they are over */
#define BINS       256
#define RETRY_MAX  3600

static bool is_open(const job *b) { return b->state == JOB_QUEUED || b->state == JOB_RUNNING; }

typedef struct usage {
    uint64_t open, kept, expired;
    uint64_t open_bytes, bytes;
    uint64_t own, own_bytes; /* of the client, open */
} usage;

/* Under the lock. */
static usage count(const struct jobs *j, uint64_t client)
{
    usage u = {.open = j->entering, .open_bytes = j->entering_bytes, .bytes = j->entering_bytes};
    for (const job *b = j->first; b; b = b->next) {
        const bool open = is_open(b), own = open && client && b->client == client;
        u.open += open && !b->adopted;
        u.expired += b->state == JOB_EXPIRED;
        u.kept += !open && b->state != JOB_EXPIRED;
        u.open_bytes += open ? b->bytes : 0;
        u.bytes += b->state != JOB_EXPIRED ? b->bytes : 0;
        u.own += own;
        u.own_bytes += own ? b->bytes : 0;
    }
    return u;
}

/* Under the lock: the oldest one that is over, of the client whose results take most; NULL: there is none. */
static job *choose(struct jobs *j)
{
    uint64_t bytes[BINS] = {0}, most = 0;
    size_t bin = BINS;
    for (const job *b = j->first; b; b = b->next)
        if (!is_open(b) && b->state != JOB_EXPIRED && !b->remote)
            bytes[b->client % BINS] += b->bytes + 1;
    for (size_t i = 0; i < BINS; i++)
        if (bytes[i] > most) {
            most = bytes[i];
            bin = i;
        }
    job *b = j->first;
    while (b && (is_open(b) || b->state == JOB_EXPIRED || b->remote || b->client % BINS != bin))
        b = b->next;
    return b;
}

/* Under the lock; the files go with the next sweep. */
static void let_go(struct jobs *j, job *b)
{
    b->state = JOB_EXPIRED;
    b->since_ms = job_now_ms();
    b->leftover = true;
    painting_release(b->result);
    b->result = NULL;
    atomic_fetch_add(&j->metrics->jobs_expired, 1);
    pthread_cond_signal(&j->closing);
}

/* Under the lock: only what answers 410. */
static void forget_expired(struct jobs *j, uint64_t too_many)
{
    for (job *b = j->first, *next; b && too_many; b = next) {
        next = b->next;
        if (b->state != JOB_EXPIRED || b->leftover)
            continue;
        jobs_list_remove(j, b);
        job_release(b);
        too_many--;
    }
}

/* Under the lock. */
static void fit(struct jobs *j, uint64_t bytes)
{
    const uint64_t kept_max = KEPT_TIMES * j->config->jobs_max;
    usage u = count(j, 0);
    while (u.kept > kept_max || (u.kept && u.bytes + bytes > j->config->state_disk)) {
        job *b = choose(j);
        if (!b)
            break;
        u.kept--;
        u.expired++;
        u.bytes -= b->bytes;
        let_go(j, b);
    }
    if (u.expired > kept_max)
        forget_expired(j, u.expired - kept_max);
}

void jobs_fit(struct jobs *j)
{
    pthread_mutex_lock(&j->lock);
    fit(j, 0);
    pthread_mutex_unlock(&j->lock);
}

/* Under the lock: seconds until so many jobs more are over, as it goes now. */
static unsigned until(const struct jobs *j, uint64_t jobs)
{
    const uint64_t s = jobs * j->pace_ms / 1000 + 1;
    return s < RETRY_MAX ? (unsigned)s : RETRY_MAX;
}

static bool refuse(problem *wrong, unsigned status, const char *code, const char *why, unsigned seconds)
{
    problem_set(wrong, status, code, NULL, "%s; try again in %u s", why, seconds);
    wrong->retry_after = seconds;
    return false;
}

bool jobs_admit(struct jobs *j, uint64_t client, uint64_t bytes, problem *wrong)
{
    const config *c = j->config;
    const uint64_t share = c->jobs_max / SHARES ? c->jobs_max / SHARES : 1, disk = c->state_disk;
    pthread_mutex_lock(&j->lock);
    const usage u = count(j, client);
    bool ok = true;
    if (u.open >= c->jobs_max)
        ok = refuse(wrong, 503, "queue_full", "too many jobs wait", until(j, u.open + 1 - c->jobs_max));
    else if (u.own >= share || (u.own && u.own_bytes + bytes > disk / SHARES))
        ok = refuse(wrong, 429, "too_many_jobs", "too many jobs of this client wait",
                    until(j, u.own >= share ? u.own + 1 - share : 1));
    else if (!j->broker && u.open_bytes + bytes > disk)
        ok = refuse(wrong, 503, "no_storage", "there is no room for the uploads of more jobs", until(j, 1));
    if (ok) {
        fit(j, j->broker ? 0 : bytes);
        j->entering++;
        j->entering_bytes += bytes;
    }
    pthread_mutex_unlock(&j->lock);
    return ok;
}

void jobs_admitted(struct jobs *j, uint64_t bytes)
{
    pthread_mutex_lock(&j->lock);
    j->entering--;
    j->entering_bytes -= bytes;
    pthread_mutex_unlock(&j->lock);
}
