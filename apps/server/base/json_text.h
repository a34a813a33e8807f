/* JSON of jansson as text, and its texts as ours. */
#ifndef SERVER_JSON_TEXT_H
#define SERVER_JSON_TEXT_H

#include <jansson.h>

#include "base/text.h"

/* A text from outside, of whatever bytes: what is not UTF-8 becomes U+FFFD. */
json_t *json_any(const char *text, size_t size);

/* On one line; the caller frees it. Takes the object over. NULL if there is none, or no memory. */
char *json_line(json_t *taken);
/* The same, added to out. */
bool json_put(json_t *taken, buf *out);
/* The same for people and clients, with blanks after commas and colons. */
bool json_write(json_t *taken, buf *out);
/* A text from outside, with its quotes. */
bool json_write_text(const char *text, size_t size, buf *out);
/* The same with one more member in front: a text of `before` and the bytes in base64, which may be many: they are
 * written straight to out. */
bool json_write_bytes(json_t *taken, const char *name, const char *before, const void *bytes, size_t size, buf *out);
/* A member that is a text, cut where it does not fit; "" if it is none. */
void json_member_text(const json_t *object, const char *name, char *out, size_t size);

#endif
