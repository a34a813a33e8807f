#include "remote/store_open.h"

#include <stdio.h>
#include <string.h>

#include "remote/store_folder.h"
#ifdef SERVER_HAVE_REMOTE
#include "remote/s3.h"
#endif

bool store_open(store *s, const store_options *o, char *message, size_t size)
{
    if (!strncmp(o->url, "file://", 7))
        return store_folder_open(s, o, message, size);
    if (strncmp(o->url, "s3://", 5) != 0) {
        snprintf(message, size, "storage is \"%.100s\"; allowed: s3://bucket[/prefix] or file:///folder",
                 o->url);
        return false;
    }
#ifdef SERVER_HAVE_REMOTE
    return s3_open(s, o, message, size);
#else
    snprintf(message, size,
             "this build has no S3: it was made without libhiredis-dev and libcurl4-gnutls-dev");
    return false;
#endif
}
