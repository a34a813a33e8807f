#include "paint/folder_tier.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "base/log.h"

#define NAME_SIZE 69 /* 64 digits, ".pic", zero */
#define ENDING    ".pic"

/* What is known of a file; kept in memory, rebuilt from the folder at start. */
typedef struct item {
    char name[NAME_SIZE];
    char subject[OWNER_MAX + SUBJECT_MAX + 1];
    uint64_t bytes;
    int64_t made;               /* as painting.made */
    bool doomed;                /* should be gone, and could not be removed: nobody gets it any more */
    struct item *newer, *older; /* by last use */
} item;

typedef struct folder {
    pthread_mutex_t lock;
    char path[600];
    int handle;
    uint64_t limit;
    item *newest, *oldest;
    cache_tier_counts counts;
    uint64_t serial;                /* of temporary names */
    bool put_failed, remove_failed; /* when that was last tried: told once */
} folder;

static void name_of(const painting_key *key, char out[NAME_SIZE])
{
    hex_encode(key->bytes, sizeof key->bytes, out);
    strcat(out, ENDING);
}

static item *find(folder *f, const char *name)
{
    item *i = f->newest;
    while (i && strcmp(i->name, name))
        i = i->older;
    return i;
}

static void unlink_item(folder *f, item *i)
{
    *(i->newer ? &i->newer->older : &f->newest) = i->older;
    *(i->older ? &i->older->newer : &f->oldest) = i->newer;
    f->counts.bytes -= i->bytes;
    f->counts.entries--;
}

static void make_newest(folder *f, item *i)
{
    i->newer = NULL;
    i->older = f->newest;
    *(f->newest ? &f->newest->newer : &f->oldest) = i;
    f->newest = i;
    f->counts.bytes += i->bytes;
    f->counts.entries++;
}

static void tell(folder *f, bool *before, bool failed, const char *what)
{
    const int why = errno;
    if (failed && !*before)
        log_line(STYLIZE_LOG_ERROR, "results cannot be %s the cache's folder %s: %s", what, f->path,
                 strerror(why));
    else if (!failed && *before)
        log_line(STYLIZE_LOG_INFO, "results can be %s the cache's folder again", what);
    *before = failed;
}

/* False: the file is there still, and so is the item, which nobody gets any more. */
static bool drop(folder *f, item *i)
{
    const bool gone = !unlinkat(f->handle, i->name, 0) || errno == ENOENT;
    tell(f, &f->remove_failed, !gone, "removed from");
    f->counts.left += !gone && !i->doomed;
    f->counts.left -= gone && i->doomed;
    i->doomed = !gone;
    if (!gone)
        return false;
    unlink_item(f, i);
    free(i);
    return true;
}

/* False: there is none for so many bytes more. */
static bool make_room(folder *f, uint64_t more)
{
    while (f->oldest && f->counts.bytes + more > f->limit) {
        if (!drop(f, f->oldest))
            return false;
        f->counts.evictions++;
    }
    return f->counts.bytes + more <= f->limit;
}

static painting *load(folder *f, const char *name, const painting_key *key)
{
    buf block = {0};
    painting *p = NULL;
    const int file = openat(f->handle, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (file >= 0 && file_read(file, UINT64_C(1) << 32, &block))
        p = painting_read(key, (slice){block.data, block.size});
    if (file >= 0)
        close(file);
    buf_free(&block);
    return p;
}

static painting *folder_get(void *state, const painting_key *key)
{
    folder *f = state;
    char name[NAME_SIZE];
    name_of(key, name);
    pthread_mutex_lock(&f->lock);
    item *i = find(f, name);
    i = i && i->doomed ? NULL : i;
    if (i) {
        unlink_item(f, i);
        make_newest(f, i);
    }
    pthread_mutex_unlock(&f->lock);
    painting *p = i ? load(f, name, key) : NULL;
    if (i && !p) { /* damaged, or somebody removed it */
        pthread_mutex_lock(&f->lock);
        item *again = find(f, name);
        if (again)
            drop(f, again);
        pthread_mutex_unlock(&f->lock);
    }
    return p;
}

static bool store(folder *f, const char *name, const buf *b)
{
    char temporary[32];
    pthread_mutex_lock(&f->lock);
    snprintf(temporary, sizeof temporary, "new-%llu", (unsigned long long)f->serial++);
    pthread_mutex_unlock(&f->lock);
    const int file = openat(f->handle, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool ok = file >= 0 && file_write(file, (slice){b->data, b->size});
    if (file >= 0)
        ok = !close(file) && ok;
    ok = ok && !renameat(f->handle, temporary, f->handle, name);
    if (!ok && file >= 0)
        unlinkat(f->handle, temporary, 0);
    return ok;
}

static void add(folder *f, item *fresh)
{
    item *old = find(f, fresh->name);
    if (old) { /* its file is the new one now */
        f->counts.left -= old->doomed;
        unlink_item(f, old);
        free(old);
    }
    make_newest(f, fresh);
    make_room(f, 0);
}

static void folder_put(void *state, const painting_key *key, painting *p)
{
    folder *f = state;
    buf block = {0};
    item *fresh = calloc(1, sizeof *fresh);
    const bool made = fresh && painting_write(p, key, &block);
    bool kept = false;
    if (made && block.size <= f->limit) {
        name_of(key, fresh->name);
        fresh->bytes = block.size;
        fresh->made = p->made;
        memcpy(fresh->subject, p->subject, sizeof fresh->subject);
        pthread_mutex_lock(&f->lock);
        const bool room = make_room(f, block.size);
        pthread_mutex_unlock(&f->lock);
        kept = room && store(f, fresh->name, &block);
        const int why = errno;
        pthread_mutex_lock(&f->lock);
        errno = why;
        if (room)
            tell(f, &f->put_failed, !kept, "written to");
        if (kept)
            add(f, fresh);
    } else {
        pthread_mutex_lock(&f->lock);
    }
    f->counts.failures += !kept;
    pthread_mutex_unlock(&f->lock);
    if (!kept)
        free(fresh);
    buf_free(&block);
}

static size_t folder_forget(void *state, const char *subject, bool *whole)
{
    folder *f = state;
    size_t n = 0;
    pthread_mutex_lock(&f->lock);
    for (item *i = f->newest, *older; i; i = older) {
        older = i->older;
        if (subject && strcmp(i->subject, subject) != 0)
            continue;
        const bool gone = drop(f, i);
        n += gone;
        *whole = *whole && gone;
    }
    pthread_mutex_unlock(&f->lock);
    return n;
}

static void folder_sweep(void *state, int64_t before)
{
    folder *f = state;
    pthread_mutex_lock(&f->lock);
    for (item *i = f->newest, *older; i; i = older) {
        older = i->older;
        if ((i->doomed || i->made < before) && !drop(f, i))
            break; /* the others would fare no better */
    }
    pthread_mutex_unlock(&f->lock);
}

static void folder_list(void *state, const char *subject,
                        void (*each)(void *user, const painting_key *key, uint64_t bytes), void *user)
{
    folder *f = state;
    painting_key key;
    pthread_mutex_lock(&f->lock);
    for (item *i = f->newest; i; i = i->older)
        if (!i->doomed && !strcmp(i->subject, subject) && hex_decode(i->name, 64, key.bytes))
            each(user, &key, i->bytes);
    pthread_mutex_unlock(&f->lock);
}

static void folder_counts(void *state, cache_tier_counts *out)
{
    folder *f = state;
    pthread_mutex_lock(&f->lock);
    *out = f->counts;
    pthread_mutex_unlock(&f->lock);
}

static void folder_close(void *state)
{
    folder *f = state;
    for (item *i = f->newest, *older; i; i = older) {
        older = i->older;
        free(i);
    }
    close(f->handle);
    pthread_mutex_destroy(&f->lock);
    free(f);
}

/* ------------------------------------------------------------------ start */

typedef struct found {
    item *item;
    struct timespec used;
} found;

static int by_age(const void *a, const void *b)
{
    const struct timespec *x = &((const found *)a)->used, *y = &((const found *)b)->used;
    if (x->tv_sec != y->tv_sec)
        return x->tv_sec < y->tv_sec ? -1 : 1;
    return (x->tv_nsec > y->tv_nsec) - (x->tv_nsec < y->tv_nsec);
}

/* NULL, or an item that stands for it until it can be removed. */
static item *remove_found(folder *f, const char *name)
{
    if (!unlinkat(f->handle, name, 0) || errno == ENOENT)
        return NULL;
    item *i = calloc(1, sizeof *i);
    if (i) {
        snprintf(i->name, sizeof i->name, "%s", name);
        i->doomed = true;
        f->counts.left++;
    }
    return i;
}

/* One file of the folder; what is no result of ours and looks like a temporary one goes. */
static item *look_at(folder *f, const char *name, struct timespec *used)
{
    struct stat info;
    painting_key key;
    *used = (struct timespec){0};
    if (!strncmp(name, "new-", 4))
        return remove_found(f, name);
    if (strlen(name) != NAME_SIZE - 1 || strcmp(name + 64, ENDING) || !hex_decode(name, 64, key.bytes) ||
        fstatat(f->handle, name, &info, AT_SYMLINK_NOFOLLOW) || !S_ISREG(info.st_mode))
        return NULL;
    painting *p = load(f, name, &key);
    item *i = p ? calloc(1, sizeof *i) : remove_found(f, name);
    if (i && p) {
        memcpy(i->name, name, NAME_SIZE);
        memcpy(i->subject, p->subject, sizeof i->subject);
        i->bytes = (uint64_t)info.st_size;
        i->made = p->made;
        *used = info.st_mtim;
    }
    painting_release(p);
    return i;
}

static bool scan(folder *f)
{
    const int handle = openat(f->handle, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = handle >= 0 ? fdopendir(handle) : NULL;
    found *list = NULL;
    size_t count = 0, capacity = 0;
    bool ok = d != NULL;
    for (struct dirent *e; ok && (e = readdir(d));) {
        if (count == capacity) {
            capacity = capacity ? 2 * capacity : 256;
            found *more = realloc(list, capacity * sizeof *list);
            if (!(ok = more != NULL))
                break;
            list = more;
        }
        list[count].item = look_at(f, e->d_name, &list[count].used);
        count += list[count].item != NULL;
    }
    if (count)
        qsort(list, count, sizeof *list, by_age);
    for (size_t i = 0; i < count; i++)
        make_newest(f, list[i].item);
    make_room(f, 0);
    free(list);
    if (d)
        closedir(d);
    else if (handle >= 0)
        close(handle);
    return ok;
}

bool cache_add_folder(cache *c, const char *path, uint64_t bytes, char *message, size_t size)
{
    folder *f = c->tier_count < CACHE_TIERS_MAX ? calloc(1, sizeof *f) : NULL;
    if (!f) {
        snprintf(message, size, "out of memory");
        return false;
    }
    pthread_mutex_init(&f->lock, NULL);
    snprintf(f->path, sizeof f->path, "%s", path);
    f->limit = bytes;
    mkdir(path, 0700);
    f->handle = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (f->handle < 0 || faccessat(f->handle, ".", W_OK, 0) || !scan(f)) {
        snprintf(message, size, "the cache's folder %s cannot be used: %s", path, strerror(errno));
        if (f->handle >= 0)
            folder_close(f);
        else
            free(f);
        return false;
    }
    c->tiers[c->tier_count++] = (cache_tier){"folder",    true,         false,         f,
                                             folder_get,  folder_put,   folder_forget, folder_counts,
                                             folder_list, folder_close, folder_sweep};
    return true;
}
