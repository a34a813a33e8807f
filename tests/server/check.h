/* What the unit tests of the server share. */
#ifndef TESTS_SERVER_CHECK_H
#define TESTS_SERVER_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"

#define TEXT(s) ((slice){s, strlen(s)})

static inline void assert_slice(slice s, const char *text)
{
    assert_int_equal(s.size, strlen(text));
    assert_memory_equal(s.data, text, s.size);
}

#endif
