/* JSON of jansson as text, and its texts as ours. */
#ifndef SERVER_JSON_TEXT_H
#define SERVER_JSON_TEXT_H

#include <jansson.h>

#include "base/text.h"

/* On one line; the caller frees it. Takes the object over. NULL if there is none, or no memory. */
char *json_line(json_t *taken);
/* The same, added to out. */
bool json_put(json_t *taken, buf *out);
/* A member that is a text, cut where it does not fit; "" if it is none. */
void json_member_text(const json_t *object, const char *name, char *out, size_t size);

#endif
