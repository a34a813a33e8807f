#include "base/trace.h"

#include <stdio.h>
#include <string.h>

#define ID_AT     3
#define PARENT_AT 36
#define FLAGS_AT  53
#define LENGTH    55 /* of version 00; later ones may go on behind a "-" */

static bool is_hex(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!((text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f')))
            return false;
    return true;
}

static bool is_zero(const char *text, size_t n) { return strspn(text, "0") >= n; }

static bool is_parent(slice s)
{
    if (!s.data || s.size < LENGTH || !is_hex(s.data, 2) || !memcmp(s.data, "ff", 2))
        return false;
    if (s.size > LENGTH && (!memcmp(s.data, "00", 2) || s.data[LENGTH] != '-'))
        return false;
    return s.data[2] == '-' && is_hex(s.data + ID_AT, 32) && s.data[PARENT_AT - 1] == '-' &&
           is_hex(s.data + PARENT_AT, 16) && s.data[FLAGS_AT - 1] == '-' && is_hex(s.data + FLAGS_AT, 2) &&
           !is_zero(s.data + ID_AT, 32) && !is_zero(s.data + PARENT_AT, 16);
}

static bool is_state(slice s)
{
    if (!s.data || !s.size || s.size > TRACE_STATE_MAX)
        return false;
    for (size_t i = 0; i < s.size; i++)
        if (s.data[i] < ' ' || s.data[i] > '~')
            return false;
    return true;
}

void trace_read(trace *t, slice parent, slice state)
{
    uint8_t bytes[8];
    *t = (trace){.id = ""};
    if (!is_parent(parent) || !random_bytes(bytes, sizeof bytes))
        return;
    memcpy(t->id, parent.data + ID_AT, 32);
    memcpy(t->parent, parent.data + PARENT_AT, 16);
    memcpy(t->flags, parent.data + FLAGS_AT, 2);
    if (is_state(state))
        memcpy(t->state, state.data, state.size);
    bytes[0] |= 1; /* all zeros would be none */
    hex_encode(bytes, sizeof bytes, t->span);
}

void trace_write(const trace *t, char out[TRACE_PARENT_TEXT])
{
    snprintf(out, TRACE_PARENT_TEXT, "00-%s-%s-%s", t->id, t->span, t->flags);
}
