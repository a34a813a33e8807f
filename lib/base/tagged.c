#include "base/tagged.h"

#include <string.h>

#define SIZES_MAX   6
#define LARGEST_TAG 65536u /* a size beyond it is no size */

/* Smallest first; the size of before is added in front of the last when a structure grows. */
static const size_t sizes[STZ_TAGS][SIZES_MAX] = {
    [STZ_TAG_OPTIONS] = {offsetof(stylize_options, tolerant), sizeof(stylize_options)},
    [STZ_TAG_REQUEST] = {offsetof(stylize_request, tiling), offsetof(stylize_request, target),
                         offsetof(stylize_request, tolerant), offsetof(stylize_request, style_masks),
                         sizeof(stylize_request)},
    [STZ_TAG_STATS] = {sizeof(stylize_stats)},
    [STZ_TAG_REPORT] = {offsetof(stylize_report, damaged), sizeof(stylize_report)},
    [STZ_TAG_IMAGE_INFO] = {sizeof(stylize_image_info)},
    [STZ_TAG_TILE] = {sizeof(stylize_tile)},
    [STZ_TAG_BENCH] = {sizeof(stylize_bench)},
    [STZ_TAG_FIT] = {sizeof(stylize_fit)},
    [STZ_TAG_SEQUENCE] = {sizeof(stylize_sequence_options)},
    [STZ_TAG_FRAME] = {sizeof(stylize_frame)},
    [STZ_TAG_EMBED] = {sizeof(stylize_embed)},
};

static size_t ours_of(stz_tag tag)
{
    size_t last = sizes[tag][0];
    for (int i = 1; i < SIZES_MAX && sizes[tag][i]; i++)
        last = sizes[tag][i];
    return last;
}

static size_t size_of(const void *theirs)
{
    size_t size;
    memcpy(&size, theirs, sizeof size);
    return size;
}

/* Whether the structure ever had this size. */
static bool is_known(stz_tag tag, size_t size)
{
    for (int i = 0; i < SIZES_MAX && sizes[tag][i]; i++)
        if (sizes[tag][i] == size)
            return true;
    return false;
}

bool stz_tagged_init(stz_tag tag, void *theirs, size_t size)
{
    if (!theirs || !is_known(tag, size))
        return false;
    memset(theirs, 0, size);
    memcpy(theirs, &size, sizeof size);
    return true;
}

bool stz_tagged_set(const void *theirs)
{
    const size_t size = size_of(theirs);
    return size >= sizeof size && size <= LARGEST_TAG;
}

bool stz_tagged_read(stz_tag tag, void *ours, const void *theirs)
{
    const size_t size = ours_of(tag), have = size_of(theirs);
    if (have < sizes[tag][0] || have > LARGEST_TAG)
        return false;
    for (size_t i = size; i < have; i++)
        if (((const unsigned char *)theirs)[i])
            return false;
    memset(ours, 0, size);
    memcpy(ours, theirs, have < size ? have : size);
    return true;
}

void stz_tagged_write(stz_tag tag, void *theirs, const void *ours)
{
    const size_t size = ours_of(tag), theirs_size = size_of(theirs);
    const size_t have = theirs_size < size ? theirs_size : size;
    if (have > sizeof have)
        memcpy((char *)theirs + sizeof have, (const char *)ours + sizeof have, have - sizeof have);
}
