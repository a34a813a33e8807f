/*
 * stylize: the command line program of libstylize. It uses the public headers only, so each of its files
 * is also an example: paint.c for one picture, queue.c and folder.c for thousands.
 */
#include "args_read.h"
#include "bench.h"
#include "exit.h"
#include "info.h"
#include "message.h"
#include "own_style.h"
#include "paint.h"
#include "sheet.h"
#include "styles.h"
#include "video.h"

static int run_command(const cli_args *args)
{
    switch (args->command) {
    case COMMAND_SHEET:
        return command_sheet(args);
    case COMMAND_STYLES:
        return command_styles(args);
    case COMMAND_STYLE:
        return command_style(args);
    case COMMAND_INFO:
        return command_info(args);
    case COMMAND_VIDEO:
        return command_video(args);
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
