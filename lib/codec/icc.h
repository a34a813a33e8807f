/* Colour profiles: conversion to sRGB (lcms2). */
#ifndef STZ_ICC_H
#define STZ_ICC_H

#include "base/common.h"

typedef void stz_icc;

typedef enum stz_icc_kind {
    STZ_ICC_RGB,   /* 3 bytes a pixel, in place */
    STZ_ICC_RGBA,  /* 4 bytes a pixel, in place; alpha untouched */
    STZ_ICC_RGB16, /* as the two before, with 16 bits a channel */
    STZ_ICC_RGBA16,
    STZ_ICC_CMYK /* 4 inverted bytes (255: no ink) to 3 bytes of RGB */
} stz_icc_kind;

/* A conversion of rows to sRGB. `grey` says that the pixels have three equal channels and the
 * profile is one for grey. NULL if there is nothing to do: no profile, one that is damaged or for
 * other pixels, sRGB itself, or a build without lcms2. */
stz_icc *stz_icc_create(const uint8_t *profile, size_t size, stz_icc_kind kind, bool grey);
/* Likewise by a number of ITU-T H.273 for the primaries, as PNG's cICP and HEIF have it; the curve is taken as that
 * of sRGB. NULL if they are those of sRGB, or not known. */
stz_icc *stz_icc_of_primaries(int number, stz_icc_kind kind);
/* The way back, from sRGB to a profile of RGB; STZ_ICC_RGB or RGBA. *same: it is sRGB's own, and NULL comes back.
 * NULL and not the same: the profile cannot be written to. */
stz_icc *stz_icc_back(const uint8_t *profile, size_t size, stz_icc_kind kind, bool *same);
void stz_icc_row(stz_icc *icc, const uint8_t *in, uint8_t *out, uint32_t width);
void stz_icc_free(stz_icc *icc); /* or NULL */

#endif
