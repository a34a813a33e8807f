/* What every file of the core uses: errors, checked sizes, small arithmetic. */
#ifndef STZ_COMMON_H
#define STZ_COMMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stylize/stylize.h"

#ifdef __MINGW32__ /* its printf is that of C, but the compiler takes it for Microsoft's */
#define STZ_PRINTF(f, a) __attribute__((format(gnu_printf, f, a)))
#else
#define STZ_PRINTF(f, a) __attribute__((format(printf, f, a)))
#endif
#define STZ_LEN(a) (sizeof(a) / sizeof *(a))

/* Fills err (may be NULL) with one line of text and returns status, so that a failing function
 * can end with `return stz_fail(err, STYLIZE_ERR_..., "...")`. The text says what was wrong and
 * what is allowed, in one impersonal line without the name of the function. */
stylize_status stz_fail(stylize_error *err, stylize_status status, const char *format, ...) STZ_PRINTF(3, 4);
/* Says what a failure was about, before its text: "mask 2: PNG is cut short". Returns status. */
stylize_status stz_about(stylize_error *err, stylize_status status, const char *what);
stylize_status stz_nomem(stylize_error *err, uint64_t bytes);

/* *out = a * b or a + b; false, and *out untouched, if that does not fit. */
static inline bool stz_mul(size_t a, size_t b, size_t *out) { return !__builtin_mul_overflow(a, b, out); }
static inline bool stz_add(size_t a, size_t b, size_t *out) { return !__builtin_add_overflow(a, b, out); }

static inline int stz_min(int a, int b) { return a < b ? a : b; }
static inline int stz_max(int a, int b) { return a > b ? a : b; }
static inline int stz_clamp(int v, int lo, int hi) { return v < lo ? lo : v > hi ? hi : v; }
static inline int stz_round_up(int v, int multiple) { return (v + multiple - 1) / multiple * multiple; }

/* Where those bytes, at least one, first are; NULL: nowhere. */
const void *stz_find(const void *in, size_t size, const void *what, size_t length);

/* Monotonic clock, nanoseconds. */
uint64_t stz_now_ns(void);

/* A context's log callback, as the parts that have no context see it. fn may be NULL. */
typedef struct stz_log {
    stylize_log_fn fn;
    void *user;
    stylize_log_level level;
} stz_log;
void stz_log_line(const stz_log *log, stylize_log_level level, const char *format, ...) STZ_PRINTF(3, 4);

#endif
