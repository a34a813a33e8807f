#include "jobs/job_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/files.h"
#include "base/json_text.h"

static bool default_path(char *out, size_t size)
{
    const char *state = getenv("STATE_DIRECTORY"), *xdg = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    int n = -1;
    if (state && *state == '/')
        n = snprintf(out, size, "%.*s", (int)strcspn(state, ":"), state);
    else if (xdg && *xdg == '/')
        n = snprintf(out, size, "%s/stylize-server", xdg);
    else if (home && *home == '/')
        n = snprintf(out, size, "%s/.local/state/stylize-server", home);
    return n > 0 && (size_t)n < size;
}

bool job_files_open(job_files *f, const char *asked, char *message, size_t size)
{
    struct stat info;
    if (f->folder >= 0)
        return true;
    if (asked ? (size_t)snprintf(f->path, sizeof f->path, "%s", asked) >= sizeof f->path
              : !default_path(f->path, sizeof f->path)) {
        snprintf(message, size, "there is no folder for jobs; give --state-dir");
        return false;
    }
    const int handle = folders_make(f->path) ? open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (handle < 0 || fstat(handle, &info) || info.st_uid != geteuid() || fchmod(handle, 0700)) {
        snprintf(message, size, "the folder for jobs %s cannot be used: %s", f->path,
                 handle < 0 ? strerror(errno) : "it belongs to somebody else");
        if (handle >= 0)
            close(handle);
        return false;
    }
    f->folder = handle;
    return true;
}

bool job_files_lock(const job_files *f, char *message, size_t size)
{
    if (!flock(f->folder, LOCK_EX | LOCK_NB))
        return true;
    snprintf(message, size, "the folder for jobs %s %s%s", f->path,
             errno == EWOULDBLOCK ? "is that of another server which runs" : "cannot be locked: ",
             errno == EWOULDBLOCK ? "; give this one its own with --state-dir" : strerror(errno));
    return false;
}

static void name_of(const char *id, const char *ending, char out[48])
{
    snprintf(out, 48, "%s.%s", id, ending);
}

static bool remove_file(job_files *f, const char *name)
{
    return !unlinkat(f->folder, name, 0) || errno == ENOENT;
}

static bool write_file(job_files *f, const char *id, const char *ending, const slice *pieces, size_t count)
{
    char name[48], temporary[48];
    name_of(id, ending, name);
    name_of(id, "new", temporary);
    const int file = openat(f->folder, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool ok = file >= 0;
    for (size_t i = 0; ok && i < count; i++)
        ok = file_write(file, pieces[i]);
    ok = ok && !fsync(file);
    if (file >= 0)
        ok = !close(file) && ok;
    ok = ok && !renameat(f->folder, temporary, f->folder, name) && !fsync(f->folder);
    if (!ok)
        remove_file(f, temporary); /* what is left of it goes with the job */
    return ok;
}

static bool read_file(job_files *f, const char *id, const char *ending, buf *out)
{
    char name[48];
    name_of(id, ending, name);
    const int file = openat(f->folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    const bool ok = file >= 0 && file_read(file, SIZE_MAX, out);
    if (file >= 0)
        close(file);
    return ok;
}

bool job_files_save(job_files *f, const job *b, slice type, const blob *body)
{
    json_t *about = json_pack("{s:s, s:s, s:I, s:s%}", "owner", b->owner, "subject", b->subject, "created",
                              (json_int_t)b->created, "type", type.data, type.size);
    if (about && b->style)
        json_object_set_new(about, "style", json_string(job_style_id(b->style)));
    char *line = json_line(about);
    const slice pieces[] = {{line, line ? strlen(line) : 0}, {"\n", 1}, {body->body.data, body->body.size}};
    const bool ok = line && write_file(f, b->id, "job", pieces, APP_LEN(pieces));
    free(line);
    return ok;
}

/* Whose it is, and which style it learns, if it does; false without memory. */
static bool read_about(const json_t *about, job *b)
{
    const char *style = json_string_value(json_object_get(about, "style"));
    json_member_text(about, "owner", b->owner, sizeof b->owner);
    json_member_text(about, "subject", b->subject, sizeof b->subject);
    b->created = json_integer_value(json_object_get(about, "created"));
    if (style && !b->style)
        b->style = job_style_create(style);
    return !style || b->style;
}

blob *job_files_load(job_files *f, const char *id, job *b, slice *type)
{
    blob *memory = blob_create();
    buf whole = {0};
    json_t *about = NULL;
    slice rest, line;
    if (memory && read_file(f, id, "job", &whole)) {
        rest = (slice){whole.data, whole.size};
        if (slice_next(&rest, '\n', &line) && rest.data)
            about = json_loadb(line.data, line.size, 0, NULL);
    }
    if (!about || !read_about(about, b)) {
        json_decref(about);
        buf_free(&whole);
        blob_release(memory);
        return NULL;
    }
    const char *text = json_string_value(json_object_get(about, "type"));
    /* The type goes first into the memory of pictures, which nothing has used yet. */
    buf_append(&memory->pictures, text ? text : "", text ? strlen(text) : 0);
    *type = (slice){memory->pictures.data, memory->pictures.size};
    json_decref(about);
    memmove(whole.data, rest.data, rest.size);
    whole.size = rest.size;
    memory->body = whole;
    return memory;
}

static bool write_json(job_files *f, const job *b, const char *ending, json_t *taken)
{
    char *text = json_line(taken);
    const bool ok = text && write_file(f, b->id, ending, &(slice){text, strlen(text)}, 1);
    free(text);
    return ok;
}

bool job_files_finish(job_files *f, const job *b, painting *result, bool done)
{
    bool ok;
    if (done && b->style) {
        ok = write_json(f, b, "style",
                        json_pack("{s:s, s:s, s:s, s:I}", "owner", b->owner, "subject", b->subject, "style",
                                  job_style_id(b->style), "created", (json_int_t)b->created));
    } else if (done) {
        const painting_key none = {{0}};
        char subject[STORED_SUBJECT];
        buf block = {0};
        memcpy(subject, result->subject, sizeof subject);
        if (!subject[0] && b->owner[0]) /* so that it stays its owner's after a restart */
            subject_join(subject, b->owner, "");
        ok = painting_write_as(result, &none, subject, &block) &&
             write_file(f, b->id, "done", &(slice){block.data, block.size}, 1);
        buf_free(&block);
    } else {
        json_t *why = json_pack("{s:s, s:s, s:i, s:s, s:s, s:I}", "owner", b->owner, "subject", b->subject,
                                "status", (int)b->problem.status, "code", b->problem.code, "message",
                                b->problem.message, "created", (json_int_t)b->created);
        if (why && b->style)
            json_object_set_new(why, "style", json_string(job_style_id(b->style)));
        ok = write_json(f, b, "failed", why);
    }
    return ok;
}

painting *job_files_result(job_files *f, const char *id)
{
    const painting_key none = {{0}};
    buf block = {0};
    painting *p =
        read_file(f, id, "done", &block) ? painting_read(&none, (slice){block.data, block.size}) : NULL;
    buf_free(&block);
    return p;
}

bool job_files_over(job_files *f, const char *id)
{
    static const char *const endings[] = {"done", "style", "failed"};
    bool over = false;
    for (size_t i = 0; i < APP_LEN(endings); i++) {
        char name[48];
        name_of(id, endings[i], name);
        over = over || !faccessat(f->folder, name, F_OK, 0);
    }
    return over;
}

/* NULL if it cannot be read, or without memory. */
static json_t *read_json(job_files *f, const char *id, const char *ending, job *b)
{
    buf text = {0};
    json_t *json = read_file(f, id, ending, &text) ? json_loadb(text.data, text.size, 0, NULL) : NULL;
    buf_free(&text);
    if (json && read_about(json, b))
        return json;
    json_decref(json);
    return NULL;
}

bool job_files_learnt(job_files *f, const char *id, job *b)
{
    json_t *about = read_json(f, id, "style", b);
    json_decref(about);
    return about && b->style;
}

bool job_files_failure(job_files *f, const char *id, job *b)
{
    json_t *why = read_json(f, id, "failed", b);
    if (!why)
        return false;
    const json_int_t status = json_integer_value(json_object_get(why, "status"));
    const char *message = json_string_value(json_object_get(why, "message"));
    problem_set(&b->problem, status >= 400 && status < 600 ? (unsigned)status : 500, "failed", NULL, "%s",
                message ? message : "the job failed");
    json_decref(why);
    return true;
}

bool job_files_remove(job_files *f, const char *id, bool upload_only)
{
    static const char *const endings[] = {"job", "new", "done", "style", "failed"};
    bool ok = true;
    for (size_t i = 0; f->folder >= 0 && i < (upload_only ? 2 : APP_LEN(endings)); i++) {
        char name[48];
        name_of(id, endings[i], name);
        ok = remove_file(f, name) && ok;
    }
    return ok;
}

void job_files_scan(job_files *f, int64_t ttl,
                    void (*each)(void *user, const char *id, const char *ending, int64_t age), void *user)
{
    const int handle = openat(f->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = handle >= 0 ? fdopendir(handle) : NULL;
    const int64_t now = time(NULL);
    for (struct dirent *e; d && (e = readdir(d));) {
        uint8_t bytes[12];
        char id[25];
        struct stat info;
        if (strlen(e->d_name) < 26 || e->d_name[24] != '.' || !hex_decode(e->d_name, 24, bytes) ||
            fstatat(f->folder, e->d_name, &info, AT_SYMLINK_NOFOLLOW))
            continue;
        memcpy(id, e->d_name, 24);
        id[24] = '\0';
        const int64_t age = now - (int64_t)info.st_mtime;
        if (strcmp(e->d_name + 25, "new") != 0 && age < ttl)
            each(user, id, e->d_name + 25, age);
        else if (!remove_file(f, e->d_name))
            each(user, id, "old", age);
    }
    if (d)
        closedir(d);
}

void job_files_close(job_files *f)
{
    if (f->folder >= 0)
        close(f->folder);
    f->folder = -1;
}
