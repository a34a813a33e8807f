// The same library from C++: creates and ends a context, sees an error as text.
#include <cstdio>
#include <cstring>
#include <memory>

#include <stylize/stylize.h>

namespace
{
struct Destroy {
    void operator()(stylize_ctx *ctx) const { stylize_ctx_destroy(ctx, STYLIZE_CANCEL); }
};
} // namespace

int main()
{
    stylize_options options;
    stylize_error error = {};
    stylize_options_init(&options, sizeof options);
    options.threads = 1;
    stylize_ctx *raw = nullptr;
    if (stylize_ctx_create(&raw, &options, &error) != STYLIZE_OK) {
        std::fprintf(stderr, "create: %s\n", error.message);
        return 1;
    }
    const std::unique_ptr<stylize_ctx, Destroy> ctx(raw);
    stylize_image picture = {};
    const stylize_status status = stylize_image_load(ctx.get(), "/does/not/exist.jpg", &picture, &error);
    std::printf("%s: %s\n", stylize_status_str(status), error.message);
    return status == STYLIZE_ERR_IO && std::strlen(error.message) > 0 ? 0 : 1;
}
