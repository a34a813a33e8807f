/* The progress bar. All of it runs on the main thread, except progress_clear, which messages from
 * the library's threads may reach through message_error; stderr's own lock guards the terminal. */
#include "progress.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "system.h"

static struct {
    const char *label;
    size_t total;
    double start, last_line;
    bool running, terminal, drawn;
} bar;

void progress_begin(const char *label, size_t total)
{
    bar.label = label;
    bar.total = total;
    bar.start = bar.last_line = now_seconds();
    bar.running = true;
    bar.terminal = system_is_terminal(stderr);
}

void progress_clear(void)
{
    if (bar.drawn)
        fputs("\r\033[K", stderr);
    bar.drawn = false;
}

static void format_duration(char *text, size_t size, double seconds)
{
    const unsigned long s = (unsigned long)(seconds + 0.5);
    if (s < 60)
        snprintf(text, size, "%lu s", s);
    else if (s < 3600)
        snprintf(text, size, "%lu:%02lu min", s / 60, s % 60);
    else
        snprintf(text, size, "%lu:%02lu h", s / 3600, s / 60 % 60);
}

/* "12/100  3.4 pictures/s  26 s left" or "42 %". */
static void format_state(char *text, size_t size, double done, double now)
{
    if (bar.total == 0) {
        snprintf(text, size, "%3.0f %%", 100 * done);
        return;
    }
    const double rate = now > bar.start ? done / (now - bar.start) : 0;
    char left[32] = "";
    if (rate > 0)
        format_duration(left, sizeof left, ((double)bar.total - done) / rate);
    snprintf(text, size, "%zu/%zu  %.*f pictures/s%s%s%s", (size_t)done, bar.total, rate < 10 ? 2 : 0, rate,
             *left ? "  " : "", left, *left ? " left" : "");
}

static void draw(const char *state, double share)
{
    char line[512];
    const int found = system_terminal_width(), width = found < (int)sizeof line ? found : (int)sizeof line - 1;
    const int room = width - (int)strlen(state) - (int)strlen(bar.label) - 6;
    const int length = room > 40 ? 40 : room;
    int n = 0;
    if (length >= 8) {
        const int full = (int)(share * length + 0.5);
        n = snprintf(line, sizeof line, "%s [", bar.label);
        for (int i = 0; i < length; i++)
            line[n++] = i < full ? '#' : '-';
        snprintf(line + n, sizeof line - (size_t)n, "] %s", state);
    } else {
        snprintf(line, sizeof line, "%.*s", width - 1, state);
    }
    system_lock(stderr);
    fprintf(stderr, "\r%s\033[K", line);
    fflush(stderr);
    bar.drawn = true;
    system_unlock(stderr);
}

void progress_update(double done)
{
    if (!bar.running)
        return;
    const double now = now_seconds();
    const double share = done / (bar.total ? (double)bar.total : 1);
    char state[128];
    format_state(state, sizeof state, done, now);
    if (bar.terminal) {
        /* What is quick needs no bar. */
        if (now - bar.start > 0.3)
            draw(state, share > 1 ? 1 : share);
    } else if (bar.total && now - bar.last_line >= 5) {
        bar.last_line = now;
        fprintf(stderr, "%s\n", state);
    }
}

void progress_end(void)
{
    system_lock(stderr);
    progress_clear();
    fflush(stderr);
    system_unlock(stderr);
    bar.running = false;
}
