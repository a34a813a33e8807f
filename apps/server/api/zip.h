/* A ZIP file (APPNOTE 6.3, no compression) that is written from front to back. */
#ifndef SERVER_ZIP_H
#define SERVER_ZIP_H

#include "base/text.h"

typedef struct zip {
    buf directory; /* what comes at the end */
    uint64_t offset;
    unsigned count;
} zip;

/* Appends a whole entry to out. */
void zip_add(zip *z, buf *out, const char *name, const void *data, size_t size);
/* Appends the end of the file. */
void zip_end(zip *z, buf *out);
void zip_free(zip *z);

#endif
