/* Scans of a JPEG: each goes over all pixels again, so that a small file can be much work. */
#ifndef SERVER_SCANS_H
#define SERVER_SCANS_H

#include "base/text.h"

/* How many there are, as far as they are counted: at most `most`. 0: it is no JPEG. */
unsigned jpeg_scans(slice file, unsigned most);

#endif
