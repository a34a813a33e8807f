/* The little XML that S3 answers with. Names of elements are compared as they are written. */
#ifndef SERVER_S3_XML_H
#define SERVER_S3_XML_H

#include "base/text.h"

/* What stands between <name> and </name>, the first time; false if it is not there. */
bool xml_find(slice xml, const char *name, slice *inside);
/* The next such element of *rest, which then begins after it. */
bool xml_next(slice *rest, const char *name, slice *inside);
/* With &amp; and the like as characters. False if it does not fit or is not well formed. */
bool xml_text(slice inside, char *out, size_t size);

#endif
