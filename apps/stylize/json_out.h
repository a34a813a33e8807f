/* JSON on the standard output. */
#ifndef CLI_JSON_OUT_H
#define CLI_JSON_OUT_H

#include <stdbool.h>

#include <jansson.h>

/* A JSON string; bytes that are no UTF-8 become U+FFFD. */
json_t *json_text(const char *text);
/* Prints one value and a newline on the standard output, releases it; false after a message. */
bool json_print(json_t *value, size_t flags);

#endif
