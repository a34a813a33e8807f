/* A multipart body; its boundary is what stands before the first newline. */
#include "base/multipart.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was found must lie inside the body. */
static void check(slice body, slice s)
{
    if (s.data && (s.data < body.data || s.size > body.size || s.data + s.size > body.data + body.size))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    slice body = {(const char *)data, size}, boundary, named;
    part parts[8];
    size_t count = 0;
    if (!size || !slice_next(&body, '\n', &boundary) || !body.data)
        return 0;
    multipart_boundary(boundary, &named);
    if (!multipart_split(body, boundary, parts, 8, &count))
        for (size_t i = 0; i < count; i++) {
            check(body, parts[i].name);
            check(body, parts[i].filename);
            check(body, parts[i].type);
            check(body, parts[i].data);
        }
    return 0;
}
