/* Finding names and values in the text of an XMP packet. */
#ifndef STZ_XMP_TEXT_H
#define STZ_XMP_TEXT_H

#include "base/common.h"

typedef struct stz_span {
    const char *text;
    size_t size;
} stz_span;

/* Whether it is text in UTF-8 with RDF in it. */
bool stz_xmp_is_packet(stz_span in);
/* The next prefixed name from `at` on that ends in this after its colon: of an element where '<' stands before it, else
 * of an attribute (names that end an element are passed over). */
bool stz_xmp_name(stz_span in, const char *local, size_t at, stz_span *name);
/* Where the element that begins at `start` ends, with all that is in it. */
bool stz_xmp_element_end(stz_span in, size_t start, size_t *end);
/* *end: where the name of an attribute ends; becomes where its value and quote end. value may be NULL. */
bool stz_xmp_attribute_end(stz_span in, size_t *end, stz_span *value);
/* The values of a property of a namespace: those of its list, or the one it has, as they stand. */
int stz_xmp_values(stz_span in, const char *space, const char *name, stz_span *values, int most);

#endif
