/* The growing buffer, base64 and hexadecimal. */
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <gnutls/gnutls.h>

#include "common/utf8.h"
#include "common/values.h"

bool buf_reserve(buf *b, size_t more)
{
    if (b->failed || more > SIZE_MAX / 2 - b->size - 1)
        return b->failed = true, false;
    const size_t need = b->size + more + 1;
    if (need <= b->capacity)
        return true;
    size_t capacity = b->capacity ? b->capacity : 256;
    while (capacity < need)
        capacity += capacity / 2;
    char *data = realloc(b->data, capacity);
    if (!data)
        return b->failed = true, false;
    b->data = data;
    b->capacity = capacity;
    return true;
}

void buf_append(buf *b, const void *data, size_t size)
{
    if (!buf_reserve(b, size))
        return;
    if (size)
        memcpy(b->data + b->size, data, size);
    b->size += size;
    b->data[b->size] = '\0';
}

void buf_puts(buf *b, const char *text) { buf_append(b, text, strlen(text)); }

void buf_printf(buf *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (n < 0 || !buf_reserve(b, (size_t)n))
        return;
    va_start(args, format);
    vsnprintf(b->data + b->size, (size_t)n + 1, format, args);
    va_end(args);
    b->size += (size_t)n;
}

void buf_free(buf *b)
{
    free(b->data);
    *b = (buf){0};
}

void buf_base64(buf *b, const void *data, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *in = data;
    if (size > SIZE_MAX / 4 || !buf_reserve(b, (size + 2) / 3 * 4)) {
        b->failed = true;
        return;
    }
    char *out = b->data + b->size;
    size_t i = 0;
    for (; i + 3 <= size; i += 3, out += 4) {
        const uint32_t v = (uint32_t)in[i] << 16 | (uint32_t)in[i + 1] << 8 | in[i + 2];
        out[0] = digits[v >> 18];
        out[1] = digits[v >> 12 & 63];
        out[2] = digits[v >> 6 & 63];
        out[3] = digits[v & 63];
    }
    if (i < size) {
        const uint32_t v = (uint32_t)in[i] << 16 | (i + 1 < size ? (uint32_t)in[i + 1] << 8 : 0);
        *out++ = digits[v >> 18];
        *out++ = digits[v >> 12 & 63];
        *out++ = i + 1 < size ? digits[v >> 6 & 63] : '=';
        *out++ = '=';
    }
    *out = '\0';
    b->size = (size_t)(out - b->data);
}

/* -1: it is no digit. */
static int digit_value(unsigned char c)
{
    return c >= 'A' && c <= 'Z'   ? c - 'A'
           : c >= 'a' && c <= 'z' ? c - 'a' + 26
           : c >= '0' && c <= '9' ? c - '0' + 52
           : c == '+' || c == '-' ? 62
           : c == '/' || c == '_' ? 63
                                  : -1;
}

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

/* The next four that are no blanks, from *at on; false if there are fewer. */
static bool next_four(const char *text, size_t size, size_t *at, unsigned char out[4])
{
    for (int k = 0; k < 4; k++) {
        while (*at < size && is_blank(text[*at]))
            ++*at;
        if (*at == size)
            return false;
        out[k] = (unsigned char)text[(*at)++];
    }
    return true;
}

bool base64_decode(const char *text, size_t size, uint8_t *out, size_t *out_size)
{
    size_t n = 0;
    while (size && is_blank(text[size - 1]))
        size--;
    for (size_t i = 0; i < size;) {
        unsigned char c[4];
        int v[4];
        if (!next_four(text, size, &i, c))
            return false;
        for (int k = 0; k < 4; k++)
            v[k] = digit_value(c[k]);
        const int pad = i == size && c[3] == '=' ? (c[2] == '=' ? 2 : 1) : 0;
        if (v[0] < 0 || v[1] < 0 || (v[2] < 0 && pad < 2) || (v[3] < 0 && !pad))
            return false;
        const uint32_t bits = (uint32_t)v[0] << 18 | (uint32_t)v[1] << 12 |
                              (uint32_t)(pad < 2 ? v[2] : 0) << 6 | (uint32_t)(pad ? 0 : v[3]);
        if ((pad == 2 && bits & 0xffff) || (pad == 1 && bits & 0xff))
            return false;
        out[n++] = (uint8_t)(bits >> 16);
        if (pad < 2)
            out[n++] = (uint8_t)(bits >> 8);
        if (pad < 1)
            out[n++] = (uint8_t)bits;
    }
    *out_size = n;
    return true;
}

/* GnuTLS only reads what it is given, but does not say so. */
static gnutls_datum_t datum(const void *data, size_t size)
{
    union {
        const void *read;
        unsigned char *given;
    } in = {data};
    return (gnutls_datum_t){in.given, (unsigned)size};
}

void hex_encode(const uint8_t *data, size_t size, char *out)
{
    const gnutls_datum_t in = datum(data, size);
    size_t room = 2 * size + 1;
    *out = '\0';
    gnutls_hex_encode(&in, out, &room);
}

bool hex_decode(const char *text, size_t size, uint8_t *out)
{
    const gnutls_datum_t in = datum(text, size);
    size_t room = size / 2;
    return size == 0 || (size % 2 == 0 && gnutls_hex_decode(&in, out, &room) == 0 && room == size / 2);
}

bool random_bytes(void *out, size_t size)
{
    for (size_t done = 0; done < size;) {
        const ssize_t n = getrandom((char *)out + done, size - done, 0);
        if (n <= 0)
            return false;
        done += (size_t)n;
    }
    return true;
}

void random_id(char out[25])
{
    uint8_t bytes[12] = {0};
    random_bytes(bytes, sizeof bytes);
    hex_encode(bytes, sizeof bytes, out);
}

bool equal_secret(const void *a, const void *b, size_t size)
{
    const volatile uint8_t *x = a, *y = b;
    uint8_t difference = 0;
    for (size_t i = 0; i < size; i++)
        difference |= x[i] ^ y[i];
    return difference == 0;
}

int slice_quality(slice parameters)
{
    slice one;
    double q;
    while (slice_next(&parameters, ';', &one)) {
        one = slice_trim(one);
        if (one.size > 2 && (one.data[0] == 'q' || one.data[0] == 'Q') && one.data[1] == '=' &&
            parse_number((slice){one.data + 2, one.size - 2}, 0, 1, &q))
            return (int)(1000 * q);
    }
    return 1000;
}

bool is_style_id(slice id)
{
    if (id.size < 1 || id.size > 63)
        return false;
    for (size_t i = 0; i < id.size; i++) {
        const char c = id.data[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-'))
            return false;
    }
    return true;
}
