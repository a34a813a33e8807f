#include "codec/names.h"

#include <string.h>
#include <strings.h>

#ifdef STZ_HAVE_CODECS
#define JPEG_PNG(text) text
#else
#define JPEG_PNG(text)
#endif
#ifdef STZ_HAVE_WEBP
#define WEBP(text) text
#else
#define WEBP(text)
#endif
#ifdef STZ_HAVE_TIFF
#define TIFF(text) text
#else
#define TIFF(text)
#endif
#ifdef STZ_HAVE_GIF
#define GIF(text) text
#else
#define GIF(text)
#endif
#ifdef STZ_HAVE_AVIF
#define AVIF(text) text
#else
#define AVIF(text)
#endif
#ifdef STZ_HAVE_HEIC
#define HEIC(text) text
#else
#define HEIC(text)
#endif
#ifdef STZ_HAVE_JXL
#define JXL(text) text
#else
#define JXL(text)
#endif

static const struct {
    stylize_format format;
    const char *key, *name;
} formats[] = {
    {STYLIZE_FORMAT_JPEG, "jpeg", "JPEG"},  {STYLIZE_FORMAT_PNG, "png", "PNG"},
    {STYLIZE_FORMAT_WEBP, "webp", "WebP"},  {STYLIZE_FORMAT_TIFF, "tiff", "TIFF"},
    {STYLIZE_FORMAT_GIF, "gif", "GIF"},     {STYLIZE_FORMAT_BMP, "bmp", "BMP"},
    {STYLIZE_FORMAT_AVIF, "avif", "AVIF"},  {STYLIZE_FORMAT_HEIC, "heic", "HEIC"},
    {STYLIZE_FORMAT_JXL, "jxl", "JPEG XL"},
};

const char *stz_format_name(stylize_format format)
{
    for (size_t i = 0; i < STZ_LEN(formats); i++)
        if (formats[i].format == format)
            return formats[i].name;
    return "of an unknown format";
}

const char *stz_formats_list(void)
{
    return JPEG_PNG("jpeg,png,") WEBP("webp,") TIFF("tiff,") GIF("gif,") "bmp" AVIF(",avif") HEIC(",heic")
        JXL(",jxl");
}

const char *stz_formats_text(void)
{
    return JPEG_PNG("JPEG, PNG, ") WEBP("WebP, ") TIFF("TIFF, ") GIF("GIF, ") "BMP" AVIF(", AVIF")
        HEIC(", HEIC") JXL(", JPEG XL");
}

/* Whether `name` of n characters is in a list with commas. */
static bool listed(const char *list, const char *name, size_t n)
{
    for (size_t length; *list; list += length + (list[length] == ',')) {
        length = strcspn(list, ",");
        if (length == n && !strncasecmp(list, name, n))
            return true;
    }
    return false;
}

stylize_status stz_formats_read(const char *list, uint32_t *bits, stylize_error *err)
{
    *bits = 0;
    if (!list || !strcmp(list, "all"))
        return STYLIZE_OK;
    if (!strcmp(list, "web")) {
        *bits = stz_format_bit(STYLIZE_FORMAT_JPEG) | stz_format_bit(STYLIZE_FORMAT_PNG) |
                stz_format_bit(STYLIZE_FORMAT_WEBP);
        return STYLIZE_OK;
    }
    for (const char *at = list;; at++) {
        const size_t n = strcspn(at, ",");
        if (!n || !listed(stz_formats_list(), at, n))
            return stz_fail(err, STYLIZE_ERR_INVALID,
                            "format \"%.*s\" is not known or not in this build; %s are", n > 40 ? 40 : (int)n,
                            at, stz_formats_list());
        for (size_t i = 0; i < STZ_LEN(formats); i++)
            if (strlen(formats[i].key) == n && !strncasecmp(formats[i].key, at, n))
                *bits |= stz_format_bit(formats[i].format);
        at += n;
        if (!*at)
            return STYLIZE_OK;
    }
}

stylize_status stz_format_missing(stylize_format format, const char *library, stylize_error *err)
{
    return stz_fail(err, STYLIZE_ERR_UNSUPPORTED, "picture is %s, which this build does not have (%s)",
                    stz_format_name(format), library);
}

stylize_format stz_format_of_path(const char *path)
{
    static const struct {
        const char *ending;
        stylize_format format;
    } known[] = {
        {".jpg", STYLIZE_FORMAT_JPEG},  {".jpeg", STYLIZE_FORMAT_JPEG}, {".jpe", STYLIZE_FORMAT_JPEG},
        {".jfif", STYLIZE_FORMAT_JPEG}, /* browsers on Windows save these */
        {".jif", STYLIZE_FORMAT_JPEG},  {".jfi", STYLIZE_FORMAT_JPEG},  {".png", STYLIZE_FORMAT_PNG},
        {".webp", STYLIZE_FORMAT_WEBP}, {".tif", STYLIZE_FORMAT_TIFF},  {".tiff", STYLIZE_FORMAT_TIFF},
        {".avif", STYLIZE_FORMAT_AVIF},
    };
    const char *slash = path ? strrchr(path, '/') : NULL;
    const char *name = slash ? slash + 1 : path;
    const char *dot = name ? strrchr(name, '.') : NULL;
    for (size_t i = 0; dot && i < STZ_LEN(known); i++)
        if (!strcasecmp(dot, known[i].ending))
            return known[i].format;
    return STYLIZE_FORMAT_NONE;
}
