#include "message.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "progress.h"
#include "system.h"

static bool is_quiet;

void message_set_quiet(bool quiet) { is_quiet = quiet; }

/* File names may hold escape sequences; a terminal must not see them. */
static void print_clean(FILE *out, const char *text)
{
    for (const unsigned char *p = (const unsigned char *)text; *p; p++)
        putc(*p < 32 || *p == 127 ? '?' : *p, out);
}

/* One line on the terminal, above the progress; subject may be NULL. */
static void say(const char *before, const char *subject, const char *text)
{
    system_lock(stderr);
    progress_clear();
    fputs(before, stderr);
    if (subject) {
        print_clean(stderr, subject);
        fputs(": ", stderr);
    }
    print_clean(stderr, text);
    putc('\n', stderr);
    system_unlock(stderr);
}

void message_error(const char *subject, const char *format, ...)
{
    char text[1024];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    say("stylize: ", subject, text);
}

void message_failure(const char *subject, const stylize_error *err)
{
    const char *text = err->message[0] ? err->message : stylize_status_str(err->status);
    message_error(strstr(text, subject) ? NULL : subject, "%s", text);
}

void message_note(const char *format, ...)
{
    if (is_quiet)
        return;
    char text[1024];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    say("", NULL, text);
}

void message_log(void *user, stylize_log_level level, const char *text)
{
    static const char *const names[] = {"error", "error", "warning", "info", "debug"};
    (void)user;
    char before[32];
    snprintf(before, sizeof before,
             "stylize: %s: ", names[level <= STYLIZE_LOG_DEBUG ? level : STYLIZE_LOG_DEBUG]);
    say(before, NULL, text);
}
