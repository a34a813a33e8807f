#include "codec/sniff.h"

#include <string.h>

#include "codec/names.h"

static bool is_one_of(const uint8_t *brand, const char *brands)
{
    for (; *brands; brands += 4)
        if (!memcmp(brand, brands, 4))
            return true;
    return false;
}

/* Files of the ISO base media format say in their brands what they hold: the main one, then what else. */
static stylize_format sniff_brands(const uint8_t *data, size_t size)
{
    if (size < 12 || memcmp(data + 4, "ftyp", 4))
        return STYLIZE_FORMAT_NONE;
    if (is_one_of(data + 8, "avifavis"))
        return STYLIZE_FORMAT_AVIF;
    if (is_one_of(data + 8, "heicheixheimheishevchevxhevmhevs"))
        return STYLIZE_FORMAT_HEIC;
    if (!is_one_of(data + 8, "mif1mif2miafmsf1"))
        return STYLIZE_FORMAT_NONE;
    const size_t box = (size_t)data[2] << 8 | data[3], end = box < size ? box : size;
    for (size_t at = 16; at + 4 <= end && at + 4 <= STZ_SNIFF_SIZE; at += 4)
        if (is_one_of(data + at, "avifavis"))
            return STYLIZE_FORMAT_AVIF;
    return STYLIZE_FORMAT_HEIC;
}

stylize_format stz_sniff(const uint8_t *data, size_t size)
{
    static const uint8_t png[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    if (size >= 3 && data[0] == 0xff && data[1] == 0xd8 && data[2] == 0xff)
        return STYLIZE_FORMAT_JPEG;
    if (size >= sizeof png && !memcmp(data, png, sizeof png))
        return STYLIZE_FORMAT_PNG;
    if (size >= 12 && !memcmp(data, "RIFF", 4) && !memcmp(data + 8, "WEBP", 4))
        return STYLIZE_FORMAT_WEBP;
    if (size >= 4 && (!memcmp(data, "II*\0", 4) || !memcmp(data, "MM\0*", 4) || !memcmp(data, "II+\0", 4) ||
                      !memcmp(data, "MM\0+", 4)))
        return STYLIZE_FORMAT_TIFF;
    if (size >= 6 && (!memcmp(data, "GIF87a", 6) || !memcmp(data, "GIF89a", 6)))
        return STYLIZE_FORMAT_GIF;
    /* two letters alone are too few to tell: the size of the header is one of a few */
    if (size >= 18 && !memcmp(data, "BM", 2) && !data[15] && !data[16] && !data[17] && data[14] >= 12)
        return STYLIZE_FORMAT_BMP;
    if ((size >= 2 && !memcmp(data, "\xff\x0a", 2)) ||
        (size >= 12 && !memcmp(data, "\0\0\0\x0cJXL \r\n\x87\n", 12)))
        return STYLIZE_FORMAT_JXL;
    return sniff_brands(data, size);
}

/* Others of that family. */
static const char *name_of_brand(const uint8_t *brand)
{
    static const struct {
        char brand[5];
        const char *name;
    } known[] = {
        {"crx ", "a raw photograph (CR3)"},
        {"jp2 ", "JPEG 2000"},
        {"qt  ", "a video (QuickTime)"},
    };
    for (size_t i = 0; i < STZ_LEN(known); i++)
        if (!memcmp(brand, known[i].brand, 4))
            return known[i].name;
    return "a video (MP4)";
}

/* The name of a format that is not read here, or NULL. */
static const char *name_of(const uint8_t *data, size_t size)
{
    static const struct {
        const char *magic;
        size_t length;
        const char *name;
    } known[] = {
        {"\0\0\0\x0cjP  \r\n\x87\n", 12, "JPEG 2000"},
        {"\xff\x4f\xff\x51", 4, "JPEG 2000"},
        {"8BPS", 4, "PSD"},
        {"gimp xcf", 8, "XCF"},
        {"\0\0\1\0", 4, "an icon (ICO)"},
        {"%PDF-", 5, "PDF"},
        {"DDS ", 4, "DDS"},
        {"qoif", 4, "QOI"},
        {"\x76\x2f\x31\x01", 4, "OpenEXR"},
        {"#?RADIANCE", 10, "Radiance HDR"},
        {"FUJIFILMCCD-RAW", 15, "a raw photograph (RAF)"},
        {"IIRO", 4, "a raw photograph (ORF)"},
        {"IIU\0", 4, "a raw photograph (RW2)"},
        {"<svg", 4, "SVG"},
        {"<?xml", 5, "SVG or other XML"},
        {"\x1a\x45\xdf\xa3", 4, "a video (WebM or Matroska)"},
    };
    for (size_t i = 0; i < STZ_LEN(known); i++)
        if (size >= known[i].length && !memcmp(data, known[i].magic, known[i].length))
            return known[i].name;
    if (size >= 12 && !memcmp(data + 4, "ftyp", 4))
        return name_of_brand(data + 8);
    if (size >= 3 && data[0] == 'P' && data[1] >= '1' && data[1] <= '7' &&
        (data[2] == '\n' || data[2] == ' '))
        return "PNM";
    return NULL;
}

stylize_status stz_sniff_fail(const char *what, const uint8_t *data, size_t size, stylize_error *err)
{
    const char *name = name_of(data, size);
    if (!name)
        return stz_fail(err, STYLIZE_ERR_FORMAT, "%s is no picture of a known format; %s are supported", what,
                        stz_formats_text());
    return stz_fail(err, STYLIZE_ERR_FORMAT, "%s is %s, which is not supported; %s are", what, name,
                    stz_formats_text());
}
