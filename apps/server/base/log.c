/* The log. */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static stylize_log_level most = STYLIZE_LOG_INFO;

void log_set_level(stylize_log_level level) { most = level; }

static void write_whole(const char *data, size_t size)
{
    /* One write, so that lines of several threads do not mix. */
    const ssize_t written = write(STDERR_FILENO, data, size);
    (void)written; /* there is nowhere to report it to */
}

void log_event(stylize_log_level level, json_t *members, const char *message)
{
    static const char *const names[] = {"", "error", "warning", "info", "debug"};
    if (level > most) {
        json_decref(members);
        return;
    }
    struct timespec t;
    struct tm utc;
    char date[32], stamp[48];
    clock_gettime(CLOCK_REALTIME, &t);
    gmtime_r(&t.tv_sec, &utc);
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(stamp, sizeof stamp, "%s.%03ldZ", date, t.tv_nsec / 1000000);
    json_t *line = json_pack("{s:s, s:s, s:o}", "time", stamp, "level", names[level], "message",
                             json_any(message, strlen(message)));
    if (line && members)
        json_object_update(line, members);
    json_decref(members);
    buf text = {0};
    if (json_write(line, &text)) {
        buf_puts(&text, "\n");
        if (!text.failed)
            write_whole(text.data, text.size);
    }
    buf_free(&text);
}

void log_line(stylize_log_level level, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    log_event(level, NULL, text);
}

void log_library(void *user, stylize_log_level level, const char *text) { log_event(level, NULL, text); }
