/* Model folders made for one test, and a log that remembers its lines. */
#ifndef TEST_STYLE_FOLDER_H
#define TEST_STYLE_FOLDER_H

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "style/entry.h"
#include "style/library.h"

/* A new empty folder, absolute. folder_remove deletes it with all that is inside and frees the name. */
char *folder_create(void);
void folder_remove(char *dir);
/* Writes dir/path, making the folders on the way. */
void folder_write(const char *dir, const char *path, const void *data, size_t size);
void folder_text(const char *dir, const char *path, const char *text);

/* A safetensors file of one-dimensional tensors. */
typedef struct test_tensor {
    const char *name, *dtype;
    size_t count, bytes; /* bytes of data */
    const void *data;
} test_tensor;
void folder_tensors(const char *dir, const char *path, const test_tensor *tensors, int n);

/* Models "one" (code of 4 floats), "two" (code of 2, reads pictures), "plain" (no code), and
 * styles/codes/good.safetensors with codes for one and two. */
char *folder_models(void);
extern const float code_one[4], code_two[2];

#define LOG_LINES 512
typedef struct test_log {
    pthread_mutex_t lock;
    int count;
    stylize_log_level level[LOG_LINES];
    char line[LOG_LINES][512];
    stz_log log; /* to hand in */
} test_log;
void log_init(test_log *log);
/* The first line that holds `part`, or NULL. */
const char *log_find(test_log *log, const char *part);
/* Fails the test with all lines if none holds `part`. */
void log_expect(test_log *log, const char *part);

#endif
