#include "codec/sink.h"

#include <string.h>

bool stz_sink_init(stz_sink *sink, stz_pool *pool, size_t guess)
{
    *sink = (stz_sink){.pool = pool, .buf = stz_pool_get(pool, STZ_MEM_ENCODED, guess)};
    return sink->buf != NULL;
}

bool stz_sink_reserve(stz_sink *sink, size_t more)
{
    size_t need, twice;
    if (!stz_add(sink->used, more, &need))
        return false;
    if (need <= sink->buf->size)
        return true;
    if (stz_mul(sink->buf->size, 2, &twice) && need < twice)
        need = twice;
    stz_buf *larger = stz_pool_get(sink->pool, STZ_MEM_ENCODED, need);
    if (!larger)
        return false;
    memcpy(larger->data, sink->buf->data, sink->used);
    stz_buf_unref(sink->buf);
    sink->buf = larger;
    return true;
}

bool stz_sink_write(stz_sink *sink, const void *data, size_t size)
{
    if (!stz_sink_reserve(sink, size))
        return false;
    if (size)
        memcpy(sink->buf->data + sink->used, data, size);
    sink->used += size;
    return true;
}

void stz_sink_free(stz_sink *sink)
{
    stz_buf_unref(sink->buf);
    *sink = (stz_sink){0};
}
