/* What a client asks for, from a form or from JSON. */
#ifndef SERVER_PARAMS_H
#define SERVER_PARAMS_H

#include <stylize/stylize.h>

#include "base/problem.h"
#include "base/text.h"

#define SUBJECT_MAX 128 /* characters of a subject key */
#define OWNER_MAX   40  /* of the API key's name before it, with a slash */

/* Of a picture, once it is known. */
typedef struct picture_digest {
    bool known;
    uint8_t bytes[32];
} picture_digest;

typedef struct style_choice {
    char id[64];   /* library style, or "" */
    slice picture; /* encoded style picture, or data NULL */
    picture_digest digest;
    float weight;
} style_choice;

/* The pictures are slices of the body, or of memory that belongs to the reader's caller. */
typedef struct params {
    slice content;
    picture_digest content_digest;
    style_choice styles[STYLIZE_STYLES_MAX];
    size_t style_count;
    slice masks[STYLIZE_STYLES_MAX]; /* encoded, in the order of the styles; size 0: none */
    size_t mask_count;               /* given, with those of size 0 */
    picture_digest mask_digests[STYLIZE_STYLES_MAX];
    slice parts[STYLIZE_STYLES_MAX]; /* masks on the style pictures, likewise */
    size_t part_count;
    picture_digest part_digests[STYLIZE_STYLES_MAX];
    uint32_t size, width, height; /* size: longer side; or width and height */
    float strength;
    float preserve_color;
    float style_scale;
    uint32_t look; /* 0: by style_scale */
    stylize_method method;
    stylize_format format; /* NONE: not said */
    int quality;           /* 0: not said */
    uint64_t seed;
    uint32_t iterations;
    uint32_t depth;         /* bits a channel of the result, 8 or 16 */
    uint32_t keep_metadata; /* stylize_metadata */
    bool tolerant;          /* of a damaged photograph */
    bool allow_degraded;
    uint32_t given;                            /* bits: fields that params_set_once has set */
    char subject[OWNER_MAX + SUBJECT_MAX + 1]; /* "key/subject", or "subject" without keys */
} params;

/* Bounds that the configuration sets, and the default. */
typedef struct params_limits {
    uint32_t output_size, max_output_size;
} params_limits;

void params_init(params *p, const params_limits *limits);
/* Whether there is a mask at all, or one on a style picture. */
bool params_masked(const params *p);
bool params_parted(const params *p);
/* The first mask that is the same picture as that of style i: styles of one mask are painted together. */
size_t params_mask(const params *p, size_t i);
/* Sets one field from its text or its picture. An unknown name is an error. */
bool params_set(params *p, const params_limits *limits, slice name, slice value, problem *wrong);
/* The same of a form, where a field may stand twice: that is an error, but for masks. */
bool params_set_once(params *p, const params_limits *limits, slice name, slice value, problem *wrong);
/* What no field alone shows: that there is a content and a style, and only one way to say it. A style picture with
 * several masks on it becomes as many styles. */
bool params_check(params *p, problem *wrong);

#define STORED_SUBJECT (OWNER_MAX + SUBJECT_MAX + 1)
/* As a subject is stored: "owner/subject", or "subject" for the owner "". Cut off where it does not fit. */
void subject_join(char out[STORED_SUBJECT], const char *owner, const char *subject);

#endif
