/* libcurl's easy interface, on threads that may wait. */
#include "remote/fetch.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define KEPT 8 /* handles, each with an open connection */

static struct {
    pthread_mutex_t lock;
    CURL *handles[KEPT];
    int count;
} kept = {.lock = PTHREAD_MUTEX_INITIALIZER};

typedef struct receiver {
    fetch_answer *answer;
    uint64_t most;
} receiver;

bool fetch_start(void) { return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK; }

void fetch_end(void)
{
    while (kept.count)
        curl_easy_cleanup(kept.handles[--kept.count]);
    curl_global_cleanup();
}

static CURL *take_handle(void)
{
    pthread_mutex_lock(&kept.lock);
    CURL *h = kept.count ? kept.handles[--kept.count] : NULL;
    pthread_mutex_unlock(&kept.lock);
    return h ? h : curl_easy_init();
}

static void give_handle(CURL *h)
{
    curl_easy_reset(h); /* the connections stay */
    pthread_mutex_lock(&kept.lock);
    const bool room = kept.count < KEPT;
    if (room)
        kept.handles[kept.count++] = h;
    pthread_mutex_unlock(&kept.lock);
    if (!room)
        curl_easy_cleanup(h);
}

static size_t on_body(char *data, size_t one, size_t size, void *user)
{
    receiver *r = user;
    if (r->answer->body.size + size > r->most)
        return 0;
    buf_append(&r->answer->body, data, size);
    return r->answer->body.failed ? 0 : size;
}

static size_t on_header(char *data, size_t one, size_t size, void *user)
{
    receiver *r = user;
    const slice line = {data, size};
    if (size > 5 && !strncasecmp(data, "etag:", 5)) {
        const slice value = slice_trim((slice){line.data + 5, size - 5});
        if (value.size < sizeof r->answer->etag)
            snprintf(r->answer->etag, sizeof r->answer->etag, "%.*s", (int)value.size, value.data);
    }
    return size;
}

static struct curl_slist *header_list(const char *const *headers)
{
    struct curl_slist *list = curl_slist_append(NULL, "Expect:"); /* no question before a body */
    for (; list && headers && *headers; headers++) {
        struct curl_slist *longer = curl_slist_append(list, *headers);
        if (!longer)
            curl_slist_free_all(list);
        list = longer;
    }
    return list;
}

static void set_request(CURL *h, const fetch_request *q, struct curl_slist *headers)
{
    curl_easy_setopt(h, CURLOPT_URL, q->url);
    curl_easy_setopt(h, CURLOPT_HTTPHEADER, headers);
#if LIBCURL_VERSION_NUM >= 0x075500
    curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "http,https");
#else
    curl_easy_setopt(h, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
    curl_easy_setopt(h, CURLOPT_PATH_AS_IS, 1L); /* what was signed is what is sent */
    if (q->body.data) {
        curl_easy_setopt(h, CURLOPT_POSTFIELDS, q->body.data);
        curl_easy_setopt(h, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)q->body.size);
    }
    if (!strcmp(q->method, "HEAD"))
        curl_easy_setopt(h, CURLOPT_NOBODY, 1L);
    else
        curl_easy_setopt(h, CURLOPT_CUSTOMREQUEST, q->method);
}

static void set_limits(CURL *h, const fetch_request *q)
{
    const long ms = (long)q->timeout_ms;
    curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT_MS, ms);
    curl_easy_setopt(h, CURLOPT_TIMEOUT_MS, 10 * ms);
    curl_easy_setopt(h, CURLOPT_LOW_SPEED_LIMIT, 64L);
    curl_easy_setopt(h, CURLOPT_LOW_SPEED_TIME, (ms + 999) / 1000);
    if (q->ca_file)
        curl_easy_setopt(h, CURLOPT_CAINFO, q->ca_file);
}

bool fetch(const fetch_request *q, fetch_answer *a, char *why, size_t size)
{
    char text[CURL_ERROR_SIZE] = "";
    receiver r = {a, q->answer_max};
    long status = 0;
    *a = (fetch_answer){.status = 0};
    CURL *h = take_handle();
    struct curl_slist *headers = h ? header_list(q->headers) : NULL;
    if (!headers) {
        if (h)
            give_handle(h);
        snprintf(why, size, "out of memory");
        return false;
    }
    set_request(h, q, headers);
    set_limits(h, q);
    curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(h, CURLOPT_WRITEDATA, &r);
    curl_easy_setopt(h, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(h, CURLOPT_HEADERDATA, &r);
    curl_easy_setopt(h, CURLOPT_ERRORBUFFER, text);
    const CURLcode rc = curl_easy_perform(h);
    curl_easy_getinfo(h, CURLINFO_RESPONSE_CODE, &status);
    a->status = (unsigned)status;
    if (rc == CURLE_WRITE_ERROR)
        snprintf(why, size, "the answer is longer than %llu bytes, or memory ran out",
                 (unsigned long long)q->answer_max);
    else if (rc != CURLE_OK)
        snprintf(why, size, "%s", text[0] ? text : curl_easy_strerror(rc));
    give_handle(h);
    curl_slist_free_all(headers);
    return rc == CURLE_OK;
}
