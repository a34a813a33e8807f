#include "http/pack.h"

#include <zlib.h>

#define GZIP_BITS (15 + 16) /* the largest window, and a header of gzip's */

bool pack_allowed(slice accept_encoding)
{
    slice one, name;
    int named = -1, rest = 0;
    while (slice_next(&accept_encoding, ',', &one)) {
        slice_next(&one, ';', &name);
        name = slice_trim(name);
        if (slice_is_nocase(name, "gzip") || slice_is_nocase(name, "x-gzip"))
            named = slice_quality(one);
        else if (slice_is(name, "*"))
            rest = slice_quality(one);
    }
    return named >= 0 ? named > 0 : rest > 0;
}

bool pack_wanted(const exchange *x)
{
    buf list = {0};
    exchange_list(x, "Accept-Encoding", &list);
    const bool wanted = !list.failed && list.data && pack_allowed((slice){list.data, list.size});
    buf_free(&list);
    return wanted;
}

bool pack_gzip(slice in, buf *out)
{
    z_stream z = {.next_in = (z_const Bytef *)(uintptr_t)in.data, .avail_in = (uInt)in.size};
    if (in.size < 2 || in.size > 1U << 30 || !buf_reserve(out, in.size) ||
        deflateInit2(&z, 9, Z_DEFLATED, GZIP_BITS, 9, Z_DEFAULT_STRATEGY) != Z_OK) {
        buf_free(out);
        return false;
    }
    z.next_out = (Bytef *)out->data;
    z.avail_out = (uInt)(in.size - 1);
    const bool ended = deflate(&z, Z_FINISH) == Z_STREAM_END;
    out->size = z.total_out;
    deflateEnd(&z);
    if (!ended)
        buf_free(out);
    return ended;
}
