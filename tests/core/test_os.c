/* The door to the system: what holds on all of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef _WIN32
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#endif

#include "base/common.h"
#include "base/os.h"

static char folder[] = "stylize-os-XXXXXX"; /* in the current folder: a build tree */

static const char *in_folder(const char *name)
{
    static char path[4][256];
    static unsigned next;
    char *at = path[next++ % 4];
    snprintf(at, sizeof *path, "%s/%s", folder, name);
    return at;
}

static int make_folder(void **state) { return stz_os_new_folder(folder); }

static int remove_all(void **state) { return stz_os_remove_folder(folder); }

/* Whichever strerror_r there is; a text that is null or empty is what users of other C libraries than glibc saw. */
static void a_code_has_a_text(void **state)
{
    char text[STZ_OS_TEXT];
    assert_string_equal(stz_os_text(ENOENT, text), strerror(ENOENT));
    assert_string_equal(stz_why(EACCES), strerror(EACCES));
    assert_non_null(stz_why(987654));
    assert_true(strlen(stz_why(987654)) > 0);
}

static void memory_is_aligned_and_goes_back(void **state)
{
    for (size_t align = 16; align <= STZ_OS_HUGE; align *= 2) {
        char *memory = stz_os_alloc(align, 3 * align + 1);
        assert_non_null(memory);
        assert_int_equal((uintptr_t)memory % align, 0);
        memory[3 * align] = 1;
        stz_os_free(memory);
    }
    stz_os_free(NULL);
    assert_null(stz_os_alloc(64, SIZE_MAX / 2));
}

static void a_wait_ends_by_itself(void **state)
{
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t cond;
    assert_true(stz_os_cond_init(&cond));
    pthread_mutex_lock(&lock);
    const uint64_t from = stz_os_now_ns();
    while (stz_os_now_ns() - from < 3000000) /* it may also end early */
        stz_os_wait(&cond, &lock, 1000000);
    stz_os_wait(&cond, &lock, 0);
    pthread_mutex_unlock(&lock);
    pthread_cond_destroy(&cond);
}

static void random_bytes_are(void **state)
{
    uint8_t a[1000] = {0}, b[1000] = {0};
    assert_true(stz_os_random(a, sizeof a));
    assert_true(stz_os_random(b, sizeof b));
    assert_memory_not_equal(a, b, sizeof a);
    assert_memory_not_equal(a + 984, b + 984, 16); /* to the end */
    assert_true(stz_os_random(a, 0));
}

static void the_machine_is_known(void **state)
{
    char text[64] = "", path[STZ_OS_PATH];
    assert_true(stz_os_processors() >= 1);
    stz_os_machine(text, sizeof text);
    assert_true(strlen(text) > 0);
    assert_true(stz_os_library_of((const void *)(uintptr_t)&stz_os_machine, path, sizeof path));
    assert_non_null(strstr(path, "test_os"));
    assert_false(stz_os_library_of((const void *)(uintptr_t)&stz_os_machine, path, 3));
    assert_null(stz_os_library("/no/such/library.so", path, sizeof path));
    assert_non_null(strstr(path, "/no/such"));
}

static void save(const char *path, const char *text)
{
    assert_int_equal(stz_os_save(path, text, strlen(text)), 0);
}

static void check_content(const char *path, const char *text)
{
    stz_os_file file;
    const void *bytes;
    char data[64];
    size_t size;
    assert_int_equal(stz_os_open(path, true, &file), 0);
    assert_int_equal(file.kind, STZ_OS_REGULAR);
    assert_int_equal(file.size, strlen(text));
    assert_int_equal(stz_os_map(&file, &bytes), 0);
    assert_int_equal(stz_os_read(&file, data, sizeof data, &size), 0);
    stz_os_close(&file);
    assert_int_equal(size, strlen(text));
    assert_memory_equal(data, text, size);
    if (size)
        assert_memory_equal(bytes, text, size); /* outlives the file's being open */
    else
        assert_null(bytes);
    stz_os_unmap(bytes, size);
}

static void a_file_is_replaced(void **state)
{
    const char *path = in_folder("file");
    save(path, "one\r\nline\n\x1a after"); /* bytes, whatever a system takes for the end of a text */
    check_content(path, "one\r\nline\n\x1a after");
    save(path, "two");
    check_content(path, "two");
    save(path, "");
    check_content(path, "");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(stz_os_save(in_folder("no/file"), "x", 1), ENOENT);
    assert_int_equal(stz_os_save(folder, "x", 1), EISDIR);
}

static void what_is_there_is_said(void **state)
{
    stz_os_kind kind;
    stz_os_file file;
    assert_int_equal(stz_os_look(folder, &kind), 0);
    assert_int_equal(kind, STZ_OS_FOLDER);
    assert_int_equal(stz_os_look(in_folder("none"), &kind), 0);
    assert_int_equal(kind, STZ_OS_NOTHING);
    assert_int_equal(stz_os_open(in_folder("none"), true, &file), ENOENT);
    assert_false(stz_os_taken(in_folder("none")));
    assert_true(stz_os_readable(folder));
#ifndef _WIN32
    assert_int_equal(stz_os_look("/dev/null", &kind), 0);
    assert_int_equal(kind, STZ_OS_OTHER);
    assert_int_equal(symlink("nowhere", in_folder("link")), 0);
    assert_true(stz_os_taken(in_folder("link")));
    assert_int_equal(mkfifo(in_folder("pipe"), 0600), 0);
    assert_int_equal(stz_os_open(in_folder("pipe"), false, &file), 0); /* does not hang */
    assert_int_equal(file.kind, STZ_OS_OTHER);
    stz_os_close(&file);
    assert_int_equal(unlink(in_folder("link")), 0);
    assert_int_equal(unlink(in_folder("pipe")), 0);
#endif
}

static bool visible(const char *name) { return name[0] != '.'; }

static void names_come_in_the_order_of_bytes(void **state)
{
    static const char *const made[] = {"b", "\xc3\xa4", "a", ".hidden", "C", "a1"};
    static const char *const wanted[] = {"C", "a", "a1", "b", "\xc3\xa4"};
    char **names, below[64], path[96];
    size_t count;
    snprintf(below, sizeof below, "%s", in_folder("names"));
    assert_int_equal(stz_os_folder(below), 0);
    assert_int_equal(stz_os_list(below, NULL, &names, &count), 0);
    assert_int_equal(count, 0);
    stz_os_list_free(names, count);
    for (size_t i = 0; i < STZ_LEN(made); i++) {
        snprintf(path, sizeof path, "%s/%s", below, made[i]);
        save(path, "x");
    }
    assert_int_equal(stz_os_list(below, visible, &names, &count), 0);
    assert_int_equal(count, STZ_LEN(wanted));
    for (size_t i = 0; i < count; i++)
        assert_string_equal(names[i], wanted[i]);
    stz_os_list_free(names, count);
    assert_int_equal(stz_os_remove_folder(below), 0);
    assert_int_equal(stz_os_list(below, NULL, &names, &count), ENOENT);
}

static void an_empty_folder_gives_way(void **state)
{
    char one[64], two[64];
    snprintf(one, sizeof one, "%s", in_folder(".one.XXXXXX"));
    snprintf(two, sizeof two, "%s", in_folder(".two.XXXXXX"));
    assert_int_equal(stz_os_new_folder(one), 0);
    assert_int_equal(stz_os_new_folder(two), 0);
    assert_int_equal(stz_os_folder(one), EEXIST);
    char path[96];
    snprintf(path, sizeof path, "%s/file", one);
    save(path, "x");
    assert_int_equal(stz_os_rename(one, two), 0);
    assert_false(stz_os_taken(one));
    assert_int_equal(stz_os_folder(one), 0);
    assert_true(stz_os_rename(one, two) == ENOTEMPTY || stz_os_rename(one, two) == EEXIST);
    assert_int_equal(stz_os_sync_folder(two), 0);
    assert_int_equal(stz_os_remove_folder(two), 0);
    assert_int_equal(stz_os_remove_folder(two), 0);
    assert_int_equal(stz_os_remove_folder(one), 0);
}

static void paths_are_made_whole(void **state)
{
    char *full, here[STZ_OS_PATH];
    assert_true(stz_os_absolute("/x"));
    assert_false(stz_os_absolute("x"));
    assert_false(stz_os_absolute(""));
    assert_int_equal(stz_os_full_path(in_folder("../."), &full), 0);
    assert_true(stz_os_current_folder(here, sizeof here));
    assert_string_equal(full, here);
    free(full);
    assert_int_equal(stz_os_full_path(in_folder("none"), &full), ENOENT);
    assert_true(stz_os_absolute(here));
    assert_false(stz_os_current_folder(here, 1));
}

/* Above 260 characters, where the plain names of Windows end. */
static void paths_may_be_long(void **state)
{
    enum { DEPTH = 4, EACH = 100 };
    char path[DEPTH][STZ_OS_PATH], file[STZ_OS_PATH + 8], **names;
    const char *above = folder;
    size_t count;
    for (int i = 0; i < DEPTH; i++) {
        const int n = snprintf(path[i], sizeof path[i], "%s/", above);
        memset(path[i] + n, 'a' + i, EACH);
        path[i][n + EACH] = '\0';
        assert_int_equal(stz_os_folder(path[i]), 0);
        above = path[i];
    }
    snprintf(file, sizeof file, "%s/\xc3\xa9.txt", above);
    save(file, "far away");
    check_content(file, "far away");
    save(file, "again");
    check_content(file, "again");
    assert_int_equal(stz_os_list(above, visible, &names, &count), 0);
    assert_int_equal(count, 1);
    assert_string_equal(names[0], "\xc3\xa9.txt");
    stz_os_list_free(names, count);
    for (int i = DEPTH - 1; i >= 0; i--)
        assert_int_equal(stz_os_remove_folder(path[i]), 0);
}

static void set(const char *name, const char *value)
{
#ifdef _WIN32
    SetEnvironmentVariableA(name, value);
#else
    assert_int_equal(value ? setenv(name, value, 1) : unsetenv(name), 0);
#endif
}

static void variables_are_read(void **state)
{
    char room[STZ_OS_PATH], path[STZ_OS_PATH];
    set("STZ_OS_TEST", "value");
    assert_string_equal(stz_os_variable("STZ_OS_TEST", room), "value");
    set("STZ_OS_TEST", NULL);
    assert_null(stz_os_variable("STZ_OS_TEST", room));
#ifdef _WIN32
    SetEnvironmentVariableW(L"STZ_OS_TEST", L"\u00e9\u96ea");
    assert_string_equal(stz_os_variable("STZ_OS_TEST", room), "\xc3\xa9\xe9\x9b\xaa");
    set("LOCALAPPDATA", "C:\\Users\\x");
    assert_int_equal(stz_os_user_data(path, sizeof path), 0);
    assert_string_equal(path, "C:/Users/x");
    set("LOCALAPPDATA", NULL);
#else
    set("HOME", "/house");
    set("XDG_DATA_HOME", "/data");
    assert_int_equal(stz_os_user_data(path, sizeof path), 0);
    assert_string_equal(path, "/data");
    set("XDG_DATA_HOME", "not/from/the/root");
    assert_int_equal(stz_os_user_data(path, sizeof path), 0);
    assert_string_equal(path, "/house/.local/share");
    assert_int_equal(stz_os_user_data(path, 8), ENAMETOOLONG);
    set("HOME", NULL);
#endif
    assert_int_equal(stz_os_user_data(path, sizeof path), ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_code_has_a_text),         cmocka_unit_test(memory_is_aligned_and_goes_back),
        cmocka_unit_test(a_wait_ends_by_itself),     cmocka_unit_test(random_bytes_are),
        cmocka_unit_test(the_machine_is_known),      cmocka_unit_test(a_file_is_replaced),
        cmocka_unit_test(what_is_there_is_said),     cmocka_unit_test(names_come_in_the_order_of_bytes),
        cmocka_unit_test(an_empty_folder_gives_way), cmocka_unit_test(paths_are_made_whole),
        cmocka_unit_test(paths_may_be_long),         cmocka_unit_test(variables_are_read),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_all);
}
