#include "codec/sniff.h"

#include <string.h>

stylize_format stz_sniff(const uint8_t *data, size_t size)
{
    static const uint8_t png[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    if (size >= 3 && data[0] == 0xff && data[1] == 0xd8 && data[2] == 0xff)
        return STYLIZE_FORMAT_JPEG;
    if (size >= sizeof png && !memcmp(data, png, sizeof png))
        return STYLIZE_FORMAT_PNG;
    if (size >= 12 && !memcmp(data, "RIFF", 4) && !memcmp(data + 8, "WEBP", 4))
        return STYLIZE_FORMAT_WEBP;
    return STYLIZE_FORMAT_NONE;
}

/* Files of the ISO base media format say in their brands what they hold. */
static const char *name_of_brand(const uint8_t *brand)
{
    static const struct {
        char brand[5];
        const char *name;
    } known[] = {
        {"avif", "AVIF"},
        {"avis", "AVIF"},
        {"heic", "HEIC"},
        {"heix", "HEIC"},
        {"heim", "HEIC"},
        {"heis", "HEIC"},
        {"hevc", "HEIC"},
        {"hevx", "HEIC"},
        {"mif1", "HEIF"},
        {"msf1", "HEIF"},
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
        {"GIF8", 4, "GIF"},
        {"II*\0", 4, "TIFF"},
        {"MM\0*", 4, "TIFF"},
        {"II+\0", 4, "TIFF (BigTIFF)"},
        {"MM\0+", 4, "TIFF (BigTIFF)"},
        {"\xff\x0a", 2, "JPEG XL"},
        {"\0\0\0\x0cJXL \r\n\x87\n", 12, "JPEG XL"},
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
    /* two letters alone are too few to tell: the size of the header is one of a few */
    if (size >= 18 && !memcmp(data, "BM", 2) && !data[15] && !data[16] && !data[17] && data[14] >= 12)
        return "BMP";
    if (size >= 3 && data[0] == 'P' && data[1] >= '1' && data[1] <= '7' &&
        (data[2] == '\n' || data[2] == ' '))
        return "PNM";
    return NULL;
}

stylize_status stz_sniff_fail(const char *what, const uint8_t *data, size_t size, stylize_error *err)
{
    const char *name = name_of(data, size);
    if (!name)
        return stz_fail(err, STYLIZE_ERR_FORMAT, "%s is neither JPEG, PNG nor WebP", what);
    return stz_fail(err, STYLIZE_ERR_FORMAT, "%s is %s, which is not supported; JPEG, PNG and WebP are", what,
                    name);
}
