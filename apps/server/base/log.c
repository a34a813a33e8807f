/* The log. */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static stylize_log_level most = STYLIZE_LOG_INFO;

void log_set_level(stylize_log_level level) { most = level; }

void log_event(stylize_log_level level, const char *members, const char *message)
{
    static const char *const names[] = {"", "error", "warning", "info", "debug"};
    if (level > most)
        return;
    struct timespec t;
    struct tm utc;
    char stamp[32];
    clock_gettime(CLOCK_REALTIME, &t);
    gmtime_r(&t.tv_sec, &utc);
    strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &utc);
    buf line = {0};
    buf_printf(&line, "{\"time\": \"%s.%03ldZ\", \"level\": \"%s\", \"message\": \"", stamp,
               t.tv_nsec / 1000000, names[level]);
    buf_json(&line, message, strlen(message));
    buf_puts(&line, "\"");
    if (members[0])
        buf_printf(&line, ", %s", members);
    buf_puts(&line, "}\n");
    /* One write, so that lines of several threads do not mix. */
    const ssize_t written = line.failed ? 0 : write(STDERR_FILENO, line.data, line.size);
    (void)written; /* there is nowhere to report it to */
    buf_free(&line);
}

void log_line(stylize_log_level level, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    log_event(level, "", text);
}

void log_library(void *user, stylize_log_level level, const char *text) { log_event(level, "", text); }
