/* Reads multipart/form-data (RFC 7578) that lies in memory as a whole; nothing is copied. */
#ifndef SERVER_MULTIPART_H
#define SERVER_MULTIPART_H

#include "base/text.h"

typedef struct part {
    slice name;
    slice filename; /* data NULL: the part has none, it is a plain field */
    slice type;     /* of the content; data NULL: not said */
    slice data;
} part;

/* The boundary that a Content-Type names; false if it is not multipart/form-data with a right one. */
bool multipart_boundary(slice content_type, slice *boundary);

/*
 * Splits a body into at most `max` parts. Returns NULL, or a few words about what is wrong with it:
 * a body must end with the closing boundary, and every part must have a name.
 */
const char *multipart_split(slice body, slice boundary, part *parts, size_t max, size_t *count);

#endif
