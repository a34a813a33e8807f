/*
 * Jobs over an engine without a network, with a system that fails: what was accepted is painted in the end, nothing
 * waits for a disk on a thread that paints, and what could not be removed is not said to be gone.
 */
#include "jobs/jobs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "fake_engine.h"
#include "jobs/job_admission.h"
#include "jobs/job_removal.h"
#include "jobs/job_run.h"

/* ------------------------------------------------------------------ a system that fails */

static atomic_int fail_strndup, fail_unlinkat;

/* Threads that must not wait for a disk. */
static _Thread_local bool paints;
static atomic_int syncs, syncs_of_painters;

int __real_fsync(int file);
int __wrap_fsync(int file);
int __wrap_fsync(int file)
{
    syncs++;
    syncs_of_painters += paints;
    return __real_fsync(file);
}

char *__real_strndup(const char *text, size_t size);
char *__wrap_strndup(const char *text, size_t size);
char *__wrap_strndup(const char *text, size_t size)
{
    if (atomic_load(&fail_strndup) > 0 && atomic_fetch_sub(&fail_strndup, 1) > 0)
        return NULL;
    return __real_strndup(text, size);
}

int __real_unlinkat(int folder, const char *name, int flags);
int __wrap_unlinkat(int folder, const char *name, int flags);
int __wrap_unlinkat(int folder, const char *name, int flags)
{
    if (atomic_load(&fail_unlinkat)) {
        errno = EROFS;
        return -1;
    }
    return __real_unlinkat(folder, name, flags);
}

/* ------------------------------------------------------------------ fixture */

typedef struct fixture {
    stylize_ctx *ctx;
    config config;
    metrics metrics;
    painter painter;
    io_pool pool;
    struct jobs *jobs;
    buf form;
    char folder[64];
} fixture;

static void add_field(buf *form, const char *name, const void *data, size_t size)
{
    buf_printf(form, "--x\r\nContent-Disposition: form-data; name=%s\r\n\r\n", name);
    buf_append(form, data, size);
    buf_puts(form, "\r\n");
}

static void make_form(buf *form)
{
    buf photo = {0};
    FILE *f = fopen(STYLIZE_SOURCE_DIR "/tests/codec/data/444.jpg", "rb");
    assert_non_null(f);
    char piece[4096];
    for (size_t n; (n = fread(piece, 1, sizeof piece, f)) > 0;)
        buf_append(&photo, piece, n);
    fclose(f);
    add_field(form, "content_image", photo.data, photo.size);
    add_field(form, "style_id", "a", 1);
    buf_puts(form, "--x--\r\n");
    buf_free(&photo);
}

static int open_jobs(void **state)
{
    char message[400];
    stylize_options o;
    stylize_error err;
    fixture *f = calloc(1, sizeof *f);
    fake_reset();
    atomic_store(&fail_strndup, 0);
    atomic_store(&fail_unlinkat, 0);
    fake_options(&o);
    assert_int_equal(stylize_ctx_create(&f->ctx, &o, &err), STYLIZE_OK);
    f->config = (config){.max_decoded_bytes = 1 << 30,
                         .threads = 64, /* so many are started at a time */
                         .max_request_bytes = 1 << 20,
                         .output_size = 64,
                         .max_output_size = 64,
                         .jobs_max = 100,
                         .job_ttl = 3600000,
                         .state_disk = 1 << 30,
                         .state_dir = f->folder};
    strcpy(f->folder, "/tmp/stylize-jobs-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    metrics_init(&f->metrics);
    painter_init(&f->painter, f->ctx, &f->config, &f->metrics);
    assert_true(io_pool_start(&f->pool));
    f->jobs = jobs_create(&f->config, &f->painter, &f->metrics, &f->pool, message, sizeof message);
    assert_true(f->jobs && jobs_open(f->jobs, message, sizeof message) &&
                jobs_start(f->jobs, message, sizeof message));
    make_form(&f->form);
    *state = f;
    return 0;
}

static int close_jobs(void **state)
{
    fixture *f = *state;
    char command[128];
    atomic_store(&fail_unlinkat, 0);
    jobs_stop(f->jobs);
    stylize_ctx_destroy(f->ctx, STYLIZE_CANCEL);
    io_pool_stop(&f->pool);
    painter_close(&f->painter);
    jobs_destroy(f->jobs);
    buf_free(&f->form);
    snprintf(command, sizeof command, "rm -r %s", f->folder);
    assert_int_equal(system(command), 0);
    free(f);
    return 0;
}

/* Accepts a job as the route does; held. */
static job *add_job(fixture *f, const char *subject)
{
    job *b = calloc(1, sizeof *b);
    blob *body = blob_create();
    atomic_init(&b->references, 1);
    random_id(b->id);
    b->created = time(NULL);
    b->since_ms = job_now_ms();
    snprintf(b->subject, sizeof b->subject, "%s", subject);
    buf_append(&body->body, f->form.data, f->form.size);
    assert_true(job_files_save(&f->jobs->files, b, TEXT("multipart/form-data; boundary=x"), body));
    blob_release(body);
    job_hold(b);
    jobs_add(f->jobs, b);
    return b;
}

/* As the route does with one of that client; NULL: refused, and *wrong says why. */
static job *ask(fixture *f, uint64_t client, uint64_t bytes, problem *wrong)
{
    if (!jobs_admit(f->jobs, client, bytes, wrong))
        return NULL;
    pthread_mutex_lock(&f->jobs->lock);
    f->jobs->again_ns = UINT64_MAX; /* they wait */
    pthread_mutex_unlock(&f->jobs->lock);
    job *b = add_job(f, "");
    pthread_mutex_lock(&f->jobs->lock);
    b->client = client;
    b->bytes = bytes;
    pthread_mutex_unlock(&f->jobs->lock);
    jobs_admitted(f->jobs, bytes);
    return b;
}

/* As if it had been painted, to a result of so many bytes. */
static void be_done(fixture *f, job *b, uint64_t bytes)
{
    if (!b) {
        fail_msg("it was refused");
        return;
    }
    pthread_mutex_lock(&f->jobs->lock);
    b->state = JOB_DONE;
    b->bytes = bytes;
    pthread_mutex_unlock(&f->jobs->lock);
    job_release(b);
}

static job_state wait_for_end(job *b)
{
    const struct timespec pause = {.tv_nsec = 1000000};
    while (b->state == JOB_QUEUED || b->state == JOB_RUNNING)
        nanosleep(&pause, NULL);
    return b->state;
}

/* As the painter tells a job, on its thread. */
static void (*told)(ticket *t, painting *p, const problem *why);

static void tell_on_painter(ticket *t, painting *p, const problem *why)
{
    paints = true;
    told(t, p, why);
    paints = false;
}

static bool is_there(fixture *f, const job *b, const char *ending)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s.%s", f->folder, b->id, ending);
    return !access(path, F_OK);
}

/* ------------------------------------------------------------------ what was accepted */

static void memory_that_runs_out_passes(void **state)
{
    fixture *f = *state;
    atomic_store(&fail_strndup, 1);
    job *b = add_job(f, "");
    assert_int_equal(wait_for_end(b), JOB_DONE);
    assert_int_equal(atomic_load(&fail_strndup), 0);
    assert_true(is_there(f, b, "done") && !is_there(f, b, "job"));
    job_release(b);
}

static void room_for_one_is_enough_for_all(void **state)
{
    fixture *f = *state;
    job *all[20];
    f->painter.room.most = 60000; /* two of them */
    fake.delay_ms = 2;
    for (size_t i = 0; i < APP_LEN(all); i++) {
        char subject[16];
        snprintf(subject, sizeof subject, "s%zu", i);
        all[i] = add_job(f, subject);
    }
    for (size_t i = 0; i < APP_LEN(all); i++) {
        assert_int_equal(wait_for_end(all[i]), JOB_DONE);
        job_release(all[i]);
    }
    assert_int_equal(f->metrics.rejected[REJECT_MEMORY], 0);
}

/* ------------------------------------------------------------------ the disk */

static void no_thread_that_paints_waits_for_the_disk(void **state)
{
    fixture *f = *state;
    job *all[8];
    pthread_mutex_lock(&f->jobs->lock);
    f->jobs->again_ns = UINT64_MAX; /* none is started yet */
    pthread_mutex_unlock(&f->jobs->lock);
    for (size_t i = 0; i < APP_LEN(all); i++) {
        char subject[16];
        snprintf(subject, sizeof subject, "s%zu", i);
        all[i] = add_job(f, subject);
        told = all[i]->ticket.done;
        all[i]->ticket.done = tell_on_painter;
    }
    atomic_store(&syncs, 0);
    pthread_mutex_lock(&f->jobs->lock);
    f->jobs->again_ns = 0;
    pthread_cond_signal(&f->jobs->changed);
    pthread_mutex_unlock(&f->jobs->lock);
    for (size_t i = 0; i < APP_LEN(all); i++) {
        assert_int_equal(wait_for_end(all[i]), JOB_DONE);
        job_release(all[i]);
    }
    assert_true(atomic_load(&syncs) >= 16);
    assert_int_equal(atomic_load(&syncs_of_painters), 0);
}

static void what_cannot_be_removed_is_not_said_to_be(void **state)
{
    fixture *f = *state;
    bool whole = true;
    job *deleted = add_job(f, "a"), *erased = add_job(f, "b");
    wait_for_end(deleted);
    wait_for_end(erased);
    atomic_store(&fail_unlinkat, 1);
    assert_false(jobs_remove(f->jobs, deleted));
    assert_int_equal(jobs_erase(f->jobs, "b", INT64_MAX, false, &whole), 1);
    assert_false(whole);
    assert_false(jobs_remove(f->jobs, deleted)); /* asked again */
    assert_int_equal(deleted->state, JOB_CANCELLED);
    assert_int_equal(jobs_leftover(f->jobs), 2);
    assert_true(is_there(f, deleted, "done") && is_there(f, erased, "done"));
    atomic_store(&fail_unlinkat, 0);
    assert_true(jobs_remove(f->jobs, deleted));
    const struct timespec pause = {.tv_nsec = 1000000};
    while (jobs_leftover(f->jobs)) /* by itself */
        nanosleep(&pause, NULL);
    assert_false(is_there(f, deleted, "done") || is_there(f, erased, "done"));
    assert_null(jobs_find(f->jobs, deleted->id, NULL));
    assert_null(jobs_find(f->jobs, erased->id, NULL));
    job_release(deleted);
    job_release(erased);
}

static void what_is_too_old_goes_when_it_can(void **state)
{
    fixture *f = *state;
    const struct timespec pause = {.tv_nsec = 1000000};
    job *b = add_job(f, "");
    wait_for_end(b);
    atomic_store(&fail_unlinkat, 1);
    jobs_expire(f->jobs, job_now_ms() + 3600000);
    jobs_sweep(f->jobs, true);
    assert_int_equal(b->state, JOB_EXPIRED);
    jobs_expire(f->jobs, job_now_ms() + 9 * 3600000LL);
    assert_int_equal(jobs_leftover(f->jobs), 1); /* not forgotten */
    atomic_store(&fail_unlinkat, 0);
    while (jobs_leftover(f->jobs))
        nanosleep(&pause, NULL);
    assert_false(is_there(f, b, "done"));
    job_release(b);
}

/* The power goes after the result was stored and before the upload is gone. */
static void an_end_is_an_end_after_a_restart(void **state)
{
    fixture *f = *state;
    char message[400], from[160], to[160];
    job *b = add_job(f, "");
    wait_for_end(b);
    snprintf(from, sizeof from, "%s/%s.done", f->folder, b->id);
    snprintf(to, sizeof to, "%s/%s.job", f->folder, b->id);
    assert_int_equal(link(from, to), 0);
    jobs_stop(f->jobs);
    jobs_destroy(f->jobs);
    f->jobs = jobs_create(&f->config, &f->painter, &f->metrics, &f->pool, message, sizeof message);
    assert_true(f->jobs && jobs_open(f->jobs, message, sizeof message) &&
                jobs_start(f->jobs, message, sizeof message));
    assert_int_equal(f->jobs->count, 1);
    assert_int_equal(f->jobs->first->state, JOB_DONE);
    assert_false(is_there(f, b, "job"));
    job_release(b);
}

/* ------------------------------------------------------------------ shares */

static void one_client_does_not_close_the_door(void **state)
{
    fixture *f = *state;
    problem wrong;
    f->jobs->pace_ms = 2000;
    for (int i = 0; i < 25; i++)
        job_release(ask(f, 7, 10, &wrong));
    assert_null(ask(f, 7, 10, &wrong)); /* a fourth of 100 */
    assert_int_equal(wrong.status, 429);
    assert_string_equal(wrong.code, "too_many_jobs");
    assert_int_equal(wrong.retry_after, 3); /* one at its pace, and a second */
    for (uint64_t client = 8; client < 11; client++)
        for (int i = 0; i < 25; i++) {
            job *b = ask(f, client, 10, &wrong);
            assert_non_null(b);
            job_release(b);
        }
    assert_null(ask(f, 11, 10, &wrong)); /* now it is full */
    assert_int_equal(wrong.status, 503);
    assert_string_equal(wrong.code, "queue_full");
}

static void what_is_done_does_not_count(void **state)
{
    fixture *f = *state;
    problem wrong;
    job *first = ask(f, 8, 10, &wrong);
    job_hold(first);
    be_done(f, first, 10);
    for (int i = 0; i < 450; i++) {
        job *b = ask(f, 7, 10, &wrong);
        assert_non_null(b);
        be_done(f, b, 20);
    }
    assert_int_equal(first->state, JOB_DONE); /* those of who has most went */
    assert_true(f->jobs->count <= 820);
    job_release(first);
}

static void the_disk_has_an_end(void **state)
{
    fixture *f = *state;
    problem wrong;
    f->config.state_disk = 1000;
    job *other = ask(f, 8, 10, &wrong);
    job_hold(other);
    be_done(f, other, 100);
    job *oldest = ask(f, 7, 10, &wrong);
    job_hold(oldest);
    be_done(f, oldest, 400);
    be_done(f, ask(f, 7, 10, &wrong), 400);
    job *next = ask(f, 9, 200, &wrong);
    assert_non_null(next);
    assert_int_equal(oldest->state, JOB_EXPIRED);
    assert_int_equal(other->state, JOB_DONE);
    assert_null(ask(f, 9, 200, &wrong)); /* more than a fourth of it would wait */
    assert_string_equal(wrong.code, "too_many_jobs");
    for (uint64_t client = 20; client < 24; client++)
        job_release(ask(f, client, 200, &wrong));
    assert_null(ask(f, 30, 200, &wrong)); /* what waits is never thrown away */
    assert_string_equal(wrong.code, "no_storage");
    job_release(other);
    job_release(oldest);
    job_release(next);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(memory_that_runs_out_passes, open_jobs, close_jobs),
        cmocka_unit_test_setup_teardown(room_for_one_is_enough_for_all, open_jobs, close_jobs),
        cmocka_unit_test_setup_teardown(no_thread_that_paints_waits_for_the_disk, open_jobs, close_jobs),
        cmocka_unit_test_setup_teardown(what_cannot_be_removed_is_not_said_to_be, open_jobs, close_jobs),
        cmocka_unit_test_setup_teardown(what_is_too_old_goes_when_it_can, open_jobs, close_jobs),
        cmocka_unit_test_setup_teardown(an_end_is_an_end_after_a_restart, open_jobs, close_jobs),
        cmocka_unit_test_setup_teardown(one_client_does_not_close_the_door, open_jobs, close_jobs),
        cmocka_unit_test_setup_teardown(what_is_done_does_not_count, open_jobs, close_jobs),
        cmocka_unit_test_setup_teardown(the_disk_has_an_end, open_jobs, close_jobs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
