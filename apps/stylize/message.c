/* What the command says: errors, notes, the library's log, JSON; and the nearest word to a typo. */
#include "cli.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

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
    flockfile(stderr);
    progress_clear();
    fputs(before, stderr);
    if (subject) {
        print_clean(stderr, subject);
        fputs(": ", stderr);
    }
    print_clean(stderr, text);
    putc('\n', stderr);
    funlockfile(stderr);
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

int exit_by_status(stylize_status status)
{
    switch (status) {
    case STYLIZE_OK:
        return EXIT_DONE;
    case STYLIZE_ERR_INVALID:
    case STYLIZE_ERR_IO:
    case STYLIZE_ERR_FORMAT:
    case STYLIZE_ERR_LIMIT:
        return EXIT_INPUT;
    case STYLIZE_ERR_CANCELLED:
        return EXIT_SIGNAL + (interrupted ? interrupted : SIGINT);
    default:
        return EXIT_ENGINE;
    }
}

/* Edit distance with swaps of neighbours; words longer than the row are never near. */
static size_t distance(const char *a, const char *b)
{
    enum { MAX = 64 };
    const size_t n = strlen(a), m = strlen(b);
    if (n >= MAX || m >= MAX)
        return MAX;
    size_t rows[3][MAX + 1];
    size_t *before = rows[0], *last = rows[1], *row = rows[2];
    for (size_t j = 0; j <= m; j++)
        last[j] = before[j] = j;
    for (size_t i = 1; i <= n; i++) {
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t d = last[j - 1] + (a[i - 1] != b[j - 1]);
            d = last[j] + 1 < d ? last[j] + 1 : d;
            d = row[j - 1] + 1 < d ? row[j - 1] + 1 : d;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before[j - 2] + 1 < d)
                d = before[j - 2] + 1;
            row[j] = d;
        }
        size_t *spare = before;
        before = last;
        last = row;
        row = spare;
    }
    return last[m];
}

const char *nearest_word(const char *word, const char *const *candidates, size_t count)
{
    const char *nearest = NULL;
    const size_t n = strlen(word);
    size_t best = n / 3 + 2; /* a third of the letters may be wrong */
    for (size_t i = 0; i < count; i++) {
        const size_t d = distance(word, candidates[i]);
        if (d < best) {
            best = d;
            nearest = candidates[i];
        }
    }
    /* "starry" for "starry_night": a beginning or a part counts when nothing is nearer. */
    for (size_t i = 0; !nearest && n >= 3 && i < count; i++)
        if (strstr(candidates[i], word))
            nearest = candidates[i];
    return nearest;
}

json_t *json_text(const char *text)
{
    json_t *direct = json_string(text);
    if (direct)
        return direct;
    /* Not UTF-8: every byte above 127 becomes the replacement character. */
    const size_t n = strlen(text);
    char *clean = memory_get(3 * n + 1, 1);
    size_t used = 0;
    for (size_t i = 0; i < n; i++) {
        if ((unsigned char)text[i] < 128) {
            clean[used++] = text[i];
        } else {
            memcpy(clean + used, "\xEF\xBF\xBD", 3);
            used += 3;
        }
    }
    json_t *value = json_stringn(clean, used);
    free(clean);
    return value;
}

bool json_print(json_t *value, size_t flags)
{
    const bool ok =
        value && json_dumpf(value, stdout, flags | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(6)) == 0;
    json_decref(value);
    if (ok && putchar('\n') != EOF && fflush(stdout) == 0)
        return true;
    message_error("standard output", "could not be written");
    return false;
}
