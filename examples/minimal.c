/* The smallest whole program: one picture, one style.
 *   minimal photo.jpg starry_night painted.jpg */
#include <stdio.h>

#include <stylize/stylize.h>

static int fail(const char *what, const stylize_error *err)
{
    fprintf(stderr, "%s: %s\n", what, err->message);
    return 1;
}

static int paint(stylize_ctx *ctx, const char *input, const char *style_id, const char *output)
{
    stylize_error err;
    stylize_image photo, painted = {0};
    if (stylize_image_load(ctx, input, &photo, &err) != STYLIZE_OK)
        return fail(input, &err);

    const stylize_style_ref style = {.id = style_id, .weight = 1.0f};
    stylize_request request;
    stylize_request_init(&request, sizeof request); /* fails for a wrong size only */
    request.content = &photo;
    request.styles = &style;
    request.style_count = 1;
    request.output_size = 1024; /* pixels of the longer side */

    int code = 0;
    if (stylize_ctx_run(ctx, &request, &painted, &err) != STYLIZE_OK)
        code = fail(input, &err);
    else if (stylize_image_save(ctx, &painted, output, 0, &err) != STYLIZE_OK)
        code = fail(output, &err);
    stylize_image_free(&painted);
    stylize_image_free(&photo);
    return code;
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: minimal PHOTO STYLE OUTPUT\n");
        return 2;
    }
    stylize_ctx *ctx;
    stylize_error err;
    if (stylize_ctx_create(&ctx, NULL, &err) != STYLIZE_OK)
        return fail("stylize", &err);
    const int code = paint(ctx, argv[1], argv[2], argv[3]);
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
    return code;
}
