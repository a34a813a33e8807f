#include "sandbox/seccomp.h"

#include <stdio.h>

#ifdef SERVER_HAVE_SECCOMP

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/language.h"

/* What it does while it serves. Names that an architecture or the library does not know are left out. */
static const char *const always[] = {
    /* files */
    "open", "openat", "openat2", "close", "read", "readv", "pread64", "preadv", "write", "writev", "pwrite64",
    "pwritev", "lseek", "stat", "fstat", "lstat", "newfstatat", "fstatat64", "statx", "statfs", "fstatfs",
    "access", "faccessat", "faccessat2", "readlink", "readlinkat", "getdents64", "getcwd", "fsync",
    "fdatasync", "ftruncate", "fallocate", "fadvise64", "rename", "renameat", "renameat2", "unlink",
    "unlinkat", "fcntl", "flock",
    /* memory */
    "munmap", "mremap", "madvise", "brk", "membarrier", "mincore",
    /* threads */
    "exit", "exit_group", "futex", "futex_waitv", "set_robust_list", "get_robust_list", "rseq",
    "set_tid_address", "sched_yield", "sched_getaffinity", "getcpu", "gettid", "getpid",
    /* time */
    "clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep", "gettimeofday", "time", "timerfd_create",
    "timerfd_settime", "timerfd_gettime",
    /* waiting */
    "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2", "eventfd2", "poll", "ppoll",
    "select", "pselect6",
    /* connections that it has or that come */
    "accept", "accept4", "recvfrom", "recvmsg", "sendto", "sendmsg", "sendfile", "shutdown", "getsockopt",
    "setsockopt", "getsockname", "getpeername",
    /* signals */
    "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigtimedwait", "sigaltstack", "restart_syscall",
    /* itself and the system */
    "getuid", "geteuid", "getgid", "getegid", "getrusage", "getrlimit", "times", "uname", "sysinfo",
    "getrandom"};

static const char *const for_outgoing[] = {"connect", "bind", "sendmmsg", "recvmmsg", "socketpair", "pipe2"};

static const char *const for_plugins[] = {"ioctl",
                                          "sched_setaffinity",
                                          "sched_getparam",
                                          "sched_getscheduler",
                                          "sched_setscheduler",
                                          "sched_get_priority_max",
                                          "sched_get_priority_min",
                                          "mbind",
                                          "get_mempolicy",
                                          "set_mempolicy",
                                          "mlock",
                                          "munlock",
                                          "mlock2",
                                          "msync",
                                          "memfd_create",
                                          "socketpair",
                                          "pipe",
                                          "pipe2",
                                          "dup",
                                          "dup2",
                                          "dup3",
                                          "prctl",
                                          "getresuid",
                                          "getresgid",
                                          "getpgrp",
                                          "inotify_init1",
                                          "inotify_add_watch",
                                          "mknodat",
                                          "chmod"};

/* Nothing that serves comes here: whoever does is not the server any more. */
static const char *const deadly[] = {"execve",           "execveat",          "fork", "vfork", "ptrace",
                                     "process_vm_readv", "process_vm_writev", "bpf",  "mount"};

static bool add_rule(scmp_filter_ctx filter, uint32_t action, const char *name, unsigned count,
                     const struct scmp_arg_cmp *arguments)
{
    const int call = seccomp_syscall_resolve_name(name);
    return call == __NR_SCMP_ERROR || !seccomp_rule_add_array(filter, action, call, count, arguments);
}

static bool add_list(scmp_filter_ctx filter, uint32_t action, const char *const *names, size_t count)
{
    bool ok = true;
    for (size_t i = 0; ok && i < count; i++)
        ok = add_rule(filter, action, names[i], 0, NULL);
    return ok;
}

/* One argument decides. */
static bool allow_if(scmp_filter_ctx filter, const char *name, struct scmp_arg_cmp argument)
{
    return add_rule(filter, SCMP_ACT_ALLOW, name, 1, &argument);
}

/* New threads, but no new process: the flags of clone3 lie in memory, so the C library is sent to clone. */
static bool add_threads(scmp_filter_ctx filter)
{
    const uint64_t thread = CLONE_VM | CLONE_SIGHAND | CLONE_THREAD;
    return add_rule(filter, SCMP_ACT_ERRNO(ENOSYS), "clone3", 0, NULL) &&
           allow_if(filter, "clone", SCMP_A0(SCMP_CMP_MASKED_EQ, thread, thread)) &&
           allow_if(filter, "prctl", SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME, 0)) &&
           allow_if(filter, "setpriority", SCMP_A1(SCMP_CMP_EQ, 0, 0)) && /* of the thread itself */
           allow_if(filter, "prlimit64", SCMP_A2(SCMP_CMP_EQ, 0, 0)) &&   /* asks only */
           allow_if(filter, "tgkill", SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0)); /* abort */
}

/* No code that was not there at the start. */
static bool add_memory(scmp_filter_ctx filter, bool code)
{
    if (code)
        return add_list(filter, SCMP_ACT_ALLOW, (const char *const[]){"mmap", "mmap2", "mprotect"}, 3);
    const struct scmp_arg_cmp data = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
    return allow_if(filter, "mmap", data) && allow_if(filter, "mmap2", data) &&
           allow_if(filter, "mprotect", data);
}

static bool add_sockets(scmp_filter_ctx filter)
{
    static const int families[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};
    bool ok = add_list(filter, SCMP_ACT_ALLOW, for_outgoing, APP_LEN(for_outgoing));
    for (size_t i = 0; ok && i < APP_LEN(families); i++)
        ok = allow_if(filter, "socket", SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)families[i], 0));
    return ok;
}

static int load(const sandbox_policy *p, scmp_filter_ctx filter)
{
    const bool ok =
        !seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1) &&
        add_list(filter, SCMP_ACT_ALLOW, always, APP_LEN(always)) &&
        add_list(filter, SCMP_ACT_KILL_PROCESS, deadly, APP_LEN(deadly)) && add_threads(filter) &&
        add_memory(filter, p->plugins || p->outgoing) && (!p->outgoing || add_sockets(filter)) &&
        (!(p->tree[0] || p->tree[1]) ||
         add_list(filter, SCMP_ACT_ALLOW, (const char *const[]){"mkdir", "mkdirat", "rmdir"}, 3)) &&
        (!p->plugins || add_list(filter, SCMP_ACT_ALLOW, for_plugins, APP_LEN(for_plugins)));
    seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* a tree; it works without, but slower */
    return ok ? seccomp_load(filter) : -ENOMEM;
}

bool sandbox_calls(const sandbox_policy *p, char *message, size_t size)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    const int rc = filter ? load(p, filter) : -ENOMEM;
    if (filter)
        seccomp_release(filter);
    if (rc)
        snprintf(message, size, "seccomp: %s", strerror(-rc));
    return !rc;
}

#else

bool sandbox_calls(const sandbox_policy *p, char *message, size_t size)
{
    snprintf(message, size, "this build has no seccomp: libseccomp-dev was missing when it was made");
    return false;
}

#endif
