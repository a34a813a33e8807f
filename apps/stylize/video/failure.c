#include "video/failure.h"

#include <libavutil/error.h>
#include <stdarg.h>
#include <stdio.h>

#include "message.h"

int av_failure(int exit_code, const char *subject, int av_code, const char *format, ...)
{
    char what[256], why[AV_ERROR_MAX_STRING_SIZE] = "";
    va_list list;
    va_start(list, format);
    vsnprintf(what, sizeof what, format, list);
    va_end(list);
    av_strerror(av_code, why, sizeof why);
    message_error(subject, "%s: %s", what, why);
    return exit_code;
}

const char *clock_text(double seconds, char *text, int size)
{
    const long s = seconds > 0 ? (long)seconds : 0;
    if (s < 3600)
        snprintf(text, (size_t)size, "%ld:%02ld", s / 60, s % 60);
    else
        snprintf(text, (size_t)size, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
    return text;
}
