/* UTF-8, character by character. */
#ifndef APPS_UTF8_H
#define APPS_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Length of the character at text and, if code is not NULL, which one it is. 0 if the bytes are broken or
 * not the shortest form, or left is 0. */
size_t utf8_read(const char *text, size_t left, uint32_t *code);

#endif
