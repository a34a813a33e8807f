/* The engine of the web built for this machine: the same calls, the same models.bin. native SITE WIDTH HEIGHT STYLE
 * STRENGTH SIZE <in >out; STYLIZE_CPU=portable makes it what browsers run. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef _WIN32
#include <fcntl.h>
#include <io.h>
#endif

int web_file(const char *name, const void *data, uint32_t size);
int web_open(int precision);
const uint8_t *web_paint(uint8_t *rgba, uint32_t width, uint32_t height, const char *style, float strength,
                         uint32_t size, int preserve_color);
uint32_t web_width(void);
uint32_t web_height(void);
const char *web_error(void);

/* In place of what this machine says, see CMakeLists.txt. */
size_t __wrap_stz_cpu_l2(void);
size_t __wrap_stz_cpu_l2(void) { return 1 << 20; }

static uint8_t *read_all(FILE *f, size_t most, size_t *size)
{
    uint8_t *data = malloc(most);
    *size = data && f ? fread(data, 1, most, f) : 0;
    return data;
}

/* The list is [["name", size], ...] without escapes. */
static void hand_in(uint8_t *models)
{
    uint32_t length;
    memcpy(&length, models, sizeof length);
    char *at = (char *)models + 4, *end = at + length;
    uint8_t *data = models + (4 + length + 7) / 8 * 8;
    while ((at = memchr(at, '"', (size_t)(end - at)))) {
        char *name = ++at;
        at = memchr(at, '"', (size_t)(end - at));
        *at = 0;
        const uint32_t size = (uint32_t)strtoul(at + 2, &at, 10);
        web_file(name, data, size);
        data += (size + 7) / 8 * 8;
    }
}

int main(int argc, char **argv)
{
    char path[4096];
    size_t size;
    if (argc != 7)
        return 2;
#ifdef _WIN32 /* its streams are text otherwise */
    _setmode(_fileno(stdin), _O_BINARY);
    _setmode(_fileno(stdout), _O_BINARY);
#endif
    const uint32_t width = (uint32_t)atoi(argv[2]), height = (uint32_t)atoi(argv[3]);
    snprintf(path, sizeof path, "%s/models.bin", argv[1]);
    FILE *f = fopen(path, "rb");
    uint8_t *models = read_all(f, 64 << 20, &size);
    if (f)
        fclose(f);
    if (!size)
        return 2;
    hand_in(models);
    uint8_t *content = read_all(stdin, (size_t)width * height * 4, &size);
    const uint8_t *out = NULL;
    if (!web_open(2))
        out = web_paint(content, width, height, argv[4], (float)atof(argv[5]), (uint32_t)atoi(argv[6]), 0);
    if (!out) {
        fprintf(stderr, "%s\n", web_error());
        return 1;
    }
    fwrite(out, 4, (size_t)web_width() * web_height(), stdout);
    free(content);
    free(models); /* the context is still there, and ends with the process */
    return 0;
}
