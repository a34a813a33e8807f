/*
 * Structures that programs fill or read and that may grow: the first member is their size as the program knows
 * them. All sizes that ever were stand in one table; docs/abi.md says how a structure grows.
 */
#ifndef STZ_TAGGED_H
#define STZ_TAGGED_H

#include "base/common.h"
#include "stylize/embed.h"
#include "stylize/sequence.h"

typedef enum stz_tag {
    STZ_TAG_OPTIONS,
    STZ_TAG_REQUEST,
    STZ_TAG_STATS,
    STZ_TAG_REPORT,
    STZ_TAG_IMAGE_INFO,
    STZ_TAG_TILE,
    STZ_TAG_BENCH,
    STZ_TAG_FIT,
    STZ_TAG_SEQUENCE,
    STZ_TAG_FRAME,
    STZ_TAG_EMBED,
    STZ_TAGS
} stz_tag;

/* What the functions *_init begin with: all members zero, but the size. False: `theirs` is NULL, or the size none of ours. */
bool stz_tagged_init(stz_tag tag, void *theirs, size_t size);

/* Copies a program's structure into ours, of our size: members that the program does not know are zero. False: it
 * was never initialised, or has members that we do not know and that are not zero. */
bool stz_tagged_read(stz_tag tag, void *ours, const void *theirs);
/* Whether the program has set the size of a structure that is filled as far as it reaches. */
bool stz_tagged_set(const void *theirs);
/* Fills the program's structure as far as it reaches; its size member stays. */
void stz_tagged_write(stz_tag tag, void *theirs, const void *ours);

#endif
