/* A JSON body. */
#include "paint/params_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const params_limits limits = {512, 4096};
    params p;
    problem wrong;
    buf pictures = {0};
    params_init(&p, &limits);
    params_read_json(&p, &limits, (slice){(const char *)data, size}, &pictures, &wrong);
    buf_free(&pictures);
    return 0;
}
