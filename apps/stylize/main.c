/*
 * stylize: the command line program of libstylize. It uses stylize.h only, so each of its files
 * is also an example: paint.c for one picture, queue.c and folder.c for thousands.
 */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

atomic_int interrupted;

static void on_signal(int number) { interrupted = number; }

/* The first signal lets the program end in order; the same signal again ends it at once. */
static void catch_signals(void)
{
    struct sigaction a = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
    sigemptyset(&a.sa_mask);
    sigaction(SIGINT, &a, NULL);
    sigaction(SIGTERM, &a, NULL);
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGPIPE, &ignore, NULL); /* a closed pipe is an error of the write */
}

stylize_ctx *context_create(const cli_args *args, uint32_t threads, uint32_t queue_length, int *exit_code)
{
    stylize_options o;
    stylize_options_init(&o, sizeof o);
    o.engine = args->engine;
    o.device = args->device;
    o.model_dir = args->models;
    o.threads = threads;
    o.precision = args->precision;
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

static int run_command(const cli_args *args)
{
    switch (args->command) {
    case COMMAND_SHEET:
        return command_sheet(args);
    case COMMAND_STYLES:
        return command_styles(args);
    case COMMAND_INFO:
        return command_info(args);
    case COMMAND_BENCH:
        return command_bench(args);
    default:
        return command_paint(args);
    }
}

int main(int argc, char **argv)
{
    cli_args args;
    catch_signals();
    int code = args_parse(&args, argc, argv);
    if (code < 0) {
        message_set_quiet(args.quiet);
        code = run_command(&args);
    }
    args_free(&args);
    return code;
}
