#include "remote/s3.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/url.h"
#include "remote/s3_ask.h"
#include "remote/s3_xml.h"
#include "remote/service_url.h"

#define PART_BYTES (8 << 20) /* larger objects go in such parts; S3 asks for 5 MiB at least */
#define PAGES_MAX  1000      /* of a list, 1000 names each */

/* ------------------------------------------------------------------ operations */

static void full_name(const s3 *s, const char *name, char out[600])
{
    snprintf(out, 600, "%s%s", s->prefix, name);
}

/* An upload in parts: begin, parts, end; what failed is taken back, or it would be paid for. */
static backend_result put_parts(s3 *s, const char *name, const char *type, slice data)
{
    fetch_answer a;
    char why[200] = "", id[512], query[1700];
    slice inside;
    buf list = {0}, coded = {0};
    s3_request q = {"POST", name, "uploads=", type, {"", 0}, S3_XML_MAX};
    backend_result result = s3_ask(s, &q, &a, why, sizeof why);
    const bool begun = result == BACKEND_HIT &&
                       xml_find((slice){a.body.data, a.body.size}, "UploadId", &inside) &&
                       xml_text(inside, id, sizeof id);
    buf_free(&a.body);
    if (!begun)
        return result == BACKEND_HIT ? BACKEND_REFUSED : result;
    url_encode((slice){id, strlen(id)}, false, &coded);
    buf_puts(&list, "<CompleteMultipartUpload>");
    unsigned part = 0;
    for (size_t at = 0; at < data.size && result == BACKEND_HIT; at += PART_BYTES) {
        const size_t n = data.size - at < PART_BYTES ? data.size - at : PART_BYTES;
        snprintf(query, sizeof query, "partNumber=%u&uploadId=%s", ++part, coded.data ? coded.data : "");
        q = (s3_request){"PUT", name, query, type, {data.data + at, n}, S3_XML_MAX};
        result = s3_ask(s, &q, &a, why, sizeof why);
        buf_printf(&list, "<Part><PartNumber>%u</PartNumber><ETag>%s</ETag></Part>", part, a.etag);
        buf_free(&a.body);
    }
    buf_puts(&list, "</CompleteMultipartUpload>");
    snprintf(query, sizeof query, "uploadId=%s", coded.data ? coded.data : "");
    if (result == BACKEND_HIT && !list.failed && !coded.failed) {
        q = (s3_request){"POST", name, query, "application/xml", {list.data, list.size}, S3_XML_MAX};
        result = s3_ask(s, &q, &a, why, sizeof why);
        /* The answer can be 200 with an error in it: it was begun before the parts were put together. */
        if (result == BACKEND_HIT && a.body.data &&
            xml_find((slice){a.body.data, a.body.size}, "Code", &inside))
            result = BACKEND_REFUSED;
        buf_free(&a.body);
    }
    if (result != BACKEND_HIT) {
        q = (s3_request){"DELETE", name, query, NULL, {NULL, 0}, S3_XML_MAX};
        s3_ask(s, &q, &a, why, sizeof why);
        buf_free(&a.body);
    }
    buf_free(&list);
    buf_free(&coded);
    return result == BACKEND_HIT ? BACKEND_OK : result == BACKEND_MISS ? BACKEND_REFUSED : result;
}

static backend_result s3_put(void *state, const char *name, const char *type, slice data)
{
    s3 *s = state;
    char full[600], why[200] = "";
    fetch_answer a;
    full_name(s, name, full);
    if (data.size > PART_BYTES)
        return put_parts(s, full, type, data);
    const s3_request q = {"PUT", full, "", type, {data.data ? data.data : "", data.size}, S3_XML_MAX};
    const backend_result result = s3_ask(s, &q, &a, why, sizeof why);
    buf_free(&a.body);
    return result == BACKEND_HIT ? BACKEND_OK : result == BACKEND_MISS ? BACKEND_REFUSED : result;
}

static backend_result s3_get(void *state, const char *name, uint64_t most, buf *out)
{
    s3 *s = state;
    char full[600], why[200] = "";
    fetch_answer a;
    full_name(s, name, full);
    const s3_request q = {"GET", full, "", NULL, {NULL, 0}, most > S3_XML_MAX ? most : S3_XML_MAX};
    const backend_result result = s3_ask(s, &q, &a, why, sizeof why);
    if (result == BACKEND_HIT && a.body.size <= most) {
        *out = a.body;
        return result;
    }
    buf_free(&a.body);
    return result == BACKEND_HIT ? BACKEND_REFUSED : result;
}

static backend_result s3_remove(void *state, const char *name)
{
    s3 *s = state;
    char full[600], why[200] = "";
    fetch_answer a;
    full_name(s, name, full);
    const s3_request q = {"DELETE", full, "", NULL, {NULL, 0}, S3_XML_MAX};
    const backend_result result = s3_ask(s, &q, &a, why, sizeof why);
    buf_free(&a.body);
    return result == BACKEND_HIT || result == BACKEND_MISS ? BACKEND_OK : result;
}

/* One page; *token is where the next begins, "" at the end. */
static backend_result list_page(s3 *s, const char *prefix, char *token, size_t token_size,
                                void (*each)(void *user, const char *name), void *user)
{
    char why[200] = "", name[600];
    fetch_answer a;
    buf query = {0};
    slice inside;
    if (*token) {
        buf_puts(&query, "continuation-token=");
        url_encode((slice){token, strlen(token)}, false, &query);
        buf_puts(&query, "&");
    }
    buf_puts(&query, "list-type=2&prefix=");
    url_encode((slice){prefix, strlen(prefix)}, false, &query);
    const s3_request q = {"GET", "", query.failed ? "" : query.data, NULL, {NULL, 0}, S3_XML_MAX};
    const backend_result result = s3_ask(s, &q, &a, why, sizeof why);
    slice xml = {a.body.data ? a.body.data : "", result == BACKEND_HIT ? a.body.size : 0}, rest = xml, entry;
    while (xml_next(&rest, "Contents", &entry))
        if (xml_find(entry, "Key", &inside) && xml_text(inside, name, sizeof name) &&
            !strncmp(name, s->prefix, strlen(s->prefix)))
            each(user, name + strlen(s->prefix));
    if (!xml_find(xml, "NextContinuationToken", &inside) || !xml_text(inside, token, token_size))
        *token = '\0';
    buf_free(&a.body);
    buf_free(&query);
    return result == BACKEND_HIT ? BACKEND_OK : result == BACKEND_MISS ? BACKEND_REFUSED : result;
}

static backend_result s3_list(void *state, const char *prefix, void (*each)(void *user, const char *name),
                              void *user)
{
    char full[600], token[1200] = "";
    backend_result result;
    int pages = 0;
    full_name(state, prefix, full);
    do
        result = list_page(state, full, token, sizeof token, each, user);
    while (result == BACKEND_OK && *token && ++pages < PAGES_MAX);
    return result;
}

static void s3_url(void *state, const char *name, char *out, size_t size)
{
    const s3 *s = state;
    snprintf(out, size, "s3://%s/%s%s", s->bucket, s->prefix, name);
}

static bool s3_ping(void *state, char *why, size_t size)
{
    s3 *s = state;
    fetch_answer a;
    const s3_request q = {"GET", "", "list-type=2&max-keys=1", NULL, {NULL, 0}, S3_XML_MAX};
    const backend_result result = s3_ask(s, &q, &a, why, size);
    buf_free(&a.body);
    return result == BACKEND_HIT;
}

static backend *s3_backend(void *state) { return &((s3 *)state)->backend; }

static void s3_close(void *state)
{
    s3 *s = state;
    backend_free(&s->backend);
    pthread_mutex_destroy(&s->lock);
    free(s->keys_file);
    free(s->ca_file);
    explicit_bzero(&s->keys, sizeof s->keys);
    free(s);
    fetch_end();
}

/* ------------------------------------------------------------------ configuration */

static bool read_bucket(s3 *s, const char *url, char *message, size_t size)
{
    slice rest = {url + 5, strlen(url + 5)}, bucket;
    slice_next(&rest, '/', &bucket);
    while (rest.size && rest.data[rest.size - 1] == '/')
        rest.size--;
    bool ok = bucket.size >= 3 && bucket.size < sizeof s->bucket && rest.size + 2 < sizeof s->prefix;
    for (size_t i = 0; ok && i < bucket.size; i++)
        ok = strchr("abcdefghijklmnopqrstuvwxyz0123456789.-", bucket.data[i]) && bucket.data[i];
    for (size_t i = 0; ok && i < rest.size; i++)
        ok = rest.data[i] > ' ' && rest.data[i] < 127;
    if (!ok) {
        snprintf(message, size, "storage is \"%.100s\"; allowed: s3://bucket[/prefix]", url);
        return false;
    }
    snprintf(s->bucket, sizeof s->bucket, "%.*s", (int)bucket.size, bucket.data);
    if (rest.size)
        snprintf(s->prefix, sizeof s->prefix, "%.*s/", (int)rest.size, rest.data);
    return true;
}

static bool read_endpoint(s3 *s, const store_options *o, char *message, size_t size)
{
    service_url u = {.scheme = "https", .port = 0};
    char what[200];
    const char *style = o->style ? o->style : "auto";
    snprintf(s->region, sizeof s->region, "%s", o->region ? o->region : "us-east-1");
    for (const char *p = s->region; *p; p++)
        if (!isalnum((unsigned char)*p) && *p != '-') {
            snprintf(message, size, "the region of S3 is wrong; allowed: letters, digits and -");
            return false;
        }
    s->path_style = strcmp(style, "auto") != 0 ? !strcmp(style, "path") : o->endpoint != NULL;
    if (o->endpoint) {
        if (!url_parse((slice){o->endpoint, strlen(o->endpoint)}, &u, what, sizeof what) || !u.host[0] ||
            u.user[0] || (u.path[0] && strcmp(u.path, "/") != 0) ||
            (strcmp(u.scheme, "http") != 0 && strcmp(u.scheme, "https") != 0)) {
            snprintf(message, size, "storage-endpoint is wrong; allowed: https://host[:port]");
            return false;
        }
    } else {
        snprintf(u.host, sizeof u.host, "s3.%s.amazonaws.com", s->region);
    }
    const bool six = strchr(u.host, ':') != NULL;
    int n = snprintf(s->host, sizeof s->host, "%s%s%s%s%s", s->path_style ? "" : s->bucket,
                     s->path_style ? "" : ".", six ? "[" : "", u.host, six ? "]" : "");
    const unsigned usual = strcmp(u.scheme, "https") != 0 ? 80 : 443;
    if (u.port && u.port != usual && n > 0 && (size_t)n < sizeof s->host)
        n += snprintf(s->host + n, sizeof s->host - (size_t)n, ":%u", u.port);
    snprintf(s->base, sizeof s->base, "%s://%s", u.scheme, s->host);
    return true;
}

bool s3_open(store *out, const store_options *o, char *message, size_t size)
{
    s3 *s = calloc(1, sizeof *s);
    if (!s || !fetch_start()) {
        free(s);
        snprintf(message, size, "out of memory");
        return false;
    }
    backend_init(&s->backend, "storage", o->url);
    pthread_mutex_init(&s->lock, NULL);
    s->timeout_ms = o->timeout_ms;
    s->keys_file = o->keys ? strdup(o->keys) : NULL;
    s->ca_file = o->ca_file ? strdup(o->ca_file) : NULL;
    if (!read_bucket(s, o->url, message, size) || !read_endpoint(s, o, message, size) ||
        !s3_keys_read(&s->keys, o->keys, message, size)) {
        s3_close(s);
        return false;
    }
    *out = (store){s, s3_put, s3_get, s3_remove, s3_list, s3_url, s3_ping, s3_backend, s3_close};
    return true;
}
