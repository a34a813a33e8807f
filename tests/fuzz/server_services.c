/* What other services and their configuration say: a byte names the parser, the rest is its text. */
#include <stdlib.h>
#include <string.h>

#include "base/url.h"
#include "jobs/celery.h"
#include "remote/s3_keys.h"
#include "remote/s3_xml.h"
#ifdef SERVER_HAVE_REMOTE
#include "remote/redis.h"
#endif

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_url(slice text)
{
    char masked[64];
#ifdef SERVER_HAVE_REMOTE
    char message[200];
    service_url u;
    redis_address a;
    url_parse(text, &u, message, sizeof message);
    redis_address_parse(text, &a, message, sizeof message);
#endif
    char *copy = strndup(text.data, text.size);
    if (copy)
        url_mask(copy, masked, sizeof masked);
    free(copy);
}

static void fuzz_xml(slice text)
{
    slice inside, rest = text, key;
    char out[64];
    if (xml_find(text, "Code", &inside))
        xml_text(inside, out, sizeof out);
    while (xml_next(&rest, "Contents", &inside))
        if (xml_find(inside, "Key", &key) && xml_text(key, out, sizeof out) && strlen(out) >= sizeof out)
            abort();
}

static void fuzz_result(slice text)
{
    celery_result r;
    celery_result_read(text, &r);
    if (r.done < 0 || r.done > 1 || (r.state == CELERY_FAILED && r.problem.status < 400))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    s3_keys k;
    if (!size)
        return 0;
    const slice text = {(const char *)data + 1, size - 1};
    switch (data[0] % 4) {
    case 0:
        fuzz_url(text);
        break;
    case 1:
        fuzz_xml(text);
        break;
    case 2:
        fuzz_result(text);
        break;
    default:
        s3_keys_parse(text, &k);
    }
    return 0;
}
