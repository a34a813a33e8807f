/* What the tests of the context share. */
#ifndef CORE_HELPERS_H
#define CORE_HELPERS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_engine.h"

static const stylize_style_ref style_a __attribute__((unused)) = {"a", NULL, 1};

/* Before each test. */
static inline int reset(void **state)
{
    (void)state;
    fake_reset();
    return 0;
}

/* A context on the fake engine; change `o` in between if given. */
static inline stylize_ctx *create_ctx(const stylize_options *o)
{
    stylize_options standard;
    stylize_error err = {0};
    stylize_ctx *ctx = NULL;
    if (!o) {
        fake_options(&standard);
        o = &standard;
    }
    if (stylize_ctx_create(&ctx, o, &err) != STYLIZE_OK)
        fail_msg("%s", err.message);
    return ctx;
}

static inline stylize_request request_for(const stylize_image *content, const stylize_style_ref *style)
{
    stylize_request r;
    stylize_request_init(&r, sizeof r);
    r.content = content;
    r.styles = style;
    r.style_count = 1;
    return r;
}

#define ok(call)                                                                                             \
    do {                                                                                                     \
        stylize_status status_ = (call);                                                                     \
        if (status_ != STYLIZE_OK)                                                                           \
            fail_msg("%s: %s (%s)", #call, stylize_status_str(status_), err.message);                        \
    } while (0)

/* The call fails with this status and its message has this text in it. */
#define fails(call, expected, text)                                                                          \
    do {                                                                                                     \
        err = (stylize_error){0};                                                                            \
        assert_int_equal(call, expected);                                                                    \
        if (!strstr(err.message, text) || err.status != (expected))                                          \
            fail_msg("message was \"%s\"", err.message);                                                     \
    } while (0)

#endif
