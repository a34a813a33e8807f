#include "codec_test.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];

static int setup(void **state)
{
    strcpy(folder, "/tmp/stylize-test-XXXXXX");
    umask(022);
    signal(SIGPIPE, SIG_IGN); /* the feeder of a pipe whose reader had enough */
    return mkdtemp(folder) ? test_pool_create(state) : -1;
}

static const char *in_folder(const char *name)
{
    static char path[4][256];
    static int turn;
    char *p = path[turn++ % 4];
    snprintf(p, sizeof path[0], "%s/%s", folder, name);
    return p;
}

/* Files of the folder; what a save leaves behind would show. */
static int count_files(void)
{
    DIR *d = opendir(folder);
    int n = 0;
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));)
        n += strcmp(e->d_name, ".") && strcmp(e->d_name, "..");
    closedir(d);
    return n;
}

static void empty_folder(void)
{
    DIR *d = opendir(folder);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));)
        unlinkat(dirfd(d), e->d_name, 0);
    closedir(d);
}

static int teardown(void **state)
{
    empty_folder();
    rmdir(folder);
    return test_pool_end(state);
}

static void write_file(const char *path, const void *data, size_t size)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, size, f), size);
    fclose(f);
}

static void assert_content(const char *path, const void *data, size_t size)
{
    uint8_t bytes[4096];
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    assert_int_equal(fread(bytes, 1, sizeof bytes, f), size);
    assert_memory_equal(bytes, data, size);
    fclose(f);
}

static void load_fails(const char *path, const stz_limits *limits, stylize_status status, const char *text)
{
    stylize_image out = {0};
    stylize_error err = {0};
    assert_int_equal(stz_file_load(path, limits, test_pool, &out, &err), status);
    if (!strstr(err.message, text))
        fail_msg("\"%s\" is not in \"%s\"", text, err.message);
    assert_null(out.pixels);
}

static void loads_a_file(void **state)
{
    blob b = blob_load("444.jpg");
    const char *path = in_folder("a");
    write_file(path, b.data, b.size);
    stylize_image out;
    assert_int_equal(stz_file_load(path, &test_limits, test_pool, &out, NULL), STYLIZE_OK);
    assert_int_equal(out.format, STYLIZE_FORMAT_JPEG);
    assert_int_equal(out.size, b.size);
    assert_memory_equal(out.pixels, b.data, b.size);
    stylize_image_free(&out);
    stz_limits exact = test_limits;
    exact.max_bytes = b.size;
    assert_int_equal(stz_file_load(path, &exact, test_pool, &out, NULL), STYLIZE_OK);
    stylize_image_free(&out);
    exact.max_bytes--;
    load_fails(path, &exact, STYLIZE_ERR_LIMIT, "bytes are allowed");
    blob_free(&b);
    empty_folder();
}

static void load_tells_what_is_wrong(void **state)
{
    load_fails(in_folder("none.jpg"), &test_limits, STYLIZE_ERR_IO, "No such file");
    load_fails(folder, &test_limits, STYLIZE_ERR_IO, "directory");
    load_fails("", &test_limits, STYLIZE_ERR_INVALID, "missing");
    load_fails(NULL, &test_limits, STYLIZE_ERR_INVALID, "missing");
    write_file(in_folder("empty"), "", 0);
    load_fails(in_folder("empty"), &test_limits, STYLIZE_ERR_FORMAT, "empty");
    write_file(in_folder("text"), "hello", 5);
    load_fails(in_folder("text"), &test_limits, STYLIZE_ERR_FORMAT, "no picture of a known format");
    if (geteuid() != 0) {
        chmod(in_folder("text"), 0);
        load_fails(in_folder("text"), &test_limits, STYLIZE_ERR_IO, "Permission denied");
    }
    load_fails("/dev/zero", &test_limits, STYLIZE_ERR_FORMAT,
               "no picture of a known format"); /* and comes back */
    empty_folder();
}

struct feed {
    const char *path;
    blob b;
};

static void *feed_pipe(void *user)
{
    struct feed *f = user;
    FILE *to = fopen(f->path, "wb");
    for (size_t i = 0; to && i < f->b.size; i += 1000) /* in pieces */
        if (fwrite(f->b.data + i, 1, f->b.size - i < 1000 ? f->b.size - i : 1000, to) == 0 || fflush(to))
            break;
    if (to)
        fclose(to);
    return NULL;
}

static void loads_a_pipe(void **state)
{
    blob b = blob_load("444.jpg"); /* with a tail, beyond the first buffer */
    uint8_t *tail = calloc(200000, 1);
    blob_add(&b, tail, 200000);
    struct feed f = {in_folder("pipe"), b};
    assert_int_equal(mkfifo(f.path, 0600), 0);
    pthread_t thread;
    stylize_image out;
    pthread_create(&thread, NULL, feed_pipe, &f);
    assert_int_equal(stz_file_load(f.path, &test_limits, test_pool, &out, NULL), STYLIZE_OK);
    pthread_join(thread, NULL);
    assert_int_equal(out.size, b.size);
    assert_memory_equal(out.pixels, b.data, b.size);
    stylize_image_free(&out);
    stz_limits small = test_limits;
    small.max_bytes = 100000;
    pthread_create(&thread, NULL, feed_pipe, &f);
    load_fails(f.path, &small, STYLIZE_ERR_LIMIT, "100000 bytes");
    pthread_join(thread, NULL);
    free(tail);
    blob_free(&b);
    empty_folder();
}

static void save_is(const char *path, const char *text)
{
    stylize_error err = {0};
    if (stz_file_save(path, text, strlen(text), &err) != STYLIZE_OK)
        fail_msg("%s", err.message);
    assert_content(path, text, strlen(text));
}

static void save_fails(const char *path, const char *text)
{
    stylize_error err = {0};
    assert_int_equal(stz_file_save(path, "new", 3, &err), STYLIZE_ERR_IO);
    if (!strstr(err.message, text) || !strstr(err.message, path))
        fail_msg("\"%s\" or the path is not in \"%s\"", text, err.message);
}

static mode_t mode_of(const char *path)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 07777;
}

static void saves_new_and_over(void **state)
{
    const char *path = in_folder("out.png");
    save_is(path, "first");
    assert_int_equal(mode_of(path), 0644); /* by the umask */
    chmod(path, 0600);
    save_is(path, "second");
    assert_int_equal(mode_of(path), 0600); /* kept */
    assert_int_equal(count_files(), 1);
    int old = open(path, O_RDONLY); /* who has it open keeps the whole old one */
    save_is(path, "third");
    char bytes[16];
    assert_int_equal(read(old, bytes, sizeof bytes), 6);
    close(old);
    empty_folder();
}

static void saves_without_a_folder_in_the_name(void **state)
{
    char before[512];
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(folder), 0);
    save_is("plain.png", "here");
    assert_int_equal(chdir(before), 0);
    assert_content(in_folder("plain.png"), "here", 4);
    assert_int_equal(count_files(), 1);
    empty_folder();
}

static void saves_through_links(void **state)
{
    const char *link = in_folder("link"), *target = in_folder("target");
    save_is(target, "old");
    assert_int_equal(symlink("target", link), 0);
    save_is(link, "through");
    struct stat st;
    assert_int_equal(lstat(link, &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    assert_content(target, "through", 7);
    unlink(target); /* a link to what does not exist yet */
    save_is(link, "again");
    assert_content(target, "again", 5);
    assert_int_equal(symlink("loop", in_folder("loop")), 0);
    save_fails(in_folder("loop"), strerror(ELOOP));
    empty_folder();
}

static void save_leaves_nothing_behind(void **state)
{
    save_fails(in_folder("no/such/folder.png"), "No such file");
    save_fails(folder, "directory");
    save_fails("/proc/stylize.png", ""); /* no files can be made there, not even by root */
    char name[400];
    memset(name, 'n', sizeof name);
    name[sizeof name - 1] = 0;
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    stylize_error err = {0};
    assert_int_equal(stz_file_save(path, "new", 3, &err), STYLIZE_ERR_IO);
    assert_int_equal(count_files(), 0);
    if (geteuid() != 0) {
        chmod(folder, 0500);
        save_fails(in_folder("a.png"), "Permission denied");
        chmod(folder, 0700);
    }
    stz_file_save("/dev/full", "new", 3, &err); /* a device is written to, not replaced */
    assert_non_null(strstr(err.message, "No space"));
    assert_int_equal(stz_file_save("/dev/null", "new", 3, NULL), STYLIZE_OK);
    struct stat st;
    assert_int_equal(stat("/dev/null", &st), 0);
    assert_true(S_ISCHR(st.st_mode));
    assert_int_equal(stz_file_save("", "new", 3, &err), STYLIZE_ERR_INVALID);
    assert_int_equal(stz_file_save(NULL, "new", 3, &err), STYLIZE_ERR_INVALID);
    assert_int_equal(stz_file_save(in_folder("x"), NULL, 3, &err), STYLIZE_ERR_INVALID);
    assert_int_equal(count_files(), 0);
}

/* The reader of a pipe takes a little and leaves: an error, and the process lives. */
static void *read_little(void *user)
{
    char bytes[10];
    FILE *f = fopen(user, "rb");
    if (f) {
        setvbuf(f, NULL, _IONBF, 0);
        if (fread(bytes, 1, sizeof bytes, f) == 0)
            user = NULL;
        fclose(f);
    }
    return user;
}

static void save_survives_a_broken_pipe(void **state)
{
    static char path[256], data[1 << 20]; /* more than a pipe holds */
    snprintf(path, sizeof path, "%s/pipe", folder);
    assert_int_equal(mkfifo(path, 0600), 0);
    signal(SIGPIPE, SIG_DFL);
    pthread_t thread;
    stylize_error err = {0};
    pthread_create(&thread, NULL, read_little, path);
    assert_int_equal(stz_file_save(path, data, sizeof data, &err), STYLIZE_ERR_IO);
    pthread_join(thread, NULL);
    signal(SIGPIPE, SIG_IGN);
    assert_non_null(strstr(err.message, "Broken pipe"));
    empty_folder();
}

static void *save_often(void *user)
{
    for (int i = 0; i < 100; i++)
        if (stz_file_save(in_folder("same"), user, 1000, NULL) != STYLIZE_OK)
            return user;
    return NULL;
}

/* Two writers: the file is always one of theirs, whole. */
static void saves_from_two_threads(void **state)
{
    static char a[1000], b[1000];
    memset(a, 'a', sizeof a);
    memset(b, 'b', sizeof b);
    pthread_t thread;
    void *failed;
    char path[256];
    snprintf(path, sizeof path, "%s/same", folder);
    assert_int_equal(stz_file_save(path, a, sizeof a, NULL), STYLIZE_OK);
    pthread_create(&thread, NULL, save_often, a);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(stz_file_save(path, b, sizeof b, NULL), STYLIZE_OK);
        char bytes[1001];
        FILE *f = fopen(path, "rb");
        assert_non_null(f);
        assert_int_equal(fread(bytes, 1, sizeof bytes, f), 1000);
        fclose(f);
        assert_true(!memcmp(bytes, a, 1000) || !memcmp(bytes, b, 1000));
    }
    pthread_join(thread, &failed);
    assert_null(failed);
    assert_int_equal(count_files(), 1);
    empty_folder();
}

static void knows_endings(void **state)
{
    assert_int_equal(stz_format_of_path("a.jpg"), STYLIZE_FORMAT_JPEG);
    assert_int_equal(stz_format_of_path("a.b/c.JPEG"), STYLIZE_FORMAT_JPEG);
    assert_int_equal(stz_format_of_path("a.jpe"), STYLIZE_FORMAT_JPEG);
    assert_int_equal(stz_format_of_path("a.JFIF"), STYLIZE_FORMAT_JPEG);
    assert_int_equal(stz_format_of_path("/x/y.Png"), STYLIZE_FORMAT_PNG);
    assert_int_equal(stz_format_of_path("y.webp"), STYLIZE_FORMAT_WEBP);
    assert_int_equal(stz_format_of_path("y.gif"), STYLIZE_FORMAT_NONE);
    assert_int_equal(stz_format_of_path("folder.png/y"), STYLIZE_FORMAT_NONE);
    assert_int_equal(stz_format_of_path("png"), STYLIZE_FORMAT_NONE);
    assert_int_equal(stz_format_of_path(""), STYLIZE_FORMAT_NONE);
    assert_int_equal(stz_format_of_path(NULL), STYLIZE_FORMAT_NONE);
    assert_non_null(strstr(stz_formats_list(), "jpeg,png"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loads_a_file),
        cmocka_unit_test(load_tells_what_is_wrong),
        cmocka_unit_test(loads_a_pipe),
        cmocka_unit_test(saves_new_and_over),
        cmocka_unit_test(saves_without_a_folder_in_the_name),
        cmocka_unit_test(saves_through_links),
        cmocka_unit_test(save_leaves_nothing_behind),
        cmocka_unit_test(save_survives_a_broken_pipe),
        cmocka_unit_test(saves_from_two_threads),
        cmocka_unit_test(knows_endings),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
