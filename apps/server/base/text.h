/* Text and bytes: a growing buffer, base64, hexadecimal, random and secret ones. */
#ifndef SERVER_TEXT_H
#define SERVER_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/language.h"
#include "common/slice.h"

/*
 * Bytes that grow. Starts as all zero. The first failure to get memory sets failed, and nothing is
 * added from then on, so that callers check once at the end. data is always terminated if not NULL.
 */
typedef struct buf {
    char *data;
    size_t size, capacity;
    bool failed;
} buf;

bool buf_reserve(buf *b, size_t more);
void buf_append(buf *b, const void *data, size_t size);
void buf_puts(buf *b, const char *text);
void buf_printf(buf *b, const char *format, ...) APP_PRINTF(2, 3);
void buf_base64(buf *b, const void *data, size_t size);
void buf_free(buf *b);

/* Blanks are skipped, since many programs break the lines, and the digits of URLs are known too; padding is needed.
 * False if it is not base64. out holds at least size / 4 * 3 bytes and may be the input itself. */
bool base64_decode(const char *text, size_t size, uint8_t *out, size_t *out_size);

void hex_encode(const uint8_t *data, size_t size, char *out); /* out: 2 * size + 1 */
bool hex_decode(const char *text, size_t size, uint8_t *out); /* size: of the text, even */

/* The q of what follows an element of a header such as Accept, in thousandths; 1000 if it is not said or no number. */
int slice_quality(slice parameters);

bool is_style_id(slice id); /* a-z 0-9 _ -, 1 to 63 characters */

/* Random bytes that nobody can guess; false if the system has none. */
bool random_bytes(void *out, size_t size);
/* 24 hexadecimal digits and a zero. */
void random_id(char out[25]);
/* Takes the same time wherever the first difference is. */
bool equal_secret(const void *a, const void *b, size_t size);

#endif
