/* Paints a picture of its own with the installed library and its installed models. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stylize/stylize.h>

#define SIDE 64

static int failed(const char *what, const stylize_error *err)
{
    fprintf(stderr, "%s: %s\n", what, err->message);
    return EXIT_FAILURE;
}

int main(void)
{
    static unsigned char pixels[SIDE * SIDE * 3];
    stylize_error err;
    stylize_ctx *ctx;
    stylize_request req;
    stylize_style_info *styles = NULL;
    size_t count = 0, i;
    stylize_image photo, result;
    stylize_style_ref style;

    for (i = 0; i < sizeof pixels; i++)
        pixels[i] = (unsigned char)(i * 7 % 251);
    if (stylize_ctx_create(&ctx, NULL, &err))
        return failed("create", &err);
    if (stylize_style_list(ctx, "en", &styles, &count, &err))
        return failed("styles", &err);
    if (count == 0) {
        fputs("no styles were installed\n", stderr);
        return EXIT_FAILURE;
    }
    memset(&photo, 0, sizeof photo);
    memset(&result, 0, sizeof result);
    memset(&style, 0, sizeof style);
    photo.pixels = pixels;
    photo.width = photo.height = SIDE;
    photo.format = STYLIZE_FORMAT_RGB8;
    style.id = styles[0].id;
    style.weight = 1.0f;
    stylize_request_init(&req, sizeof req);
    req.content = &photo;
    req.styles = &style;
    req.style_count = 1;
    if (stylize_ctx_run(ctx, &req, &result, &err))
        return failed("run", &err);
    printf("%s: %u x %u painted as %s\n", stylize_version(), (unsigned)result.width, (unsigned)result.height,
           style.id);
    if (result.width != SIDE || memcmp(result.pixels, pixels, SIDE * 3) == 0)
        return EXIT_FAILURE;
    stylize_free(styles);
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
    stylize_image_free(&result); /* after the context, as the header allows */
    return EXIT_SUCCESS;
}
