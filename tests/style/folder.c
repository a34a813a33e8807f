#include "folder.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const float code_one[4] = {1, -2, 3.5f, 0}, code_two[2] = {0.25f, -8};

char *folder_create(void)
{
    char name[] = "/tmp/stylize-test-XXXXXX";
    assert_non_null(mkdtemp(name));
    char *dir = strdup(name);
    assert_non_null(dir);
    return dir;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    return remove(path);
}

void folder_remove(char *dir)
{
    assert_int_equal(nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
    free(dir);
}

void folder_write(const char *dir, const char *path, const void *data, size_t size)
{
    char *full = stz_path_join(dir, path);
    assert_non_null(full);
    for (char *slash = full + strlen(dir) + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = 0;
        mkdir(full, 0777);
        *slash = '/';
    }
    FILE *f = fopen(full, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, size, f), size);
    assert_int_equal(fclose(f), 0);
    free(full);
}

void folder_text(const char *dir, const char *path, const char *text)
{
    folder_write(dir, path, text, strlen(text));
}

void folder_tensors(const char *dir, const char *path, const test_tensor *tensors, int n)
{
    char header[2048] = "{";
    size_t at = 1, offset = 0;
    for (int i = 0; i < n; i++) {
        at += (size_t)snprintf(header + at, sizeof header - at,
                               "%s\"%s\":{\"dtype\":\"%s\",\"shape\":[%zu],\"data_offsets\":[%zu,%zu]}",
                               i ? "," : "", tensors[i].name, tensors[i].dtype, tensors[i].count, offset,
                               offset + tensors[i].bytes);
        offset += tensors[i].bytes;
    }
    at += (size_t)snprintf(header + at, sizeof header - at, "}");
    while (at % 8)
        header[at++] = ' ';
    uint8_t *file = malloc(8 + at + offset);
    assert_non_null(file);
    uint64_t length = at;
    memcpy(file, &length, 8);
    memcpy(file + 8, header, at);
    size_t end = 8 + at;
    for (int i = 0; i < n; i++) {
        memcpy(file + end, tensors[i].data, tensors[i].bytes);
        end += tensors[i].bytes;
    }
    folder_write(dir, path, file, end);
    free(file);
}

char *folder_models(void)
{
    char *dir = folder_create();
    folder_text(dir, "one/model.json",
                "{\"name\":\"one\",\"method\":\"fast\",\"native\":\"n\",\"code_length\":4}");
    folder_text(dir, "two/model.json",
                "{\"name\":\"two\",\"method\":\"any\",\"torch\":\"t.pt\",\"code_length\":2}");
    folder_text(dir, "plain/model.json", "{\"name\":\"plain\",\"method\":\"fast\",\"torch\":\"t.pt\"}");
    test_tensor codes[] = {{"one", "F32", 4, 16, code_one}, {"two", "F32", 2, 8, code_two}};
    folder_tensors(dir, "styles/codes/good.safetensors", codes, 2);
    return dir;
}

static void log_line(void *user, stylize_log_level level, const char *text)
{
    test_log *log = user;
    pthread_mutex_lock(&log->lock);
    if (log->count < LOG_LINES) {
        log->level[log->count] = level;
        snprintf(log->line[log->count], sizeof log->line[0], "%s", text);
    }
    log->count++;
    pthread_mutex_unlock(&log->lock);
}

void log_init(test_log *log)
{
    *log = (test_log){.lock = PTHREAD_MUTEX_INITIALIZER};
    log->log = (stz_log){log_line, log, STYLIZE_LOG_DEBUG};
}

const char *log_find(test_log *log, const char *part)
{
    for (int i = 0; i < log->count && i < LOG_LINES; i++)
        if (strstr(log->line[i], part))
            return log->line[i];
    return NULL;
}

void log_expect(test_log *log, const char *part)
{
    if (log_find(log, part))
        return;
    for (int i = 0; i < log->count && i < LOG_LINES; i++)
        print_error("log: %s\n", log->line[i]);
    fail_msg("no line of the log holds \"%s\"", part);
}
