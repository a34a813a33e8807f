/* The smallest web service: a form with a photograph comes in, a painting goes out.
 *   http 8081
 *   curl -F picture=@photo.jpg -F style=starry_night http://127.0.0.1:8081/ -o painted.jpg
 * Each connection has a thread, and all threads share one context, as in batch.c. Needs libmicrohttpd. */
#include <arpa/inet.h>
#include <microhttpd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stylize/stylize.h>

enum { BODY_MAX = 16 << 20 };

static const char usage[] = "POST a form with picture, a file, and style, as starry_night";

/* A form as it arrives. */
typedef struct form {
    struct MHD_PostProcessor *reader; /* NULL: the body is no form */
    size_t received, size;            /* bytes of the body, and of the picture in it */
    int broken;
    char style[64];
    uint8_t picture[BODY_MAX]; /* the system gives memory only for what is written */
} form;

static enum MHD_Result answer(struct MHD_Connection *client, unsigned status, const char *type,
                              const void *data, size_t size)
{
    struct MHD_Response *r = MHD_create_response_from_buffer(size, (void *)data, MHD_RESPMEM_MUST_COPY);
    MHD_add_response_header(r, "Content-Type", type);
    if (status == 405)
        MHD_add_response_header(r, "Allow", "GET, HEAD, POST");
    const enum MHD_Result queued = MHD_queue_response(client, status, r);
    MHD_destroy_response(r);
    return queued;
}

static enum MHD_Result say(struct MHD_Connection *client, unsigned status, const char *text)
{
    char line[320];
    snprintf(line, sizeof line, "%s\n", text);
    return answer(client, status, "text/plain; charset=utf-8", line, strlen(line));
}

/* Called for each piece of a field. The whole body fits into picture, so every piece does. */
static enum MHD_Result take_field(void *user, enum MHD_ValueKind kind, const char *name, const char *file,
                                  const char *type, const char *coding, const char *data, uint64_t offset,
                                  size_t size)
{
    form *f = user;
    if (name && strcmp(name, "picture") == 0) {
        memcpy(f->picture + f->size, data, size);
        f->size += size;
    } else if (name && strcmp(name, "style") == 0 && offset + size < sizeof f->style) {
        memcpy(f->style + offset, data, size);
    }
    return MHD_YES;
}

static enum MHD_Result paint(stylize_ctx *ctx, struct MHD_Connection *client, form *f)
{
    if (f->received > BODY_MAX)
        return say(client, 413, "a form may have 16 MiB at most");
    if (!f->reader || f->broken || !f->size || !f->style[0])
        return say(client, 400, usage);

    const stylize_image photo = {.pixels = f->picture, .size = f->size, .format = STYLIZE_FORMAT_ENCODED};
    const stylize_style_ref style = {.id = f->style, .weight = 1.0f};
    stylize_image painted = {0};
    stylize_error err;
    stylize_request request;
    stylize_request_init(&request, sizeof request); /* fails for a wrong size only */
    request.content = &photo;
    request.styles = &style;
    request.style_count = 1;
    request.output_size = 1024; /* pixels of the longer side */
    request.output_format = STYLIZE_FORMAT_JPEG;
    const stylize_status status = stylize_ctx_run(ctx, &request, &painted, &err);
    if (status == STYLIZE_ERR_NOT_FOUND || status == STYLIZE_ERR_FORMAT || status == STYLIZE_ERR_LIMIT ||
        status == STYLIZE_ERR_UNSUPPORTED)
        return say(client, 422, err.message); /* of the style, or of the picture */
    if (status != STYLIZE_OK)
        return say(client, status == STYLIZE_ERR_QUEUE_FULL ? 503 : 500, err.message);
    const enum MHD_Result queued = answer(client, 200, "image/jpeg", painted.pixels, painted.size);
    stylize_image_free(&painted);
    return queued;
}

/* Called when the header is there, for each piece of the body, and when the body is whole. */
static enum MHD_Result on_request(void *ctx, struct MHD_Connection *client, const char *url,
                                  const char *method, const char *version, const char *data, size_t *size,
                                  void **kept)
{
    form *f = *kept;
    if (f && *size) {
        f->received += *size; /* too much is read and dropped: a client that is cut off sees no answer */
        if (f->reader && f->received <= BODY_MAX && MHD_post_process(f->reader, data, *size) != MHD_YES)
            f->broken = 1;
        *size = 0;
        return MHD_YES;
    }
    if (f)
        return paint(ctx, client, f);
    if (strcmp(url, "/") != 0)
        return say(client, 404, "there is only /");
    const int asks = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
    if (strcmp(method, "POST") != 0)
        return say(client, asks ? 200 : 405, usage);
    *kept = f = calloc(1, sizeof *f);
    if (f)
        f->reader = MHD_create_post_processor(client, 65536, take_field, f);
    return f ? MHD_YES : MHD_NO;
}

static void on_end(void *ctx, struct MHD_Connection *client, void **kept, enum MHD_RequestTerminationCode how)
{
    form *f = *kept;
    MHD_destroy_post_processor(f ? f->reader : NULL);
    free(f);
}

int main(int argc, char **argv)
{
    sigset_t signals; /* of Ctrl-C and kill: blocked in all threads, waited for below */
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    stylize_ctx *ctx;
    stylize_error err;
    if (stylize_ctx_create(&ctx, NULL, &err) != STYLIZE_OK)
        return fprintf(stderr, "stylize: %s\n", err.message), 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(argc > 1 ? atoi(argv[1]) : 8081)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK); /* INADDR_ANY: for other machines too */
    struct MHD_Daemon *daemon = MHD_start_daemon(
        MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION, 0, NULL, NULL, on_request, ctx,
        MHD_OPTION_NOTIFY_COMPLETED, on_end, NULL, MHD_OPTION_SOCK_ADDR, &address,
        MHD_OPTION_CONNECTION_LIMIT, 64u, MHD_OPTION_CONNECTION_TIMEOUT, 60u, MHD_OPTION_END);
    if (daemon) {
        const int port = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
        fprintf(stderr, "http://127.0.0.1:%d/, Ctrl-C ends\n", port);
        sigwait(&signals, &(int){0});
        MHD_stop_daemon(daemon); /* waits for the threads */
    } else {
        perror("http");
    }
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
    return daemon ? 0 : 1;
}
