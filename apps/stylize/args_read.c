#include "args_read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exit.h"
#include "memory.h"
#include "message.h"
#include "options.h"

static int unknown_option(const char *text, size_t length)
{
    const slice name = {text + 2, length > 2 ? length - 2 : 0};
    const char *nearest = name.size && text[1] == '-' ? option_nearest(name) : NULL;
    if (nearest)
        message_error(NULL, "there is no option %.*s, the nearest is --%s", (int)length, text, nearest);
    else
        message_error(NULL, "there is no option %.*s, see stylize --help", (int)length, text);
    return EXIT_USAGE;
}

/* One option at argv[*i]; moves *i over its value. -1 to go on. */
static int parse_long(cli_args *args, const option **found, const char **value, int argc, char **argv, int *i)
{
    const char *text = argv[*i];
    const size_t length = strcspn(text, "=");
    const option *o = option_by_name((slice){text + 2, length - 2});
    if (!o)
        return unknown_option(text, length);
    *found = o;
    *value = text[length] ? text + length + 1 : NULL;
    if (o->value && !*value) {
        if (*i + 1 >= argc) {
            message_error(NULL, "--%s needs a value: %s", o->name, o->value);
            return EXIT_USAGE;
        }
        *value = argv[++*i];
    } else if (!o->value && *value) {
        message_error(NULL, "--%s takes no value", o->name);
        return EXIT_USAGE;
    }
    return -1;
}

/* Something that waits until the command is known: options may stand before it. */
typedef struct pending {
    const option *option;
    const char *value;
} pending;

/* Letters after one dash: "-qf", "-o out.jpg", "-oout.jpg". */
static int parse_letters(pending *list, size_t *count, int argc, char **argv, int *i)
{
    for (const char *p = argv[*i] + 1; *p; p++) {
        const option *o = option_by_letter(*p);
        if (!o)
            return unknown_option((char[]){'-', *p, '\0'}, 2);
        list[*count].option = o;
        if (!o->value) {
            list[(*count)++].value = NULL;
            continue;
        }
        if (!p[1] && *i + 1 >= argc) {
            message_error(NULL, "-%c needs a value: %s", *p, o->value);
            return EXIT_USAGE;
        }
        list[(*count)++].value = p[1] ? p + 1 : argv[++*i];
        return -1;
    }
    return -1;
}

/* Splits the command line into options and inputs and finds the command. */
static int split(cli_args *args, pending *list, size_t *count, int argc, char **argv)
{
    bool only_inputs = false;
    int code = -1;
    for (int i = 1; i < argc && code < 0; i++) {
        const char *text = argv[i];
        if (!only_inputs && strcmp(text, "--") == 0) {
            only_inputs = true;
        } else if (!only_inputs && text[0] == '-' && text[1] == '-') {
            code = parse_long(args, &list[*count].option, &list[*count].value, argc, argv, &i);
            *count += code < 0;
        } else if (!only_inputs && text[0] == '-' && text[1]) {
            code = parse_letters(list, count, argc, argv, &i);
        } else if (!only_inputs && args->input_count == 0 && !args->command) {
            args->command = (command)command_by_name(text);
            if (args->command)
                continue;
            args->command = COMMAND_PAINT;
            args->inputs[args->input_count++] = argv[i];
        } else {
            args->inputs[args->input_count++] = argv[i];
        }
    }
    if (!args->command)
        args->command = COMMAND_PAINT;
    return code;
}

/* Styles of weight 0 take no part; one must. */
static bool all_weights_zero(const cli_args *args)
{
    for (size_t i = 0; i < args->style_count; i++)
        if (args->styles[i].weight > 0)
            return false;
    return true;
}

static bool has_times(const cli_args *args)
{
    for (size_t i = 0; i < args->style_count; i++)
        if (args->styles[i].at >= 0)
            return true;
    return false;
}

/* What does not depend on one option alone. */
static int check_together(const cli_args *args)
{
    const bool pictures = args->command == COMMAND_PAINT || args->command == COMMAND_SHEET || args->command == COMMAND_VIDEO;
    if (args->command == COMMAND_PAINT && args->input_count == 0)
        message_error(NULL, "no picture given, see stylize --help");
    else if (args->command == COMMAND_SHEET && args->input_count != 1)
        message_error(NULL, "stylize sheet needs one picture, %zu are given", args->input_count);
    else if (!pictures && args->command != COMMAND_STYLE && args->input_count > 0)
        message_error(NULL, "stylize %s takes no \"%s\"", command_name(args->command), args->inputs[0]);
    else if (args->command != COMMAND_VIDEO && has_times(args))
        message_error("--style", "times, as in a@0,b@10, are for stylize video only");
    else if (args->command == COMMAND_PAINT && args->style_count == 0)
        message_error(NULL, "no style given: --style ID or --style-image FILE; stylize styles lists the ids");
    else if (args->command == COMMAND_PAINT && all_weights_zero(args))
        message_error(NULL, "the weights of all styles are 0; one must be above 0");
    else if (args->command != COMMAND_SHEET && args->style_count > STYLIZE_STYLES_MAX)
        message_error(NULL, "a blend has at most %d styles, %zu are given", STYLIZE_STYLES_MAX,
                      args->style_count);
    else if (args->command != COMMAND_BENCH && args->size_count > 1)
        message_error("--size", "a list of sizes is for stylize bench only");
    else if (args->command != COMMAND_BENCH && args->thread_count > 1)
        message_error("--threads", "a list of numbers is for stylize bench only");
    else if (args->command == COMMAND_SHEET && args->size_count &&
             (!args->sizes[0].side || args->sizes[0].side > 8192))
        message_error("--size",
                      "stylize sheet needs one number from 16 to 8192: the longer side of a picture in it");
    else if (args->resume && args->force)
        message_error(NULL, "--resume and --force exclude each other");
    else
        return -1;
    return EXIT_USAGE;
}

/* Returns -1 to go on. value is NULL for options without one. */
static int apply(cli_args *args, const option *o, const char *value)
{
    char name[40], message[300];
    const slice text = slice_of(value ? value : "yes");
    if (!option_set(args, o, text)) {
        snprintf(name, sizeof name, "--%s", o->name);
        option_wrong(o, name, text, message, sizeof message);
        message_error(NULL, "%s", message);
        return EXIT_USAGE;
    }
    if (args->help)
        command_help(stdout, args->command);
    else if (args->version)
        printf("stylize %s\n", stylize_version());
    else
        return -1;
    return fflush(stdout) == 0 ? EXIT_DONE : EXIT_OUTPUT;
}

int args_parse(cli_args *args, int argc, char **argv)
{
    *args = (cli_args){0};
    if (!options_preset(args, cli_options, cli_option_count)) {
        message_error(NULL, "out of memory");
        return EXIT_ENGINE;
    }
    args->argv = argv;
    args->inputs = memory_get((size_t)argc + 1, sizeof *args->inputs);
    size_t letters = 0; /* each option costs at least one character */
    for (int i = 1; i < argc; i++)
        letters += strlen(argv[i]) + 1;
    pending *list = memory_get(letters + 1, sizeof *list);
    size_t count = 0;
    int code = split(args, list, &count, argc, argv);
    for (size_t i = 0; i < count && code < 0; i++) {
        const option *o = list[i].option;
        if (!(o->commands & args->command)) {
            message_error(NULL, "--%s has no meaning for stylize %s", o->name, command_name(args->command));
            code = EXIT_USAGE;
            break;
        }
        code = apply(args, o, list[i].value);
    }
    free(list);
    return code >= 0 ? code : check_together(args);
}

void args_free(cli_args *args)
{
    for (size_t i = 0; i < args->style_count; i++) {
        free(args->styles[i].id);
        free(args->styles[i].path);
    }
    free(args->styles);
    free(args->inputs);
    free(args->photos);
    free(args->device);
    options_free(args, cli_options, cli_option_count);
    *args = (cli_args){0};
}
