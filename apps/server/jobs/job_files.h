/*
 * The folder of jobs. Each file is written under another name, synced and renamed.
 *
 *   ID.job     the upload: one line of JSON about it, then the body as it came
 *   ID.done    the result
 *   ID.style   which style was learnt
 *   ID.failed  why there is none
 */
#ifndef SERVER_JOB_FILES_H
#define SERVER_JOB_FILES_H

#include "jobs/job.h"

typedef struct job_files {
    int folder; /* -1 until the first job */
    char path[512];
} job_files;

/* Makes the folder if it is not there yet; asked: the one of --state-dir, or NULL. */
bool job_files_open(job_files *f, const char *asked, char *message, size_t size);
/* Keeps it for this process as long as it is open: two servers would paint the same jobs, and remove each other's files. */
bool job_files_lock(const job_files *f, char *message, size_t size);
bool job_files_save(job_files *f, const job *b, slice content_type, const blob *body);
/* Reads an upload again, and owner, subject and time into `about`, a job that nobody else sees. The
 * type is a slice of the memory. NULL if it is not there. */
blob *job_files_load(job_files *f, const char *id, job *about, slice *content_type);
/* Its end: a painting, a style that was learnt, or why there is none. */
bool job_files_finish(job_files *f, const job *b, painting *result, bool done);
painting *job_files_result(job_files *f, const char *id);
/* Whether its end is stored. */
bool job_files_over(job_files *f, const char *id);
/* Whose job it was and which style it learnt; false if that is not known. */
bool job_files_learnt(job_files *f, const char *id, job *b);
/* Whose job it was and why it failed; false if that is not known. */
bool job_files_failure(job_files *f, const char *id, job *b);
/* All, or those that only a job needs that is not over. False: some are there still. */
bool job_files_remove(job_files *f, const char *id, bool upload_only);
/* Calls for each file of the folder with its id, ending and age in seconds, after removing what is older than ttl and
 * half written; where that fails the ending is "old". */
void job_files_scan(job_files *f, int64_t ttl,
                    void (*each)(void *user, const char *id, const char *ending, int64_t age), void *user);
void job_files_close(job_files *f);

#endif
