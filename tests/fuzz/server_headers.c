/* Header values and lines of files: a byte says which parser, the rest is its text. */
#include <stdlib.h>

#include "api/transfer.h"
#include "base/multipart.h"
#include "base/trace.h"
#include "common/values.h"
#include "http/address.h"
#include "http/keys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    const slice text = {(const char *)data + 1, size - 1};
    char message[200];
    networks trusted;
    address a = {{0}};
    slice out;
    uint64_t n;
    size_t count;
    switch (data[0] % 7) {
    case 0:
        transfer_accepts(text);
        break;
    case 1:
        multipart_boundary(text, &out);
        break;
    case 2:
        address_parse(text, &a);
        break;
    case 3:
        networks_parse("0.0.0.0/1", &trusted);
        address_parse((slice){"10.0.0.1", 8}, &a);
        address_behind(&a, text, &trusted);
        break;
    case 4:
        free(keys_parse(text, &count, message, sizeof message));
        break;
    case 5: {
        trace t;
        char out_text[TRACE_PARENT_TEXT];
        const size_t half = text.size < 55 ? text.size : 55;
        trace_read(&t, (slice){text.data, half}, (slice){text.data + half, text.size - half});
        trace_write(&t, out_text);
        break;
    }
    default:
        if (!parse_bytes(text, &n))
            parse_milliseconds(text, &n);
    }
    return 0;
}
