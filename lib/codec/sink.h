/* What encoders write to. */
#ifndef STZ_SINK_H
#define STZ_SINK_H

#include "base/mem.h"

/* Growing pooled memory for an encoded picture. */
typedef struct stz_sink {
    stz_pool *pool;
    stz_buf *buf;
    size_t used;
} stz_sink;
bool stz_sink_init(stz_sink *sink, stz_pool *pool, size_t guess);
/* Makes room for `more` bytes behind `used`; false if there is no memory, the sink stays as it was. */
bool stz_sink_reserve(stz_sink *sink, size_t more);
bool stz_sink_write(stz_sink *sink, const void *data, size_t size);
void stz_sink_free(stz_sink *sink);

#endif
