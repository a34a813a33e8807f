#include "remote/s3_ask.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/digest.h"
#include "base/url.h"
#include "common/clock.h"
#include "remote/s3_xml.h"
#include "remote/sigv4.h"

#define ATTEMPTS 3
#define PAUSE_MS 150

/* ------------------------------------------------------------------ signing */

static bool build(s3 *s, const s3_request *q, buf *path, buf *url)
{
    buf_puts(path, "/");
    if (s->path_style)
        buf_puts(path, s->bucket);
    if (q->name[0]) {
        buf_puts(path, s->path_style ? "/" : "");
        url_encode((slice){q->name, strlen(q->name)}, true, path);
    }
    buf_printf(url, "%s%s%s%s", s->base, path->data ? path->data : "", q->query[0] ? "?" : "", q->query);
    return !path->failed && !url->failed;
}

static void payload_digest(slice body, char hex[65])
{
    uint8_t digest[32];
    digest_of(body.data ? body.data : "", body.size, digest);
    hex_encode(digest, sizeof digest, hex);
}

static bool send_once(s3 *s, const s3_request *q, fetch_answer *a, char *why, size_t size)
{
    char date[20], payload[65];
    buf path = {0}, url = {0}, authorization = {0};
    struct tm utc;
    const time_t now = time(NULL);
    s3_keys keys;
    pthread_mutex_lock(&s->lock);
    keys = s->keys;
    pthread_mutex_unlock(&s->lock);
    gmtime_r(&now, &utc);
    strftime(date, sizeof date, "%Y%m%dT%H%M%SZ", &utc);
    payload_digest(q->body, payload);
    const sigv4_header headers[] = {{"host", s->host},
                                    {"x-amz-content-sha256", payload},
                                    {"x-amz-date", date},
                                    {"x-amz-security-token", keys.token}};
    const sigv4_request sign = {keys.access, keys.secret, s->region,
                                "s3",        q->method,   NULL,
                                q->query,    headers,     keys.token[0] ? 4u : 3u,
                                payload,     date};
    bool ok = build(s, q, &path, &url);
    sigv4_request with_path = sign;
    with_path.path = path.data;
    ok = ok && sigv4_sign(&with_path, &authorization);
    buf lines[5] = {{0}};
    buf_printf(&lines[0], "x-amz-content-sha256: %s", payload);
    buf_printf(&lines[1], "x-amz-date: %s", date);
    buf_printf(&lines[2], "Authorization: %s", authorization.data ? authorization.data : "");
    buf_printf(&lines[3], "Content-Type: %s", q->type ? q->type : "application/octet-stream");
    buf_printf(&lines[4], "x-amz-security-token: %s", keys.token);
    const char *list[6] = {
        lines[0].data, lines[1].data, lines[2].data, lines[3].data, keys.token[0] ? lines[4].data : NULL,
        NULL};
    for (size_t i = 0; i < APP_LEN(lines); i++)
        ok = ok && !lines[i].failed;
    const fetch_request f = {.method = q->method,
                             .url = url.data,
                             .headers = list,
                             .body = q->body,
                             .ca_file = s->ca_file,
                             .timeout_ms = s->timeout_ms,
                             .answer_max = q->answer_max};
    if (!ok)
        snprintf(why, size, "out of memory");
    ok = ok && fetch(&f, a, why, size);
    explicit_bzero(&keys, sizeof keys);
    for (size_t i = 0; i < APP_LEN(lines); i++)
        buf_free(&lines[i]);
    buf_free(&path);
    buf_free(&url);
    buf_free(&authorization);
    return ok;
}

/* ------------------------------------------------------------------ answers */

static void error_code(const fetch_answer *a, char *code, size_t size)
{
    slice inside;
    const slice xml = {a->body.data ? a->body.data : "", a->body.size};
    if (!xml_find(xml, "Code", &inside) || !xml_text(inside, code, size))
        snprintf(code, size, "status %u", a->status);
}

static bool worth_repeating(unsigned status, const char *code)
{
    return status >= 500 || status == 429 || !strcmp(code, "SlowDown") || !strcmp(code, "RequestTimeout");
}

/* Keys that were renewed in their file since it was read. */
static bool renew_keys(s3 *s)
{
    char unused[400];
    s3_keys fresh;
    if (!s->keys_file || !s3_keys_read(&fresh, s->keys_file, unused, sizeof unused))
        return false;
    pthread_mutex_lock(&s->lock);
    const bool changed = memcmp(&fresh, &s->keys, sizeof fresh) != 0;
    s->keys = fresh;
    pthread_mutex_unlock(&s->lock);
    explicit_bzero(&fresh, sizeof fresh);
    return changed;
}

static void pause_before(int attempt)
{
    uint32_t random = 0;
    random_bytes(&random, sizeof random);
    const uint64_t ms = (uint64_t)PAUSE_MS << attempt;
    const uint64_t ns = (ms / 2 + random % (ms / 2 + 1)) * 1000000; /* not all servers at once */
    const struct timespec t = {.tv_sec = (time_t)(ns / 1000000000), .tv_nsec = (long)(ns % 1000000000)};
    nanosleep(&t, NULL);
}

backend_result s3_ask(s3 *s, const s3_request *q, fetch_answer *a, char *why, size_t size)
{
    const uint64_t began = now_ns();
    backend_result result = BACKEND_FAILED;
    bool renewed = false;
    *a = (fetch_answer){.status = 0};
    if (!backend_try(&s->backend)) {
        snprintf(why, size, "it is down");
        return BACKEND_FAILED;
    }
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        char code[80] = "";
        if (attempt)
            pause_before(attempt - 1);
        buf_free(&a->body);
        if (!send_once(s, q, a, why, size)) {
            result = BACKEND_FAILED;
            continue;
        }
        if (a->status / 100 == 2) {
            result = BACKEND_HIT;
            break;
        }
        error_code(a, code, sizeof code);
        snprintf(why, size, "%s", code);
        result = a->status == 404 && strcmp(code, "NoSuchBucket") != 0 ? BACKEND_MISS
                 : worth_repeating(a->status, code)                    ? BACKEND_FAILED
                                                                       : BACKEND_REFUSED;
        if (a->status == 403 && !renewed && renew_keys(s)) {
            renewed = true;
            attempt--;
        } else if (result != BACKEND_FAILED) {
            break;
        }
    }
    const bool is_get = !strcmp(q->method, "GET") && q->name[0];
    backend_done(&s->backend, result == BACKEND_HIT && !is_get ? BACKEND_OK : result, began, why);
    return result;
}
