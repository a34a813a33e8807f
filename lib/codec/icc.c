#include "icc.h"

#include "format.h"

#ifdef STZ_HAVE_LCMS2
#include <lcms2.h>

#include <stdlib.h>
#include <string.h>

#define STEPS 6 /* of each channel, for the test whether a profile is sRGB */

/* True if colours of the whole range change by at most one level: the profile is sRGB, under
 * whatever name, and converting would cost time and exactness for nothing. */
static bool is_identity(cmsHTRANSFORM transform, size_t bpp)
{
    uint8_t in[(STEPS * STEPS * STEPS + 256) * 4], out[sizeof in];
    size_t n = 0;
    memset(in, 255, sizeof in);
    for (int i = 0; i < STEPS * STEPS * STEPS; i++, n++) {
        in[n * bpp] = (uint8_t)(i % STEPS * 255 / (STEPS - 1));
        in[n * bpp + 1] = (uint8_t)(i / STEPS % STEPS * 255 / (STEPS - 1));
        in[n * bpp + 2] = (uint8_t)(i / STEPS / STEPS * 255 / (STEPS - 1));
    }
    for (int i = 0; i < 256; i++, n++)
        memset(in + n * bpp, i, 3);
    memcpy(out, in, sizeof in);
    cmsDoTransform(transform, in, out, (cmsUInt32Number)n);
    for (size_t i = 0; i < n * bpp; i++)
        if (abs(in[i] - out[i]) > 1)
            return false;
    return true;
}

static bool formats(stz_icc_kind kind, bool grey, cmsColorSpaceSignature *space, cmsUInt32Number *in,
                    cmsUInt32Number *out)
{
    *out = kind == STZ_ICC_RGBA ? TYPE_RGBA_8 : TYPE_RGB_8;
    if (kind == STZ_ICC_CMYK) {
        *space = cmsSigCmykData;
        *in = TYPE_CMYK_8_REV;
        return !grey;
    }
    *space = grey ? cmsSigGrayData : cmsSigRgbData;
    *in = *out;
    if (grey) /* the first of the equal channels; the others are passed over */
        *in = COLORSPACE_SH(PT_GRAY) | CHANNELS_SH(1) | BYTES_SH(1) | EXTRA_SH(kind == STZ_ICC_RGBA ? 3 : 2);
    return true;
}

stz_icc *stz_icc_create(const uint8_t *profile, size_t size, stz_icc_kind kind, bool grey)
{
    cmsColorSpaceSignature space;
    cmsUInt32Number in, out;
    if (!profile || !size || size > STZ_ICC_MAX || !formats(kind, grey, &space, &in, &out))
        return NULL;
    cmsHPROFILE from = cmsOpenProfileFromMem(profile, (cmsUInt32Number)size);
    if (!from)
        return NULL;
    cmsHTRANSFORM transform = NULL;
    cmsHPROFILE to = cmsGetColorSpace(from) == space ? cmsCreate_sRGBProfile() : NULL;
    if (to)
        transform = cmsCreateTransform(from, in, to, out, INTENT_RELATIVE_COLORIMETRIC,
                                       cmsFLAGS_BLACKPOINTCOMPENSATION);
    if (transform && space == cmsSigRgbData && is_identity(transform, kind == STZ_ICC_RGBA ? 4 : 3)) {
        cmsDeleteTransform(transform);
        transform = NULL;
    }
    if (to)
        cmsCloseProfile(to);
    cmsCloseProfile(from);
    return transform;
}

void stz_icc_row(stz_icc *icc, const uint8_t *in, uint8_t *out, uint32_t width)
{
    cmsDoTransform(icc, in, out, width);
}

void stz_icc_free(stz_icc *icc)
{
    if (icc)
        cmsDeleteTransform(icc);
}

#else

stz_icc *stz_icc_create(const uint8_t *profile, size_t size, stz_icc_kind kind, bool grey) { return NULL; }
void stz_icc_row(stz_icc *icc, const uint8_t *in, uint8_t *out, uint32_t width) {}
void stz_icc_free(stz_icc *icc) {}

#endif
