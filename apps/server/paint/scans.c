#include "paint/scans.h"

#include <string.h>

enum { FILL = 0xff, SOI = 0xd8, EOI = 0xd9, SOS = 0xda, RST_FIRST = 0xd0, RST_LAST = 0xd7, TEM = 0x01 };

/* The next marker from `at` on, behind it; 0 at the end. Between scans lies data, in which ff is followed by 0 or by the
 * mark of a restart. */
static unsigned next_marker(slice file, size_t *at)
{
    const uint8_t *bytes = (const uint8_t *)file.data;
    while (*at + 1 < file.size) {
        const uint8_t *found = memchr(bytes + *at, FILL, file.size - 1 - *at);
        if (!found)
            break;
        *at = (size_t)(found - bytes) + 1;
        const unsigned marker = bytes[*at];
        if (marker == 0 || marker == FILL || marker == TEM || (marker >= RST_FIRST && marker <= RST_LAST))
            continue;
        ++*at;
        return marker;
    }
    return 0;
}

unsigned jpeg_scans(slice file, unsigned most)
{
    const uint8_t *bytes = (const uint8_t *)file.data;
    size_t at = 2;
    unsigned scans = 0, marker;
    if (file.size < 4 || bytes[0] != FILL || bytes[1] != SOI)
        return 0;
    while (scans < most && (marker = next_marker(file, &at)) && marker != EOI) {
        scans += marker == SOS;
        if (at + 2 > file.size)
            break;
        at += (size_t)bytes[at] << 8 | bytes[at + 1]; /* its segment */
        if (at > file.size)
            break;
    }
    return scans;
}
