#include "context.h"

#include "exit.h"
#include "message.h"
#include "options.h"

stylize_ctx *context_create(const cli_args *args, uint32_t threads, uint32_t queue_length, int *exit_code)
{
    stylize_options o;
    stylize_options_init(&o, sizeof o);
    o.engine = engine_names[args->engine];
    o.device = args->device;
    o.model_dir = args->models;
    o.style_dir = args->style_dir;
    o.threads = threads;
    o.precision = args->precision;
    o.tolerant = args->tolerant;
    if (queue_length > o.queue_length)
        o.queue_length = queue_length;
    if (args->memory)
        o.memory_budget = args->memory;
    /* The library's limits are meant for servers; pictures given to a command are trusted more. */
    o.max_input_bytes = INPUT_BYTES_MAX;
    o.max_pixels = 16384u * 16384u;
    if (args->verbose) {
        o.log_level = STYLIZE_LOG_DEBUG;
        o.log = message_log;
    } else if (!args->quiet) {
        o.log = message_log;
    }
    stylize_ctx *ctx = NULL;
    stylize_error err = {0};
    if (stylize_ctx_create(&ctx, &o, &err) == STYLIZE_OK)
        return ctx;
    message_error(NULL, "%s", err.message[0] ? err.message : stylize_status_str(err.status));
    *exit_code = err.status == STYLIZE_ERR_INVALID ? EXIT_USAGE : EXIT_ENGINE;
    return NULL;
}
