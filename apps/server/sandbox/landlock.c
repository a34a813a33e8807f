#include "sandbox/landlock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "common/language.h"

/* As in linux/landlock.h, which is younger than some systems that this is built on. */
enum {
    CREATE_RULESET = 444, /* the same numbers on every architecture */
    ADD_RULE = 445,
    RESTRICT_SELF = 446,
    ASK_VERSION = 1,
    RULE_PATH = 1
};

enum {
    EXECUTE = 1 << 0,
    WRITE_FILE = 1 << 1,
    READ_FILE = 1 << 2,
    READ_DIR = 1 << 3,
    REMOVE_DIR = 1 << 4,
    REMOVE_FILE = 1 << 5,
    MAKE_DIR = 1 << 7,
    MAKE_REG = 1 << 8,
    TRUNCATE = 1 << 14,
    IOCTL_DEV = 1 << 15,
    OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV
};

struct ruleset {
    uint64_t files;
};

struct path_rule {
    uint64_t allowed;
    int32_t parent;
} __attribute__((packed));

/* What the kernel can restrict, by the version of its Landlock. */
static uint64_t handled_by(long version)
{
    const int bits = version < 2 ? 13 : version < 3 ? 14 : version < 5 ? 15 : 16;
    return (1ull << bits) - 1;
}

/* A path that is not there is left out. */
static bool allow(int ruleset, const char *path, uint64_t rights, uint64_t handled)
{
    struct stat info;
    struct path_rule rule = {.allowed = rights & handled, .parent = open(path, O_PATH | O_CLOEXEC)};
    if (rule.parent < 0)
        return errno == ENOENT || errno == EACCES || errno == ENOTDIR;
    bool ok = !fstat(rule.parent, &info);
    if (ok && !S_ISDIR(info.st_mode))
        rule.allowed &= OF_FILES;
    ok = ok && !syscall(ADD_RULE, ruleset, RULE_PATH, &rule, 0);
    /* A rule holds for an inode. That of a process goes when nobody looks, so this one is kept. */
    if (strcmp(path, "/proc/self"))
        close(rule.parent);
    return ok;
}

/* The folder that a file's name lies in. */
static bool allow_folder_of(int ruleset, const char *path, uint64_t rights, uint64_t handled)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
    const bool ok = folder && allow(ruleset, folder, rights, handled);
    free(folder);
    return ok;
}

/* Also where the file is if its name is a link, as certificates often are. */
static bool allow_file(int ruleset, const char *path, uint64_t handled)
{
    char *real = realpath(path, NULL);
    const bool ok = allow_folder_of(ruleset, path, READ_FILE, handled) &&
                    (!real || allow_folder_of(ruleset, real, READ_FILE, handled));
    free(real);
    return ok;
}

static bool add_rules(int ruleset, const sandbox_policy *p, uint64_t handled)
{
    const uint64_t read = READ_FILE | READ_DIR, write = read | WRITE_FILE | TRUNCATE | REMOVE_FILE | MAKE_REG;
    bool ok = true;
    for (size_t i = 0; ok && i < APP_LEN(p->tree); i++)
        ok = !p->tree[i] || allow(ruleset, p->tree[i], write | MAKE_DIR | REMOVE_DIR, handled);
    for (size_t i = 0; ok && i < SANDBOX_PATHS_MAX; i++)
        ok = (!p->write[i] || allow(ruleset, p->write[i], write, handled)) &&
             (!p->read[i] || allow(ruleset, p->read[i], read, handled)) &&
             (!p->files[i] || allow_file(ruleset, p->files[i], handled));
    /* The C library loads what looks names up. */
    for (int i = 0; ok && p->outgoing && i < 3; i++)
        ok = allow(ruleset, (const char *const[]){"/usr/lib", "/lib", "/lib64"}[i], read | EXECUTE, handled);
    /* libtorch may lie anywhere, and uses devices. */
    return ok && (!p->plugins || (allow(ruleset, "/", read | EXECUTE, handled) &&
                                  allow(ruleset, "/dev", read | WRITE_FILE | IOCTL_DEV, handled)));
}

static bool is_alone(void)
{
    size_t threads = 0;
    DIR *d = opendir("/proc/self/task");
    for (struct dirent *e; d && (e = readdir(d));)
        threads += e->d_name[0] != '.';
    if (d)
        closedir(d);
    return threads == 1;
}

/* A thread that was joined may be there a moment longer. */
static bool wait_alone(void)
{
    const struct timespec moment = {.tv_nsec = 1000000};
    int tries = 1000;
    while (!is_alone() && tries--)
        nanosleep(&moment, NULL);
    return tries > 0;
}

bool sandbox_files(const sandbox_policy *p, char *message, size_t size)
{
    const long version = syscall(CREATE_RULESET, NULL, 0, ASK_VERSION);
    if (version < 1) {
        snprintf(message, size, "this kernel has no Landlock, or it is switched off");
        return false;
    }
    if (!wait_alone()) {
        snprintf(message, size, "threads were started before, or /proc cannot be read");
        return false;
    }
    const struct ruleset all = {.files = handled_by(version)};
    const int ruleset = (int)syscall(CREATE_RULESET, &all, sizeof all, 0);
    const bool ok = ruleset >= 0 && add_rules(ruleset, p, all.files) &&
                    !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) && !syscall(RESTRICT_SELF, ruleset, 0);
    if (!ok)
        snprintf(message, size, "Landlock: %s", strerror(errno));
    if (ruleset >= 0)
        close(ruleset);
    return ok;
}
