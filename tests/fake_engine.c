#include "fake_engine.h"

#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

fake_state fake;

void fake_reset(void)
{
    memset(&fake, 0, sizeof fake);
    fake.batch_max = 1;
    fake.uses_team = 1;
    stz_engine_register(&fake_engine);
}

static bool take(atomic_int *left)
{
    int n = atomic_load(left);
    while (n > 0)
        if (atomic_compare_exchange_weak(left, &n, n - 1))
            return true;
    return false;
}

static stylize_status fake_open(void **engine, const stz_engine_config *config, stylize_error *err)
{
    if (take(&fake.fail_open))
        return stz_fail(err, STYLIZE_ERR_ENGINE, "the fake engine was told to fail");
    fake.opens++;
    *engine = &fake;
    return STYLIZE_OK;
}

static void fake_close(void *engine) { fake.closes++; }

static void fake_caps(void *engine, stz_engine_caps *caps)
{
    snprintf(caps->device, sizeof caps->device, "cpu");
    snprintf(caps->detail, sizeof caps->detail, "fake");
    caps->batch_max = fake.batch_max;
    caps->parallel_max = fake.parallel_max;
    caps->uses_team = fake.uses_team;
}

static stylize_status fake_load(void *engine, const stz_model *model, void **net, stylize_error *err)
{
    if (take(&fake.fail_load))
        return stz_fail(err, STYLIZE_ERR_MODEL, "the fake engine was told not to load");
    fake.loads++;
    *net = (void *)model;
    return STYLIZE_OK;
}

static void fake_unload(void *engine, void *net) { fake.unloads++; }

static size_t fake_memory(void *engine, void *net, int width, int height)
{
    return (size_t)fake.bytes_per_pixel * (size_t)width * (size_t)height;
}

static stylize_status fake_encode(void *engine, void *net, const stz_view *style, float *code,
                                  const stz_exec *exec, stylize_error *err)
{
    if (take(&fake.fail_encode))
        return stz_fail(err, STYLIZE_ERR_ENGINE, "the fake engine was told not to encode");
    fake.encodes++;
    double sum = 0;
    for (int y = 0; y < style->height; y++)
        for (int x = 0; x < style->width * 3; x++)
            sum += ((const uint8_t *)style->data)[y * style->stride + x];
    const float mean = (float)(sum / ((double)style->width * style->height * 3 * 255));
    const float made[FAKE_CODE] = {0.5f + mean / 2, mean / 4, 0.5f, mean};
    memcpy(code, made, sizeof made);
    return STYLIZE_OK;
}

static int mirror(int i, int n) { return i < 0 ? -i : i >= n ? 2 * (n - 1) - i : i; }

static float box(const uint8_t *row, int x, int c, int width)
{
    int sum = 0;
    for (int k = -FAKE_RADIUS; k <= FAKE_RADIUS; k++)
        sum += row[mirror(x + k, width) * 3 + c];
    return (float)sum / (255.0f * (2 * FAKE_RADIUS + 1));
}

static float mean_of(const uint8_t *data, ptrdiff_t stride, int width, int height)
{
    uint64_t sum = 0;
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width * 3; x++)
            sum += data[y * stride + x];
    return (float)((double)sum / ((double)width * height * 3 * 255));
}

static uint8_t paint(const uint8_t *row, int x, int c, int width, const float *code, float mean)
{
    const float v = (1 - box(row, x, c, width)) * code[0] + code[1] + mean - code[2];
    return (uint8_t)lroundf(fminf(fmaxf(v, 0), 1) * 255);
}

struct rows {
    const stz_apply *a;
    float mean;
};

static void paint_row(void *arg, int y, void *scratch)
{
    const struct rows *r = arg;
    const uint8_t *in = (const uint8_t *)r->a->in.data + y * r->a->in.stride;
    uint8_t *out = (uint8_t *)r->a->out.data + y * r->a->out.stride;
    uint8_t *line = scratch; /* proves that the scratch is there and private */
    for (int x = 0; x < r->a->in.width; x++)
        for (int c = 0; c < 3; c++)
            line[x * 3 + c] = paint(in, x, c, r->a->in.width, r->a->code, r->mean);
    memcpy(out, line, (size_t)r->a->in.width * 3);
}

static stylize_status wait_a_while(const stz_exec *exec, stylize_error *err)
{
    for (int ms = 0; ms < fake.delay_ms; ms++) {
        if (stz_cancelled(exec))
            return stz_fail(err, STYLIZE_ERR_CANCELLED, "cancelled");
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    return stz_cancelled(exec) ? stz_fail(err, STYLIZE_ERR_CANCELLED, "cancelled") : STYLIZE_OK;
}

static void note_max(atomic_int *most, int value)
{
    int seen = atomic_load(most);
    while (value > seen && !atomic_compare_exchange_weak(most, &seen, value))
        ;
}

static stylize_status apply_all(const stz_apply *batch, int n, const stz_exec *exec, stylize_error *err)
{
    stylize_status status = wait_a_while(exec, err);
    if (status == STYLIZE_OK && take(&fake.fail_apply))
        status = stz_fail(err, STYLIZE_ERR_ENGINE, "the fake engine was told to fail");
    if (status == STYLIZE_OK)
        status = stz_team_reserve(exec->team, (size_t)batch[0].in.width * 3, err);
    for (int i = 0; i < n && status == STYLIZE_OK; i++) {
        const stz_apply *a = &batch[i];
        if (a->in.width % 4 || a->in.height % 4 || a->in.width != batch[0].in.width ||
            a->in.height != batch[0].in.height)
            return stz_fail(err, STYLIZE_ERR_ENGINE, "the core broke its promise on sizes");
        const float mean =
            a->stats ? a->stats[0] : mean_of(a->in.data, a->in.stride, a->in.width, a->in.height);
        struct rows rows = {a, mean};
        if (a->stats_out)
            a->stats_out[0] = mean, a->stats_out[1] = 0;
        if (a->out.data)
            stz_team_run(exec->team, paint_row, &rows, a->in.height);
    }
    return status;
}

static stylize_status fake_apply(void *engine, void *net, const stz_apply *batch, int n, const stz_exec *exec,
                                 stylize_error *err)
{
    fake.applies++;
    fake.pictures += n;
    note_max(&fake.largest_batch, n);
    note_max(&fake.most_running, ++fake.running);
    for (int i = 0; i < n; i++) {
        const int at = fake.order_count++;
        if (at < (int)STZ_LEN(fake.order))
            fake.order[at] = *(const uint8_t *)batch[i].in.data;
    }
    stylize_status status = apply_all(batch, n, exec, err);
    fake.running--;
    return status;
}

static double fake_optimize_memory(void *engine, void *net, int width, int height, bool adam)
{
    return (adam ? 100. : 200.) * width * height;
}

/* Every iteration makes each sample one brighter, from its start or from the content. */
static stylize_status fake_optimize(void *engine, void *net, const stz_optimize *job, const stz_exec *exec,
                                    stylize_error *err)
{
    const int level = fake.levels++;
    if (job->out.width % 4 || job->out.height % 4 || level >= (int)STZ_LEN(fake.level_width))
        return stz_fail(err, STYLIZE_ERR_ENGINE, "the core broke its promise on sizes");
    fake.level_width[level] = job->out.width;
    fake.level_iterations[level] = (int)job->iterations;
    fake.level_styles[level] = job->styles[0].width;
    const size_t row = (size_t)job->out.width * 3;
    uint8_t *out = job->out.data;
    for (int y = 0; y < job->out.height && !job->start && !job->fine; y++)
        memcpy(out + y * job->out.stride, (const uint8_t *)job->content.data + y * job->content.stride, row);
    for (uint32_t i = 1; i <= job->iterations; i++) {
        stylize_status status = wait_a_while(exec, err);
        if (status != STYLIZE_OK)
            return status;
        for (int y = 0; y < job->out.height; y++)
            for (size_t x = 0; x < row; x++)
                out[y * job->out.stride + (ptrdiff_t)x] += out[y * job->out.stride + (ptrdiff_t)x] < 255;
        for (size_t k = 0; job->fine && k < row * (size_t)job->out.height;
             k++) /* samples, of rows without gaps */
            job->fine[k] =
                (i == 1 && !job->start ? ((const float *)job->content.data)[k] : job->fine[k]) + 1 / 512.0f;
        if (!job->progress(job->user, i, job->show_every && i % job->show_every == 0))
            break;
    }
    return STYLIZE_OK;
}

const stz_engine fake_engine = {
    .name = "fake",
    .open = fake_open,
    .close = fake_close,
    .caps = fake_caps,
    .load = fake_load,
    .unload = fake_unload,
    .memory = fake_memory,
    .encode = fake_encode,
    .apply = fake_apply,
    .optimize = fake_optimize,
    .optimize_memory = fake_optimize_memory,
};

void fake_reference(const stylize_image *in, const float *code, const float *mean, uint8_t *out)
{
    const float m =
        mean ? *mean : mean_of(in->pixels, (ptrdiff_t)in->width * 3, (int)in->width, (int)in->height);
    for (int y = 0; y < (int)in->height; y++)
        for (int x = 0; x < (int)in->width; x++)
            for (int c = 0; c < 3; c++)
                out[((size_t)y * in->width + (size_t)x) * 3 + (size_t)c] =
                    paint(in->pixels + (size_t)y * in->width * 3, x, c, (int)in->width, code, m);
}

stylize_image fake_picture(uint32_t width, uint32_t height, stylize_format format, uint32_t seed)
{
    const uint32_t bpp = format == STYLIZE_FORMAT_RGBA8 ? 4 : format == STYLIZE_FORMAT_GRAY8 ? 1 : 3;
    stylize_image image = {
        .width = width, .height = height, .format = format, .stride = (ptrdiff_t)(width * bpp)};
    image.size = (size_t)width * height * bpp;
    image.pixels = malloc(image.size);
    uint32_t noise = seed * 2654435761u + 1;
    for (size_t i = 0; i < image.size; i++) {
        const uint32_t x = (uint32_t)(i / bpp % width), y = (uint32_t)(i / bpp / width);
        noise = noise * 1664525u + 1013904223u;
        image.pixels[i] = (uint8_t)((x * 160 / width + y * 60 / height + (noise >> 27) + seed * 37) & 255);
    }
    return image;
}

/* ---- the model folder */

static void write_file(const char *dir, const char *name, const void *data, size_t size)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(data, 1, size, f) != size || fclose(f))
        abort();
}

static void write_text(const char *dir, const char *name, const char *text)
{
    write_file(dir, name, text, strlen(text));
}

static void copy_file(const char *dir, const char *name, const char *from)
{
    char data[65536];
    FILE *f = fopen(from, "rb");
    const size_t size = f ? fread(data, 1, sizeof data, f) : 0;
    if (!size || size == sizeof data || fclose(f))
        abort();
    write_file(dir, name, data, size);
}

static void write_codes(const char *dir, const char *name, const float *one, const float *other)
{
    char header[256];
    snprintf(header, sizeof header, "{\"fake\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]}%s",
             other ? ",\"fakeany\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[16,32]}}" : "}");
    while (strlen(header) % 8)
        strcat(header, " ");
    unsigned char file[512];
    const uint64_t length = strlen(header);
    memcpy(file, &length, 8);
    memcpy(file + 8, header, length);
    memcpy(file + 8 + length, one, 16);
    if (other)
        memcpy(file + 24 + length, other, 16);
    write_file(dir, name, file, 8 + length + (other ? 32 : 16));
}

#define MODEL(extra)                                                                                         \
    "\"native\": \"none.safetensors\", \"multiple\": 4, \"min_side\": 16, \"code_length\": 4, "              \
    "\"stats_length\": 2, "                                                                                  \
    "\"receptive_radius\": 4, \"grid\": 4" extra "}"

static char models_dir[64];
static pid_t models_owner; /* a child of it leaves the folder alone */

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    return remove(path);
}

static void remove_models(void)
{
    if (getpid() == models_owner)
        nftw(models_dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *fake_models(void)
{
    char *const dir = models_dir;
    if (*dir)
        return dir;
    strcpy(dir, "/tmp/stylize-test-XXXXXX");
    if (!mkdtemp(dir))
        abort();
    models_owner = getpid();
    atexit(remove_models);
    static const char *const folders[] = {"fake", "fakeany", "fakeloss", "styles"};
    char path[128];
    for (size_t i = 0; i < STZ_LEN(folders); i++) {
        snprintf(path, sizeof path, "%s/%s", dir, folders[i]);
        if (mkdir(path, 0700))
            abort();
    }
    write_text(dir, "fake/model.json", "{\"name\": \"fake\", \"method\": \"fast\", " MODEL(""));
    write_text(
        dir, "fakeany/model.json",
        "{\"name\": \"fakeany\", \"method\": \"any\", " MODEL(", \"encodes\": true, \"style_multiple\": 2, "
                                                              "\"style_min_side\": 32, \"style_size\": 64"));
    write_text(dir, "fakeloss/model.json",
               "{\"name\": \"fakeloss\", \"method\": \"optimize\", \"torch\": \"none.pt\", \"multiple\": 4, "
               "\"receptive_radius\": 8, \"style_weights\": [1, 1], \"content_weights\": [0, 0.5]}");
    copy_file(dir, "styles/a.jpg", STYLIZE_SOURCE_DIR "/tests/codec/data/444.jpg");
    write_text(
        dir, "styles/library.json",
        "[{\"style_id\": \"a\", \"display_name\": {\"en\": \"A\", \"zh\": \"甲\"}, \"model_path\": \"fake\","
        " \"code_path\": \"a.safetensors\", \"artwork\": \"a.jpg\"},\n"
        " {\"style_id\": \"b\", \"display_name\": \"B\", \"model_path\": \"fake\", \"code_path\": "
        "\"b.safetensors\"},\n"
        " {\"style_id\": \"c\", \"display_name\": \"C\", \"model_path\": \"fake\", \"code_path\": "
        "\"c.safetensors\"}]\n");
    write_codes(dir, "styles/a.safetensors", (const float[]){1, 0, 0.5f, 0},
                (const float[]){0.9f, 0.1f, 0.5f, 0});
    write_codes(dir, "styles/b.safetensors", (const float[]){0.5f, 0.25f, 0.5f, 0},
                (const float[]){0.4f, 0.3f, 0.5f, 0});
    write_codes(dir, "styles/c.safetensors", (const float[]){0.75f, 0, 0.25f, 0}, NULL);
    return dir;
}

void fake_options(stylize_options *o)
{
    stylize_options_init(o, sizeof *o);
    o->engine = "fake";
    o->model_dir = fake_models();
    o->threads = 4;
}
