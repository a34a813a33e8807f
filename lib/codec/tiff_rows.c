#include "codec/names.h"

#ifdef STZ_HAVE_TIFF
#include "codec/tiff.h"

#include <string.h>

/* Samples of 1, 2 and 4 bits: to 8 bits, or, of palettes, as they are. In place, from the end. */
static void unpack(const stz_tiff *t, uint8_t *line)
{
    const unsigned each = 8u / t->bits, mask = (1u << t->bits) - 1;
    const unsigned scale = t->photometric == PHOTOMETRIC_PALETTE ? 1 : 255 / mask;
    for (uint32_t x = t->width; x-- > 0;)
        line[x] = (uint8_t)((line[x / each] >> (8 - t->bits * (x % each + 1)) & mask) * scale);
}

/* Copies `count` samples of one plane, or all of some pixels, to (x, y) of the whole picture. */
static void place(stz_tiff_rows *r, const uint8_t *from, uint32_t x, uint32_t y, uint32_t count, int plane)
{
    const int kept = r->step, bytes = r->bytes;
    const int given = r->tiff->planar == PLANARCONFIG_CONTIG ? r->tiff->samples : 1;
    uint8_t *to =
        r->whole->data + (((size_t)y * r->tiff->width + x) * (size_t)kept + (size_t)plane) * (size_t)bytes;
    const size_t n = (size_t)(given == 1 ? 1 : kept) * (size_t)bytes;
    for (uint32_t i = 0; i < count; i++, from += given * bytes, to += kept * bytes)
        memcpy(to, from, n);
}

static bool read_planes(stz_tiff_rows *r)
{
    for (int plane = 0; plane < r->step; plane++)
        for (uint32_t y = 0; y < r->tiff->height; y++) {
            if (TIFFReadScanline(r->tiff->tif, r->line->data, y, (uint16_t)plane) < 0)
                return false;
            place(r, r->line->data, 0, y, r->tiff->width, plane);
        }
    return true;
}

static bool read_tiles(stz_tiff_rows *r, uint32_t tile_width, uint32_t tile_height, int planes, bool tolerant)
{
    const stz_tiff *t = r->tiff;
    const size_t stride = (size_t)TIFFTileRowSize(t->tif);
    bool sound = true;
    for (int plane = 0; plane < planes; plane++)
        for (uint32_t y = 0; y < t->height; y += tile_height)
            for (uint32_t x = 0; x < t->width; x += tile_width) {
                if (TIFFReadTile(t->tif, r->line->data, x, y, 0, (uint16_t)plane) < 0) {
                    sound = false;
                    if (!tolerant)
                        return false;
                    continue;
                }
                for (uint32_t i = 0; i < tile_height && y + i < t->height; i++)
                    place(r, r->line->data + i * stride, x, y + i,
                          t->width - x < tile_width ? t->width - x : tile_width, plane);
            }
    return sound;
}

static stylize_status read_whole(stz_tiff_rows *r, stz_pool *pool, bool tolerant, bool *whole,
                                 stylize_error *err)
{
    const stz_tiff *t = r->tiff;
    uint32_t tile_width = 0, tile_height = 0;
    size_t size;
    r->step = t->colours + t->alpha;
    if (!stz_mul((size_t)t->width * t->height, (size_t)(r->step * r->bytes), &size))
        return stz_nomem(err, UINT64_MAX);
    r->whole = stz_pool_get(pool, STZ_MEM_SCRATCH, size);
    if (!r->whole)
        return stz_nomem(err, size);
    memset(r->whole->data, 0, size);
    if (!TIFFIsTiled(t->tif)) {
        *whole = read_planes(r);
    } else {
        TIFFGetField(t->tif, TIFFTAG_TILEWIDTH, &tile_width);
        TIFFGetField(t->tif, TIFFTAG_TILELENGTH, &tile_height);
        *whole =
            tile_width && tile_height &&
            read_tiles(r, tile_width, tile_height, t->planar == PLANARCONFIG_CONTIG ? 1 : r->step, tolerant);
    }
    return *whole || tolerant ? STYLIZE_OK : stz_tiff_fail(t, err);
}

/* Bytes that libtiff fills at a time; it is the file that says how many. */
static stylize_status get_line(stz_tiff_rows *r, stz_pool *pool, const stz_limits *limits, stylize_error *err)
{
    const stz_tiff *t = r->tiff;
    const tmsize_t size = TIFFIsTiled(t->tif) ? TIFFTileSize(t->tif) : TIFFScanlineSize(t->tif);
    const uint64_t most = limits->max_pixels * 16;
    if (size <= 0)
        return stz_tiff_fail(t, err);
    if ((uint64_t)size > most)
        return stz_fail(err, STYLIZE_ERR_LIMIT, "TIFF has tiles of %llu bytes; at most %llu are allowed",
                        (unsigned long long)size, (unsigned long long)most);
    /* room for unpacked samples too */
    const size_t room = (size_t)size > t->width ? (size_t)size : t->width;
    r->line = stz_pool_get(pool, STZ_MEM_SCRATCH, room);
    if (!r->line)
        return stz_nomem(err, room);
    memset(r->line->data, 0, room);
    return STYLIZE_OK;
}

/* A file may say that a row is shorter than its pixels are: nothing is read past what libtiff fills. */
static bool is_long_enough(const stz_tiff *t)
{
    const uint64_t each = t->planar == PLANARCONFIG_CONTIG ? t->samples : 1;
    uint32_t across = t->width;
    if (TIFFIsTiled(t->tif) && !TIFFGetField(t->tif, TIFFTAG_TILEWIDTH, &across))
        return false;
    const uint64_t row = (across * each * t->bits + 7) / 8;
    const tmsize_t have = TIFFIsTiled(t->tif) ? TIFFTileRowSize(t->tif) : TIFFScanlineSize(t->tif);
    return have > 0 && (uint64_t)have >= row;
}

stylize_status stz_tiff_rows_open(stz_tiff_rows *rows, stz_tiff *tiff, stz_pool *pool,
                                  const stz_limits *limits, bool tolerant, bool *whole, stylize_error *err)
{
    *rows = (stz_tiff_rows){.tiff = tiff, .step = tiff->samples, .bytes = tiff->bits == 16 ? 2 : 1};
    *whole = true;
    if (!is_long_enough(tiff))
        return stz_fail(err, STYLIZE_ERR_FORMAT, "damaged TIFF: its rows are too short");
    const bool tiled = TIFFIsTiled(tiff->tif);
    stylize_status status = get_line(rows, pool, limits, err);
    if (status == STYLIZE_OK && (tiled || (tiff->planar == PLANARCONFIG_SEPARATE && tiff->samples > 1)))
        status = read_whole(rows, pool, tolerant, whole, err);
    if (status != STYLIZE_OK)
        stz_tiff_rows_close(rows);
    return status;
}

const uint8_t *stz_tiff_rows_next(stz_tiff_rows *rows)
{
    const stz_tiff *t = rows->tiff;
    const uint32_t y = rows->y++;
    if (rows->whole)
        return rows->whole->data + (size_t)y * t->width * (size_t)(rows->step * rows->bytes);
    if (TIFFReadScanline(t->tif, rows->line->data, y, 0) < 0)
        return NULL;
    if (t->bits < 8)
        unpack(t, rows->line->data);
    return rows->line->data;
}

void stz_tiff_rows_close(stz_tiff_rows *rows)
{
    stz_buf_unref(rows->line);
    stz_buf_unref(rows->whole);
    rows->line = rows->whole = NULL;
}

#endif
