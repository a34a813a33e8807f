#include "codec/limits.h"

stylize_status stz_limits_pixels(const stz_limits *limits, const char *what, uint64_t width, uint64_t height,
                                 stylize_error *err)
{
    /* sides come from 32-bit fields: their product fits 64 bits */
    if (width > limits->max_side || height > limits->max_side || width * height > limits->max_pixels)
        return stz_fail(err, STYLIZE_ERR_LIMIT,
                        "%s is %llux%llu; at most %llu pixels and %u a side are allowed", what,
                        (unsigned long long)width, (unsigned long long)height,
                        (unsigned long long)limits->max_pixels, limits->max_side);
    return STYLIZE_OK;
}

stylize_status stz_limits_check(const stz_limits *limits, uint64_t width, uint64_t height, stylize_error *err)
{
    if (!width || !height)
        return stz_fail(err, STYLIZE_ERR_FORMAT, "picture is %llux%llu; both sides must be 1 or more",
                        (unsigned long long)width, (unsigned long long)height);
    return stz_limits_pixels(limits, "picture", width, height, err);
}
