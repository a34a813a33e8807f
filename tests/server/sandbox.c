/* What the sandbox forbids and allows; each attempt is a child's, as there is no way back. */
#include "sandbox/landlock.h"
#include "sandbox/seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

enum { CANNOT = 200 }; /* the kernel or the build has it not */

static char folder[] = "/tmp/stylize-sandbox-XXXXXX";
static char writable[64], readable[64], outside[64], certificates[64], certificate[80];

typedef int (*attempt)(void); /* 0 or errno */

/* The end of a child that enters the sandbox and then tries: its status as of wait. */
static int try(bool (*enter)(const sandbox_policy *p, char *message, size_t size), const sandbox_policy *p,
               attempt what)
{
    char message[256];
    int status;
    const pid_t child = fork();
    assert_true(child >= 0);
    if (!child)
        _exit(enter(p, message, sizeof message) ? what() : CANNOT);
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static int nothing(void) { return 0; }

/* Skips the test where the child cannot enter. */
static void need(bool (*enter)(const sandbox_policy *p, char *message, size_t size), const char *what)
{
    const sandbox_policy none = {.plugins = true};
    if (WEXITSTATUS(try(enter, &none, nothing)) != CANNOT)
        return;
    printf("skipped: %s cannot be had here\n", what);
    skip();
}

static void ends_with(int status, int code)
{
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), code);
}

static void is_killed(int status)
{
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGSYS);
}

/* ------------------------------------------------------------------ files */

static int open_it(const char *path, int flags)
{
    const int file = open(path, flags | O_CLOEXEC, 0600);
    if (file >= 0)
        close(file);
    return file >= 0 ? 0 : errno;
}

static const char *in(const char *where, const char *name)
{
    static char path[160];
    snprintf(path, sizeof path, "%s/%s", where, name);
    return path;
}

static int read_passwd(void) { return open_it("/etc/passwd", O_RDONLY); }
static int list_root(void) { return open_it("/", O_RDONLY | O_DIRECTORY); }
static int make_outside(void) { return open_it(in(outside, "new"), O_WRONLY | O_CREAT); }
static int make_readable(void) { return open_it(in(readable, "new"), O_WRONLY | O_CREAT); }
static int change_readable(void) { return open_it(in(readable, "file"), O_WRONLY); }
static int read_readable(void) { return open_it(in(readable, "file"), O_RDONLY); }
static int read_outside(void) { return open_it(in(outside, "file"), O_RDONLY); }
static int remove_readable(void) { return unlink(in(readable, "file")) ? errno : 0; }
static int list_certificates(void) { return open_it(certificates, O_RDONLY | O_DIRECTORY); }

/* As jobs and the cache write. */
static int write_and_rename(void)
{
    char other[160];
    snprintf(other, sizeof other, "%s/named", writable);
    const char *path = in(writable, "new");
    if (open_it(path, O_WRONLY | O_CREAT | O_TRUNC) || rename(path, other) || open_it(other, O_RDONLY))
        return errno ? errno : 1;
    return unlink(other) ? errno : 0;
}

static int read_self(void) { return open_it("/proc/self/statm", O_RDONLY); }

static int renewed(void) { return open_it(certificate, O_RDONLY); }

static void *passwd_of_thread(void *out)
{
    *(int *)out = read_passwd();
    return NULL;
}

static int passwd_in_thread(void)
{
    pthread_t thread;
    int code = 0;
    if (pthread_create(&thread, NULL, passwd_of_thread, &code))
        return CANNOT;
    pthread_join(thread, NULL);
    return code;
}

static void files_are_restricted(void **state)
{
    need(sandbox_files, "Landlock");
    const sandbox_policy p = {.write = {writable}, .read = {"/proc/self", readable}, .files = {certificate}};
    static const struct {
        attempt what;
        int code;
    } cases[] = {{read_passwd, EACCES},
                 {list_root, EACCES},
                 {make_outside, EACCES},
                 {read_outside, EACCES},
                 {make_readable, EACCES},
                 {change_readable, EACCES},
                 {remove_readable, EACCES},
                 {list_certificates, EACCES},
                 {passwd_in_thread, EACCES},
                 {read_readable, 0},
                 {write_and_rename, 0},
                 {read_self, 0},
                 {renewed, 0}};
    for (size_t i = 0; i < APP_LEN(cases); i++) {
        ends_with(try(sandbox_files, &p, cases[i].what), cases[i].code);
    }
}

/* A certificate is renewed by another file of its name. */
static bool enter_and_renew(const sandbox_policy *p, char *message, size_t size)
{
    int entered[2], done[2];
    char byte = 0;
    if (pipe(entered) || pipe(done))
        return false;
    const pid_t other = fork();
    if (!other) {
        const bool told = read(entered[0], &byte, 1) == 1;
        unlink(certificate);
        _exit(told && !open_it(certificate, O_WRONLY | O_CREAT) && write(done[1], "x", 1) == 1 ? 0 : 1);
    }
    return sandbox_files(p, message, size) && write(entered[1], "x", 1) == 1 && read(done[0], &byte, 1) == 1;
}

static void renewed_files_can_be_read(void **state)
{
    need(sandbox_files, "Landlock");
    const sandbox_policy p = {.files = {certificate}};
    ends_with(try(enter_and_renew, &p, renewed), 0);
}

static void *sleep_on(void *unused)
{
    pause();
    return NULL;
}

static bool enter_with_a_thread(const sandbox_policy *p, char *message, size_t size)
{
    pthread_t thread;
    return !pthread_create(&thread, NULL, sleep_on, NULL) && !sandbox_files(p, message, size) &&
           strstr(message, "threads");
}

static void files_are_not_restricted_too_late(void **state)
{
    const sandbox_policy none = {.plugins = false};
    need(sandbox_files, "Landlock");
    ends_with(try(enter_with_a_thread, &none, nothing), 0);
}

static void plugins_may_be_read_anywhere(void **state)
{
    const sandbox_policy p = {.plugins = true, .write = {writable}};
    need(sandbox_files, "Landlock");
    ends_with(try(sandbox_files, &p, read_outside), 0);
    ends_with(try(sandbox_files, &p, make_outside), EACCES);
    ends_with(try(sandbox_files, &p, write_and_rename), 0);
}

/* ------------------------------------------------------------------ system calls */

static int run_a_program(void) { return execl("/bin/true", "true", (char *)NULL) ? errno : 0; }
static int trace(void) { return ptrace(PTRACE_TRACEME, 0, NULL, NULL) ? errno : 0; }
static int read_others(void) { return syscall(SYS_process_vm_readv, 1, NULL, 0, NULL, 0, 0) < 0 ? errno : 0; }

static int make_process(void)
{
    const pid_t child = fork();
    if (!child)
        _exit(0);
    return child < 0 ? errno : 0;
}

static int make_socket(void)
{
    const int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return s < 0 ? errno : close(s) ? errno : 0;
}

static int make_packet_socket(void)
{
    const int s = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    return s < 0 ? errno : 0;
}

static int connect_nowhere(void)
{
    const struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = htons(1), .sin_addr = {htonl(0x7f000001)}};
    const int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return connect(s, (const struct sockaddr *)&at, sizeof at) ? errno : 0;
}

static int make_code(void)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? errno : 0;
}

static int turn_into_code(void)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? CANNOT : mprotect(p, 4096, PROT_READ | PROT_EXEC) ? errno : 0;
}

static int become_root(void) { return setuid(0) ? errno : 0; }
static int kill_parent(void) { return kill(getppid(), 0) ? errno : 0; }

static int change_limit(void)
{
    const struct rlimit less = {64, 64};
    return setrlimit(RLIMIT_NOFILE, &less) ? errno : 0;
}

static void calls_are_restricted(void **state)
{
    need(sandbox_calls, "seccomp");
    const sandbox_policy p = {.plugins = false};
    static const struct {
        attempt what;
        int code;
    } cases[] = {{make_process, EPERM},   {make_socket, EPERM},  {make_code, EPERM},
                 {turn_into_code, EPERM}, {become_root, EPERM},  {kill_parent, EPERM},
                 {change_limit, EPERM},   {passwd_in_thread, 0}, {read_passwd, 0}};
    for (size_t i = 0; i < APP_LEN(cases); i++)
        ends_with(try(sandbox_calls, &p, cases[i].what), cases[i].code);
    is_killed(try(sandbox_calls, &p, run_a_program));
    is_killed(try(sandbox_calls, &p, trace));
    is_killed(try(sandbox_calls, &p, read_others));
}

static void connections_are_for_those_who_need_them(void **state)
{
    need(sandbox_calls, "seccomp");
    const sandbox_policy p = {.outgoing = true}, both = {.outgoing = true, .plugins = true};
    ends_with(try(sandbox_calls, &p, make_socket), 0);
    ends_with(try(sandbox_calls, &p, connect_nowhere), ECONNREFUSED);
    ends_with(try(sandbox_calls, &p, make_packet_socket), EPERM);
    is_killed(try(sandbox_calls, &p, run_a_program));
    ends_with(try(sandbox_calls, &both, make_code), 0);
    is_killed(try(sandbox_calls, &both, trace));
}

static int from_thread = CANNOT;
static atomic_bool entered, tried;

static void *socket_of_thread(void *unused)
{
    while (!atomic_load(&entered))
        usleep(1000);
    from_thread = make_socket();
    atomic_store(&tried, true);
    return NULL;
}

static bool enter_with_an_older_thread(const sandbox_policy *p, char *message, size_t size)
{
    pthread_t thread;
    return !pthread_create(&thread, NULL, socket_of_thread, NULL) && sandbox_calls(p, message, size);
}

static int ask_thread(void)
{
    atomic_store(&entered, true);
    while (!atomic_load(&tried))
        usleep(1000);
    return from_thread;
}

static void older_threads_are_restricted_too(void **state)
{
    need(sandbox_calls, "seccomp");
    const sandbox_policy p = {.plugins = false};
    ends_with(try(enter_with_an_older_thread, &p, ask_thread), EPERM);
}

/* ------------------------------------------------------------------ policy */

static bool holds(const char *const *list, const char *path)
{
    for (size_t i = 0; i < SANDBOX_PATHS_MAX && list[i]; i++)
        if (!strcmp(list[i], path))
            return true;
    return false;
}

static void a_configuration_gets_what_it_names(void **state)
{
    config c = {.cache_dir = "/a", .tls_cert = "/b/cert", .tls_key = "/b/key", .api_keys = "/c/keys"};
    sandbox_policy p;
    sandbox_policy_of(&p, &c, &(sandbox_folders){"/models", "/styles", "/jobs"}, false);
    assert_true(holds(p.write, "/a") && holds(p.write, "/jobs") && holds(p.read, "/models"));
    assert_string_equal(p.tree[1], "/styles"); /* those that are learnt become folders in it */
    assert_true(holds(p.files, "/b/cert") && holds(p.files, "/b/key") && holds(p.files, "/c/keys"));
    assert_false(holds(p.write, "/models") || p.outgoing || p.plugins);
    c = (config){0};
    sandbox_policy_of(&p, &c, &(sandbox_folders){"/models", NULL, NULL}, true);
    assert_true(!p.write[0] && !p.files[0] && p.plugins);
}

static void make_file(const char *path)
{
    const int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(file >= 0);
    close(file);
}

static int set_up(void **state)
{
    assert_non_null(mkdtemp(folder));
    char *const names[] = {writable, readable, outside, certificates};
    for (size_t i = 0; i < APP_LEN(names); i++) {
        snprintf(names[i], sizeof writable, "%s/%zu", folder, i);
        assert_false(mkdir(names[i], 0700));
        make_file(in(names[i], "file"));
    }
    snprintf(certificate, sizeof certificate, "%s/cert.pem", certificates);
    make_file(certificate);
    return 0;
}

static int tear_down(void **state)
{
    const char *const names[] = {writable, readable, outside, certificates};
    unlink(certificate);
    for (size_t i = 0; i < APP_LEN(names); i++) {
        unlink(in(names[i], "file"));
        assert_false(rmdir(names[i]));
    }
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_restricted),
        cmocka_unit_test(renewed_files_can_be_read),
        cmocka_unit_test(files_are_not_restricted_too_late),
        cmocka_unit_test(plugins_may_be_read_anywhere),
        cmocka_unit_test(calls_are_restricted),
        cmocka_unit_test(connections_are_for_those_who_need_them),
        cmocka_unit_test(older_threads_are_restricted_too),
        cmocka_unit_test(a_configuration_gets_what_it_names),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
