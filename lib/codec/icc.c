#include "codec/icc.h"

#include "codec/format.h"

#ifdef STZ_HAVE_LCMS2
#include <lcms2.h>

#include <math.h>

/* Light of an sRGB value, both 0 to 1. */
static double srgb_light(double v) { return v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4); }

static bool near(const cmsCIEXYZ *v, double x, double y, double z)
{
    return v && fabs(v->X - x) < 0.001 && fabs(v->Y - y) < 0.001 && fabs(v->Z - z) < 0.001;
}

/* True if no value is off by a level or more. */
static bool is_srgb_curve(const cmsToneCurve *curve)
{
    for (int i = 0; curve && i < 256; i++) {
        double light = cmsEvalToneCurveFloat(curve, (float)i / 255.0f);
        if (light <= srgb_light((i - 1) / 255.0) || light >= srgb_light((i + 1) / 255.0))
            return false;
    }
    return curve;
}

/* sRGB under whatever name, as most cameras embed it: converting would cost time and exactness for
 * nothing. Its primaries, adapted to the profiles' white, and its curve are what tells. */
static bool is_srgb(cmsHPROFILE p)
{
    return cmsIsMatrixShaper(p) && near(cmsReadTag(p, cmsSigRedColorantTag), 0.4361, 0.2225, 0.0139) &&
           near(cmsReadTag(p, cmsSigGreenColorantTag), 0.3851, 0.7169, 0.0971) &&
           near(cmsReadTag(p, cmsSigBlueColorantTag), 0.1431, 0.0606, 0.7141) &&
           is_srgb_curve(cmsReadTag(p, cmsSigRedTRCTag)) && is_srgb_curve(cmsReadTag(p, cmsSigGreenTRCTag)) &&
           is_srgb_curve(cmsReadTag(p, cmsSigBlueTRCTag));
}

/* Pixels of lcms for a kind of RGB. */
static cmsUInt32Number pixels_of(stz_icc_kind kind)
{
    switch (kind) {
    case STZ_ICC_RGBA:
        return TYPE_RGBA_8;
    case STZ_ICC_RGB16:
        return TYPE_RGB_16;
    case STZ_ICC_RGBA16:
        return TYPE_RGBA_16;
    default:
        return TYPE_RGB_8;
    }
}

static bool formats(stz_icc_kind kind, bool grey, cmsColorSpaceSignature *space, cmsUInt32Number *in,
                    cmsUInt32Number *out)
{
    *out = pixels_of(kind);
    if (kind == STZ_ICC_CMYK) {
        *space = cmsSigCmykData;
        *in = TYPE_CMYK_8_REV;
        return !grey;
    }
    *space = grey ? cmsSigGrayData : cmsSigRgbData;
    *in = *out;
    if (grey) /* the first of the equal channels; the others are passed over */
        *in = COLORSPACE_SH(PT_GRAY) | CHANNELS_SH(1) | BYTES_SH(T_BYTES(*out)) | EXTRA_SH(T_EXTRA(*out) + 2);
    return true;
}

/* Closes `from`. NULL if the pixels are of another space, or of sRGB already. */
static cmsHTRANSFORM to_srgb(cmsHPROFILE from, cmsColorSpaceSignature space, cmsUInt32Number in,
                             cmsUInt32Number out)
{
    cmsHTRANSFORM transform = NULL;
    bool fits = cmsGetColorSpace(from) == space && !(space == cmsSigRgbData && is_srgb(from));
    cmsHPROFILE to = fits ? cmsCreate_sRGBProfile() : NULL;
    if (to)
        transform = cmsCreateTransform(from, in, to, out, INTENT_RELATIVE_COLORIMETRIC,
                                       cmsFLAGS_BLACKPOINTCOMPENSATION);
    if (to)
        cmsCloseProfile(to);
    cmsCloseProfile(from);
    return transform;
}

stz_icc *stz_icc_of_primaries(int number, stz_icc_kind kind)
{
    static const struct {
        int number;
        cmsCIExyYTRIPLE primaries;
        cmsCIExyY white;
    } known[] = {
        {9, {{0.708, 0.292, 1}, {0.170, 0.797, 1}, {0.131, 0.046, 1}}, {0.3127, 0.3290, 1}},  /* BT.2020 */
        {11, {{0.680, 0.320, 1}, {0.265, 0.690, 1}, {0.150, 0.060, 1}}, {0.314, 0.351, 1}},   /* DCI-P3 */
        {12, {{0.680, 0.320, 1}, {0.265, 0.690, 1}, {0.150, 0.060, 1}}, {0.3127, 0.3290, 1}}, /* Display P3 */
    };
    static const double curve[5] = {2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045};
    cmsColorSpaceSignature space;
    cmsUInt32Number in, out;
    for (size_t i = 0; i < STZ_LEN(known); i++) {
        if (known[i].number != number || !formats(kind, false, &space, &in, &out))
            continue;
        cmsToneCurve *srgb = cmsBuildParametricToneCurve(NULL, 4, curve);
        cmsHPROFILE from = NULL;
        if (srgb)
            from = cmsCreateRGBProfile(&known[i].white, &known[i].primaries,
                                       (cmsToneCurve *[3]){srgb, srgb, srgb});
        cmsFreeToneCurve(srgb);
        return from ? to_srgb(from, space, in, out) : NULL;
    }
    return NULL;
}

stz_icc *stz_icc_create(const uint8_t *profile, size_t size, stz_icc_kind kind, bool grey)
{
    cmsColorSpaceSignature space;
    cmsUInt32Number in, out;
    if (!profile || !size || size > STZ_ICC_MAX || !formats(kind, grey, &space, &in, &out))
        return NULL;
    cmsHPROFILE from = cmsOpenProfileFromMem(profile, (cmsUInt32Number)size);
    return from ? to_srgb(from, space, in, out) : NULL;
}

stz_icc *stz_icc_back(const uint8_t *profile, size_t size, stz_icc_kind kind, bool *same)
{
    const cmsUInt32Number pixels = pixels_of(kind);
    cmsHPROFILE to = size <= STZ_ICC_MAX ? cmsOpenProfileFromMem(profile, (cmsUInt32Number)size) : NULL;
    *same = to && cmsGetColorSpace(to) == cmsSigRgbData && is_srgb(to);
    cmsHPROFILE from = to && !*same && cmsGetColorSpace(to) == cmsSigRgbData ? cmsCreate_sRGBProfile() : NULL;
    cmsHTRANSFORM transform = NULL;
    if (from) {
        transform = cmsCreateTransform(from, pixels, to, pixels, INTENT_RELATIVE_COLORIMETRIC,
                                       cmsFLAGS_BLACKPOINTCOMPENSATION);
        cmsCloseProfile(from);
    }
    if (to)
        cmsCloseProfile(to);
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
stz_icc *stz_icc_of_primaries(int number, stz_icc_kind kind) { return NULL; }
stz_icc *stz_icc_back(const uint8_t *profile, size_t size, stz_icc_kind kind, bool *same)
{
    return *same = false, NULL;
}
void stz_icc_row(stz_icc *icc, const uint8_t *in, uint8_t *out, uint32_t width) {}
void stz_icc_free(stz_icc *icc) {}

#endif
