/* Reads the command line into cli_args. */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

/* What an option's value must be, for the message about a wrong one. */
static int bad_value(const option *o, const char *value, const char *allowed)
{
    char name[40];
    snprintf(name, sizeof name, "--%s", o->name);
    message_error(name, "\"%s\" is not %s", value, allowed);
    return EXIT_USAGE;
}

static int read_number(const option *o, const char *value, uint64_t min, uint64_t max, uint64_t *out)
{
    if (value_uint(value, min, max, out))
        return -1;
    char allowed[80];
    if (max == UINT64_MAX)
        snprintf(allowed, sizeof allowed, "a whole number");
    else
        snprintf(allowed, sizeof allowed, "a whole number from %llu to %llu", (unsigned long long)min,
                 (unsigned long long)max);
    return bad_value(o, value, allowed);
}

static int read_uint32(const option *o, const char *value, uint64_t min, uint64_t max, uint32_t *out)
{
    uint64_t v;
    const int code = read_number(o, value, min, max, &v);
    if (code < 0)
        *out = (uint32_t)v;
    return code;
}

/* names: one text for each value, as "auto, fast or any" for the message. */
static int read_choice(const option *o, const char *value, const char *const *names, size_t count,
                       const char *allowed, size_t *index)
{
    return value_choice(value, names, count, index) ? -1 : bad_value(o, value, allowed);
}

static int add_style(cli_args *args, const option *o, const char *value, style_arg style)
{
    if (args->style_count == STYLIZE_STYLES_MAX && args->command != COMMAND_SHEET) {
        message_error(NULL, "--%s: \"%s\" is one style too many, a blend has at most %d", o->name, value,
                      STYLIZE_STYLES_MAX);
        free(style.id);
        free(style.path);
        return EXIT_USAGE;
    }
    args->styles = memory_grow(args->styles, args->style_count + 1, sizeof *args->styles);
    args->styles[args->style_count++] = style;
    return -1;
}

static int read_styles(cli_args *args, const option *o, const char *value)
{
    args->last_styles = args->style_count;
    for (const char *p = value;;) {
        const size_t n = strcspn(p, ",");
        style_arg style;
        if (!value_style(p, n, &style))
            return bad_value(o, value, "ID or ID:WEIGHT, several with commas, weights above 0");
        const int code = add_style(args, o, value, style);
        if (code >= 0 || !p[n])
            return code;
        p += n + 1;
    }
}

static int read_style_image(cli_args *args, const option *o, const char *value)
{
    style_arg style;
    if (!value_style_image(value, &style))
        return bad_value(o, value, "FILE or FILE:WEIGHT");
    args->last_styles = args->style_count;
    return add_style(args, o, value, style);
}

/* For the styles of the option before it. */
static int read_mask(cli_args *args, const option *o, const char *value)
{
    if (!*value)
        return bad_value(o, value, "a file name");
    if (args->last_styles == args->style_count) {
        message_error(NULL, "--mask %s: the style that it is for comes before it", value);
        return EXIT_USAGE;
    }
    for (size_t i = args->last_styles; i < args->style_count; i++)
        args->styles[i].mask = value;
    args->last_styles = args->style_count;
    return -1;
}

/* One entry of a comma list at *p, which moves behind it; false if the list is at its end. */
static bool next_entry(const char **p, char *entry, size_t size)
{
    if (!*p)
        return false;
    const size_t n = strcspn(*p, ",");
    snprintf(entry, size, "%.*s", (int)(n < size ? n : size - 1), *p);
    *p = (*p)[n] ? *p + n + 1 : NULL;
    return true;
}

static int read_sizes(cli_args *args, const option *o, const char *value)
{
    const char *p = value;
    char entry[32];
    args->size_count = 0;
    while (next_entry(&p, entry, sizeof entry)) {
        if (args->size_count == LIST_MAX || !value_size(entry, &args->sizes[args->size_count]))
            return bad_value(o, value, "N or WxH with numbers from 16 to 16384");
        args->size_count++;
    }
    return -1;
}

static int read_threads(cli_args *args, const option *o, const char *value)
{
    const char *p = value;
    char entry[32];
    args->thread_count = 0;
    while (next_entry(&p, entry, sizeof entry)) {
        uint64_t n;
        if (args->thread_count == LIST_MAX || !value_uint(entry, 1, 256, &n))
            return bad_value(o, value, "a whole number from 1 to 256");
        args->threads[args->thread_count++] = (uint32_t)n;
    }
    return -1;
}

static int read_strength(cli_args *args, const option *o, const char *value)
{
    double v = (double)STYLIZE_STRENGTH_AUTO;
    if (strcmp(value, "auto") != 0 && !value_float(value, 0, 1, &v))
        return bad_value(o, value, "a number from 0 to 1, or auto");
    args->strength = (float)v;
    return -1;
}

static int read_style_scale(cli_args *args, const option *o, const char *value)
{
    double v;
    if (!value_float(value, 0.5, 2, &v))
        return bad_value(o, value, "a number from 0.5 to 2");
    args->style_scale = (float)v;
    return -1;
}

static int read_method(cli_args *args, const option *o, const char *value)
{
    static const char *const names[] = {"auto", "fast", "any", "optimize"};
    size_t i;
    const int code = read_choice(o, value, names, CLI_LEN(names), "auto, fast, any or optimize", &i);
    if (code < 0)
        args->method = (stylize_method)i;
    return code;
}

static int read_time_budget(cli_args *args, const option *o, const char *value)
{
    double seconds;
    if (!value_float(value, 0.001, 1000000, &seconds))
        return bad_value(o, value, "seconds from 0.001 to 1000000");
    args->time_budget_ms = (uint32_t)(1000 * seconds + 0.5);
    return -1;
}

static int read_optimizer(cli_args *args, const option *o, const char *value)
{
    static const char *const names[] = {"lbfgs", "adam"};
    size_t i;
    const int code = read_choice(o, value, names, CLI_LEN(names), "lbfgs or adam", &i);
    if (code < 0)
        args->optimizer = (stylize_optimizer)i;
    return code;
}

static int read_format(cli_args *args, const option *o, const char *value)
{
    static const char *const names[] = {"jpeg", "jpg", "png", "webp"};
    static const stylize_format formats[] = {STYLIZE_FORMAT_JPEG, STYLIZE_FORMAT_JPEG, STYLIZE_FORMAT_PNG,
                                             STYLIZE_FORMAT_WEBP};
    size_t i;
    const int code = read_choice(o, value, names, CLI_LEN(names), "jpeg, png or webp", &i);
    if (code < 0)
        args->format = formats[i];
    return code;
}

static int read_precision(cli_args *args, const option *o, const char *value)
{
    static const char *const names[] = {"fp32", "fp16", "int8", "tf32"};
    size_t i;
    const int code = read_choice(o, value, names, CLI_LEN(names), "fp32, fp16, int8 or tf32", &i);
    if (code < 0)
        args->precision = (stylize_precision)i;
    return code;
}

static int read_engine(cli_args *args, const option *o, const char *value)
{
    static const char *const names[] = {"auto", "native", "torch"};
    size_t i;
    const int code = read_choice(o, value, names, CLI_LEN(names), "auto, native or torch", &i);
    if (code < 0)
        args->engine = names[i];
    return code;
}

static int read_device(cli_args *args, const option *o, const char *value)
{
    const char *numbers = strncmp(value, "cuda:", 5) == 0 ? value + 5 : "";
    const bool several =
        *numbers && (strcmp(numbers, "all") == 0 || !numbers[strspn(numbers, "0123456789,")]);
    if (!several && strcmp(value, "auto") != 0 && strcmp(value, "cpu") != 0 && strcmp(value, "cuda") != 0)
        return bad_value(o, value, "auto, cpu, cuda, cuda:N, cuda:N,M or cuda:all");
    args->device = value;
    return -1;
}

static int read_memory(cli_args *args, const option *o, const char *value)
{
    if (!value_bytes(value, &args->memory) || args->memory < (32u << 20))
        return bad_value(o, value, "an amount of memory as 512M or 2G, at least 32M");
    return -1;
}

/* Returns -1 to go on. value is NULL for options without one. */
static int apply(cli_args *args, const option *o, const char *value)
{
    uint64_t quality;
    int code = -1;
    switch (o->id) {
    case OPT_STYLE:
    case OPT_STYLES:
        return read_styles(args, o, value);
    case OPT_STYLE_IMAGE:
        return read_style_image(args, o, value);
    case OPT_MASK:
        return read_mask(args, o, value);
    case OPT_STRENGTH:
        return read_strength(args, o, value);
    case OPT_STYLE_SCALE:
        return read_style_scale(args, o, value);
    case OPT_PRESERVE_COLOR:
        args->preserve_color = true;
        break;
    case OPT_METHOD:
        return read_method(args, o, value);
    case OPT_ITERATIONS:
        return read_uint32(o, value, 1, 100000, &args->iterations);
    case OPT_TIME_BUDGET:
        return read_time_budget(args, o, value);
    case OPT_OPTIMIZER:
        return read_optimizer(args, o, value);
    case OPT_PREVIEW:
        args->preview = value;
        return *value ? -1 : bad_value(o, value, "a file name");
    case OPT_SEED:
        return read_number(o, value, 0, UINT64_MAX, &args->seed);
    case OPT_OUTPUT:
        args->output = value;
        return *value ? -1 : bad_value(o, value, "a file name");
    case OPT_SIZE:
        return read_sizes(args, o, value);
    case OPT_FORMAT:
        return read_format(args, o, value);
    case OPT_QUALITY:
        code = read_number(o, value, 1, 100, &quality);
        args->quality = code < 0 ? (int)quality : 0;
        break;
    case OPT_FORCE:
        args->force = true;
        break;
    case OPT_RECURSIVE:
        args->recursive = true;
        break;
    case OPT_RESUME:
        args->resume = true;
        break;
    case OPT_JOBS:
        return read_uint32(o, value, 1, 1024, &args->jobs);
    case OPT_COLUMNS:
        return read_uint32(o, value, 1, 64, &args->columns);
    case OPT_LANG:
        args->lang = value;
        break;
    case OPT_IDS:
        args->ids = true;
        break;
    case OPT_NETWORK:
        args->network = value;
        break;
    case OPT_ROUNDS:
        return read_uint32(o, value, 1, 10000, &args->rounds);
    case OPT_ENGINE:
        return read_engine(args, o, value);
    case OPT_DEVICE:
        return read_device(args, o, value);
    case OPT_THREADS:
        return read_threads(args, o, value);
    case OPT_PRECISION:
        return read_precision(args, o, value);
    case OPT_MEMORY:
        return read_memory(args, o, value);
    case OPT_MODELS:
        args->models = value;
        break;
    case OPT_JSON:
        args->json = true;
        break;
    case OPT_QUIET:
        args->quiet = true;
        break;
    case OPT_VERBOSE:
        args->verbose = true;
        break;
    case OPT_HELP:
        options_help(stdout, args->command);
        return fflush(stdout) == 0 ? EXIT_DONE : EXIT_OUTPUT;
    case OPT_VERSION:
        printf("stylize %s\n", stylize_version());
        return fflush(stdout) == 0 ? EXIT_DONE : EXIT_OUTPUT;
    }
    return code;
}

static int unknown_option(const char *text, size_t length)
{
    const char *nearest = length > 2 && text[1] == '-' ? option_nearest(text + 2, length - 2) : NULL;
    if (nearest)
        message_error(NULL, "there is no option %.*s, the nearest is --%s", (int)length, text, nearest);
    else
        message_error(NULL, "there is no option %.*s, see stylize --help", (int)length, text);
    return EXIT_USAGE;
}

/* One option at argv[*i]; moves *i over its value. code as in apply. */
static int parse_long(cli_args *args, const option **found, const char **value, int argc, char **argv, int *i)
{
    const char *text = argv[*i];
    const size_t length = strcspn(text, "=");
    const option *o = option_by_name(text + 2, length - 2);
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

/* What does not depend on one option alone. */
static int check_together(const cli_args *args)
{
    const bool pictures = args->command == COMMAND_PAINT || args->command == COMMAND_SHEET;
    if (args->command == COMMAND_PAINT && args->input_count == 0)
        message_error(NULL, "no picture given, see stylize --help");
    else if (args->command == COMMAND_SHEET && args->input_count != 1)
        message_error(NULL, "stylize sheet needs one picture, %zu are given", args->input_count);
    else if (!pictures && args->input_count > 0)
        message_error(NULL, "stylize %s takes no \"%s\"", command_name(args->command), args->inputs[0]);
    else if (args->command == COMMAND_PAINT && args->style_count == 0)
        message_error(NULL, "no style given: --style ID or --style-image FILE; stylize styles lists the ids");
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

int args_parse(cli_args *args, int argc, char **argv)
{
    *args = (cli_args){.strength = 1.0f, .style_scale = 1.0f, .rounds = 10, .network = "brush"};
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
    *args = (cli_args){0};
}
