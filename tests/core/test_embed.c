/* Contexts without files and without threads: the same paintings, nothing of the system, nobody's thread but ours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stylize/embed.h"
#include "stylize/sequence.h"

#define MODELS STYLIZE_SOURCE_DIR "/models/"
#define SIDE   80
#define FILES  4

static stylize_file files[FILES] = {
    {"styles/library.json", NULL, 0},
    {"brush/brush.safetensors", NULL, 0},
    {"styles/codes/starry_night.safetensors", NULL, 0},
    {"brush/model.json", NULL, 0},
};
static uint8_t photo[3 * SIDE * SIDE];
static const stylize_style_ref starry = {"starry_night", NULL, 1};

static void *read_file(const char *name, size_t *size)
{
    char path[512];
    snprintf(path, sizeof path, MODELS "%s", name);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    *size = (size_t)ftell(f);
    rewind(f);
    void *data = malloc(*size); /* exactly: sanitizers see a step beyond it */
    assert_non_null(data);
    assert_int_equal(fread(data, 1, *size, f), *size);
    fclose(f);
    return data;
}

static int set_up(void **state)
{
    for (int i = 0; i < FILES; i++)
        files[i].data = read_file(files[i].name, &files[i].size);
    for (int i = 0; i < 3 * SIDE * SIDE; i++)
        photo[i] = (uint8_t)(i * 7 % 251);
    return 0;
}

static int tear_down(void **state)
{
    for (int i = 0; i < FILES; i++)
        free((void *)(uintptr_t)files[i].data);
    return 0;
}

static stylize_embed embed_of(const stylize_file *list, size_t count, uint32_t no_threads)
{
    stylize_embed embed;
    assert_int_equal(stylize_embed_init(&embed, sizeof embed), STYLIZE_OK);
    embed.files = list;
    embed.file_count = count;
    embed.no_threads = no_threads;
    return embed;
}

static stylize_ctx *create(const stylize_file *list, size_t count, uint32_t no_threads)
{
    const stylize_embed embed = embed_of(list, count, no_threads);
    stylize_options options;
    stylize_error err;
    stylize_ctx *ctx;
    stylize_options_init(&options, sizeof options);
    options.threads = 2;
    if (stylize_ctx_create_embedded(&ctx, &options, &embed, &err) != STYLIZE_OK)
        fail_msg("%s", err.message);
    return ctx;
}

static stylize_image content(void)
{
    return (stylize_image){
        .pixels = photo, .size = sizeof photo, .width = SIDE, .height = SIDE, .format = STYLIZE_FORMAT_RGB8};
}

static stylize_request request_of(const stylize_image *picture)
{
    stylize_request r;
    stylize_request_init(&r, sizeof r);
    r.content = picture;
    r.styles = &starry;
    r.style_count = 1;
    return r;
}

static stylize_image paint(stylize_ctx *ctx)
{
    const stylize_image picture = content();
    const stylize_request r = request_of(&picture);
    stylize_image out = {0};
    stylize_error err;
    if (stylize_ctx_run(ctx, &r, &out, &err) != STYLIZE_OK)
        fail_msg("%s", err.message);
    return out;
}

static int count_threads(void)
{
    DIR *d = opendir("/proc/self/task");
    int n = 0;
    if (!d)
        return 0;
    for (const struct dirent *e; (e = readdir(d));)
        n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

static void the_paintings_are_those_of_a_folder(void **state)
{
    stylize_options options;
    stylize_error err;
    stylize_ctx *folder, *memory, *alone;
    stylize_options_init(&options, sizeof options);
    options.model_dir = MODELS;
    options.threads = 2;
    assert_int_equal(stylize_ctx_create(&folder, &options, &err), STYLIZE_OK);
    stylize_image wanted = paint(folder);
    stylize_ctx_destroy(folder, STYLIZE_DRAIN);
    memory = create(files, FILES, 0);
    alone = create(files, FILES, 1);
    for (int i = 0; i < 2; i++) {
        stylize_image out = paint(i ? alone : memory);
        assert_int_equal(out.size, wanted.size);
        assert_memory_equal(out.pixels, wanted.pixels, out.size);
        stylize_image_free(&out);
    }
    stylize_image_free(&wanted);
    stylize_ctx_destroy(memory, STYLIZE_DRAIN);
    stylize_ctx_destroy(alone, STYLIZE_DRAIN);
}

static void no_thread_is_started(void **state)
{
    const int before = count_threads();
    stylize_ctx *ctx = create(files, FILES, 1);
    stylize_image out = paint(ctx);
    assert_int_equal(count_threads(), before);
    stylize_image_free(&out);
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
}

static void files_lie_in_any_order(void **state)
{
    stylize_file turned[FILES];
    for (int i = 0; i < FILES; i++)
        turned[i] = files[FILES - 1 - i];
    stylize_ctx *ctx = create(turned, FILES, 1);
    memset(turned, 0xa5, sizeof turned); /* only the data stay the program's */
    stylize_image out = paint(ctx);
    stylize_image_free(&out);
    stylize_style_info *list;
    size_t count;
    assert_int_equal(stylize_style_list(ctx, NULL, &list, &count, NULL), STYLIZE_OK);
    assert_int_equal(count, 1); /* the others have no code here */
    assert_string_equal(list[0].id, "starry_night");
    assert_null(list[0].preview_image); /* no path that a program could open */
    stylize_free(list);
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
}

/* What a callback saw, and what it does. */
typedef struct seen {
    stylize_ctx *ctx;
    pthread_t thread;
    int calls, again; /* again: requests to hand in from the callback */
    stylize_status status, waited;
} seen;

static void done(void *user, uint64_t id, stylize_status status, stylize_image *result,
                 const stylize_error *error)
{
    seen *s = user;
    const stylize_image picture = content();
    const stylize_request r = request_of(&picture);
    assert_true(pthread_equal(s->thread, pthread_self()));
    s->calls++;
    s->status = status;
    stylize_image_free(result);
    stylize_image out = {0};
    s->waited = stylize_ctx_run(s->ctx, &r, &out, NULL);
    if (s->again-- > 0)
        assert_int_equal(stylize_ctx_submit(s->ctx, &r, done, s, NULL, NULL), STYLIZE_OK);
}

static void submitting_calls_back_first(void **state)
{
    stylize_ctx *ctx = create(files, FILES, 1);
    seen s = {.ctx = ctx, .thread = pthread_self(), .again = 2};
    const stylize_image picture = content();
    const stylize_request r = request_of(&picture);
    uint64_t id = 0;
    assert_int_equal(stylize_ctx_submit(ctx, &r, done, &s, &id, NULL), STYLIZE_OK);
    assert_int_equal(s.calls, 3); /* those of the callback are done too, one after the other */
    assert_int_equal(s.status, STYLIZE_OK);
    assert_int_equal(s.waited, STYLIZE_ERR_INVALID); /* waiting in a callback never is allowed */
    assert_int_equal(stylize_ctx_cancel(ctx, id), STYLIZE_ERR_NOT_FOUND);
    stylize_image out = paint(ctx); /* and outside it is, again */
    stylize_image_free(&out);
    stylize_ctx_destroy(ctx, STYLIZE_CANCEL);
}

static int stop(void *user, float share) { return ++*(int *)user; }

static void progress_stops_a_request(void **state)
{
    stylize_ctx *ctx = create(files, FILES, 1);
    const stylize_image picture = content();
    stylize_request r = request_of(&picture);
    stylize_image out = {0};
    int calls = 0;
    r.progress = stop;
    r.progress_user = &calls;
    assert_int_equal(stylize_ctx_run(ctx, &r, &out, NULL), STYLIZE_ERR_CANCELLED);
    assert_int_equal(calls, 1);
    assert_null(out.pixels);
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
}

static void a_sequence_needs_no_thread(void **state)
{
    stylize_ctx *ctx = create(files, FILES, 1);
    const stylize_request r = request_of(NULL);
    stylize_sequence_options o;
    stylize_sequence *sequence;
    stylize_sequence_init(&o, sizeof o);
    o.request = &r;
    assert_int_equal(stylize_sequence_create(&sequence, ctx, &o, NULL), STYLIZE_OK);
    for (int i = 0; i < 3; i++) {
        stylize_frame in = {.struct_size = sizeof in,
                            .planes = {photo},
                            .width = SIDE,
                            .height = SIDE,
                            .format = STYLIZE_FRAME_RGB8};
        uint8_t pixels[sizeof photo];
        stylize_frame out = in;
        out.planes[0] = pixels;
        assert_int_equal(stylize_sequence_push(sequence, &in, NULL, NULL), STYLIZE_OK);
        assert_int_equal(stylize_sequence_pull(sequence, &out, NULL), STYLIZE_OK);
    }
    stylize_sequence_destroy(sequence);
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
}

static void *paint_much(void *ctx)
{
    for (int i = 0; i < 4; i++) {
        stylize_image out = paint(ctx);
        stylize_image_free(&out);
    }
    return NULL;
}

static void several_threads_take_turns(void **state)
{
    stylize_ctx *ctx = create(files, FILES, 1);
    pthread_t threads[3];
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, paint_much, ctx), 0);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    stylize_stats stats = {.struct_size = sizeof stats};
    stylize_ctx_stats(ctx, &stats);
    assert_int_equal(stats.completed, 12);
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
}

static void refused(const stylize_embed *embed, const char *model_dir, stylize_status status,
                    const char *text)
{
    stylize_options options;
    stylize_error err = {0};
    stylize_ctx *ctx = (stylize_ctx *)(uintptr_t)1;
    stylize_options_init(&options, sizeof options);
    options.model_dir = model_dir;
    assert_int_equal(stylize_ctx_create_embedded(&ctx, &options, embed, &err), status);
    if (!strstr(err.message, text))
        fail_msg("\"%s\" is not in \"%s\"", text, err.message);
    assert_null(ctx);
}

static void misuse_is_refused(void **state)
{
    stylize_embed e = embed_of(files, FILES, 1), none = {0};
    stylize_error err;
    assert_int_equal(stylize_embed_init(NULL, sizeof e), STYLIZE_ERR_INVALID);
    assert_int_equal(stylize_embed_init(&none, 3), STYLIZE_ERR_INVALID);
    assert_int_equal(stylize_ctx_create_embedded(NULL, NULL, &e, &err), STYLIZE_ERR_INVALID);
    refused(NULL, NULL, STYLIZE_ERR_INVALID, "stylize_embed_init");
    refused(&none, NULL, STYLIZE_ERR_INVALID, "stylize_embed_init");
    refused(&e, MODELS, STYLIZE_ERR_INVALID, "model_dir");
    e.no_threads = 2;
    refused(&e, NULL, STYLIZE_ERR_INVALID, "no_threads is 2; 0 and 1 are allowed");
    e = embed_of(NULL, 1, 1);
    refused(&e, NULL, STYLIZE_ERR_INVALID, "files is NULL");
    e = embed_of(files, 0, 1);
    refused(&e, NULL, STYLIZE_ERR_INVALID, "0 files; 1 to 4096 are allowed");
    e = embed_of(files + 1, FILES - 1, 1);
    refused(&e, NULL, STYLIZE_ERR_NOT_FOUND, "library.json");
    stylize_file bad[FILES + 1];
    const struct {
        stylize_file file;
        const char *text;
    } cases[] = {
        {{NULL, photo, 8}, "no path inside"},
        {{"", photo, 8}, "no path inside"},
        {{"/etc/passwd", photo, 8}, "no path inside"},
        {{"a/../../b", photo, 8}, "no path inside"},
        {{"x", NULL, 8}, "x is empty"},
        {{"x", photo, 0}, "x is empty"},
        {{"brush/model.json", files[3].data, files[3].size}, "brush/model.json is there twice"},
        {{"x", (const char *)files[0].data + 1, 8}, "not aligned to 8 bytes"},
    };
    memcpy(bad, files, sizeof files);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bad[FILES] = cases[i].file;
        e = embed_of(bad, FILES + 1, 1);
        refused(&e, NULL, STYLIZE_ERR_INVALID, cases[i].text);
    }
}

/* A network or a code that is cut short is refused, not read beyond its end. */
static void damaged_files_are_refused(void **state)
{
    stylize_file cut[FILES];
    for (int which = 1; which < 3; which++) {
        memcpy(cut, files, sizeof files);
        cut[which].size /= 2;
        const stylize_embed e = embed_of(cut, FILES, 1);
        stylize_error err;
        stylize_ctx *ctx;
        assert_int_equal(stylize_ctx_create_embedded(&ctx, NULL, &e, &err), STYLIZE_OK);
        const stylize_image picture = content();
        const stylize_request r = request_of(&picture);
        stylize_image out = {0};
        const stylize_status status = stylize_ctx_run(ctx, &r, &out, &err);
        assert_int_equal(status, which == 1 ? STYLIZE_ERR_MODEL : STYLIZE_ERR_NOT_FOUND);
        assert_true(strlen(err.message) > 0);
        stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_paintings_are_those_of_a_folder),
        cmocka_unit_test(no_thread_is_started),
        cmocka_unit_test(files_lie_in_any_order),
        cmocka_unit_test(submitting_calls_back_first),
        cmocka_unit_test(progress_stops_a_request),
        cmocka_unit_test(a_sequence_needs_no_thread),
        cmocka_unit_test(several_threads_take_turns),
        cmocka_unit_test(misuse_is_refused),
        cmocka_unit_test(damaged_files_are_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
