/* Many pictures, several threads, one context: the library sees the requests together and paints
 * those of equal size in one batch.
 *   batch starry_night painted/ a.jpg b.jpg c.jpg
 * Each thread takes the next file, so a slow one holds up nobody. The `stylize` command does the
 * same from a single thread with stylize_ctx_submit: see apps/stylize/queue.c. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include <stylize/stylize.h>

enum { THREADS = 8 };

typedef struct batch {
    stylize_ctx *ctx;
    const char *style;
    const char *folder;
    char **files;
    int count;
    atomic_int next;
    atomic_int failed;
} batch;

static int complain(const char *what, const stylize_error *err)
{
    fprintf(stderr, "%s: %s\n", what, err->message);
    return -1;
}

/* "photos/cat.png" in the folder "painted" becomes "painted/cat.jpg". */
static int name_output(char *out, size_t size, const char *folder, const char *file)
{
    const char *slash = strrchr(file, '/');
    const char *base = slash ? slash + 1 : file;
    const char *dot = strrchr(base, '.');
    const int stem = dot ? (int)(dot - base) : (int)strlen(base);
    const int n = snprintf(out, size, "%s/%.*s.jpg", folder, stem, base);
    return n < 0 || (size_t)n >= size ? -1 : 0;
}

static int paint(batch *b, const char *file)
{
    char output[4096];
    stylize_error err = {STYLIZE_ERR_INVALID, "the name is too long"};
    if (name_output(output, sizeof output, b->folder, file) != 0)
        return complain(file, &err);

    stylize_image photo, painted = {0};
    if (stylize_image_load(b->ctx, file, &photo, &err) != STYLIZE_OK)
        return complain(file, &err);

    const stylize_style_ref style = {.id = b->style, .weight = 1.0f};
    stylize_report report = {.struct_size = sizeof report};
    stylize_request request;
    stylize_request_init(&request, sizeof request); /* fails for a wrong size only */
    request.content = &photo;
    request.styles = &style;
    request.style_count = 1;
    request.output_width = 768; /* one size for all: that is what can share a batch */
    request.output_height = 512;
    request.output_format = STYLIZE_FORMAT_JPEG;
    request.report = &report;

    int code = 0;
    if (stylize_ctx_run(b->ctx, &request, &painted, &err) != STYLIZE_OK)
        code = complain(file, &err);
    else if (stylize_image_save(b->ctx, &painted, output, 0, &err) != STYLIZE_OK)
        code = complain(output, &err);
    else
        printf("%s  %.1f ms in a batch of %u\n", output, 1e-6 * (double)report.engine_ns,
               (unsigned)report.batch_size);
    stylize_image_free(&painted);
    stylize_image_free(&photo);
    return code;
}

static void *work(void *user)
{
    batch *b = user;
    for (int i; (i = atomic_fetch_add(&b->next, 1)) < b->count;)
        if (paint(b, b->files[i]) != 0)
            atomic_fetch_add(&b->failed, 1);
    return NULL;
}

static int run(batch *b)
{
    pthread_t threads[THREADS];
    int started = 0;
    while (started < THREADS && pthread_create(&threads[started], NULL, work, b) == 0)
        started++;
    if (started == 0)
        work(b);
    for (int i = 0; i < started; i++)
        pthread_join(threads[i], NULL);

    stylize_stats stats = {.struct_size = sizeof stats};
    if (stylize_ctx_stats(b->ctx, &stats) == STYLIZE_OK)
        printf("%llu painted, %llu of them in %llu batches\n", (unsigned long long)stats.completed,
               (unsigned long long)stats.batch_images, (unsigned long long)stats.batches);
    return atomic_load(&b->failed) ? 1 : 0;
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fprintf(stderr, "usage: batch STYLE FOLDER PICTURE...\n");
        return 2;
    }
    stylize_error err;
    batch b = {.style = argv[1], .folder = argv[2], .files = argv + 3, .count = argc - 3};
    if (stylize_ctx_create(&b.ctx, NULL, &err) != STYLIZE_OK) {
        complain("stylize", &err);
        return 1;
    }
    const int code = run(&b);
    stylize_ctx_destroy(b.ctx, STYLIZE_DRAIN);
    return code;
}
