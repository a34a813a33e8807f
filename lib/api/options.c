/* Size-tagged structures and other things that need no context. */
#include <stdlib.h>

#include "base/tagged.h"

const char *stylize_status_str(stylize_status status)
{
    switch (status) {
    case STYLIZE_OK:
        return "ok";
    case STYLIZE_ERR_INVALID:
        return "invalid argument";
    case STYLIZE_ERR_NOMEM:
        return "out of memory";
    case STYLIZE_ERR_IO:
        return "file error";
    case STYLIZE_ERR_FORMAT:
        return "not a readable picture";
    case STYLIZE_ERR_LIMIT:
        return "above a limit";
    case STYLIZE_ERR_NOT_FOUND:
        return "not found";
    case STYLIZE_ERR_EXISTS:
        return "exists already";
    case STYLIZE_ERR_MODEL:
        return "damaged model";
    case STYLIZE_ERR_UNSUPPORTED:
        return "not supported";
    case STYLIZE_ERR_ENGINE:
        return "engine failure";
    case STYLIZE_ERR_QUEUE_FULL:
        return "queue full";
    case STYLIZE_ERR_CANCELLED:
        return "cancelled";
    case STYLIZE_ERR_DEADLINE:
        return "deadline passed";
    }
    return "unknown status";
}

void stylize_free(void *p) { free(p); }

stylize_status stylize_options_init(stylize_options *o, size_t size)
{
    if (!stz_tagged_init(STZ_TAG_OPTIONS, o, size))
        return STYLIZE_ERR_INVALID;
    o->queue_length = 256;
    o->batch_threshold = 3;
    o->batch_max = 8;
    o->max_input_bytes = 32u << 20;
    o->max_pixels = 50000000;
    o->max_side = 16384;
    o->max_scans = 64;
    o->memory_budget = 256u << 20;
    o->pool_keep = 256u << 20;
    o->code_cache = 64;
    o->log_level = STYLIZE_LOG_WARNING;
    return STYLIZE_OK;
}

stylize_status stylize_embed_init(stylize_embed *embed, size_t size)
{
    return stz_tagged_init(STZ_TAG_EMBED, embed, size) ? STYLIZE_OK : STYLIZE_ERR_INVALID;
}

stylize_status stylize_request_init(stylize_request *r, size_t size)
{
    if (!stz_tagged_init(STZ_TAG_REQUEST, r, size))
        return STYLIZE_ERR_INVALID;
    r->strength = 1.0f;
    r->output_format = STYLIZE_FORMAT_RGB8;
    return STYLIZE_OK;
}
