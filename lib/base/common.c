#include "base/common.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/os.h"

stylize_status stz_fail(stylize_error *err, stylize_status status, const char *format, ...)
{
    if (err) {
        va_list args;
        va_start(args, format);
        vsnprintf(err->message, sizeof err->message, format, args);
        va_end(args);
        err->status = status;
        for (char *c = err->message; *c; c++) /* one line, whatever file names or headers held */
            if ((unsigned char)*c < ' ' || *c == 0x7f)
                *c = ' ';
    }
    return status;
}

stylize_status stz_about(stylize_error *err, stylize_status status, const char *what)
{
    if (!err || status == STYLIZE_OK)
        return status;
    const stylize_error inner = *err;
    return stz_fail(err, status, "%s: %s", what, inner.message);
}

stylize_status stz_nomem(stylize_error *err, uint64_t bytes)
{
    return stz_fail(err, STYLIZE_ERR_NOMEM, "out of memory: %llu bytes could not be had",
                    (unsigned long long)bytes);
}

uint64_t stz_now_ns(void) { return stz_os_now_ns(); }

void stz_log_line(const stz_log *log, stylize_log_level level, const char *format, ...)
{
    if (!log || !log->fn || level > log->level)
        return;
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    log->fn(log->user, level, text);
}

const void *stz_find(const void *in, size_t size, const void *what, size_t length)
{
    const uint8_t *at = in, *end = at + size;
    while ((size_t)(end - at) >= length &&
           (at = memchr(at, *(const uint8_t *)what, (size_t)(end - at) - length + 1))) {
        if (!memcmp(at, what, length))
            return at;
        at++;
    }
    return NULL;
}
