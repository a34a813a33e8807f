/* The table of options and commands, and the help text made from it. */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

#define PAINT   COMMAND_PAINT
#define SHEET   COMMAND_SHEET
#define STYLES  COMMAND_STYLES
#define INFO    COMMAND_INFO
#define BENCH   COMMAND_BENCH
#define PICTURE (PAINT | SHEET)
#define ENGINE  (PAINT | SHEET | INFO | BENCH)
#define ALL     (PAINT | SHEET | STYLES | INFO | BENCH)

const option options[] = {
    {OPT_STYLE, 's', "style", "ID[:W],...", PAINT, "Style", "library style, or a blend with weights"},
    {OPT_STYLE_IMAGE, 'i', "style-image", "FILE[:W]", PICTURE, "Style",
     "any picture as style; may be repeated"},
    {OPT_STYLES, 0, "styles", "ID,...", SHEET, "Style", "styles of the sheet; all without it"},
    {OPT_MASK, 0, "mask", "FILE", PAINT, "Style", "where the style before it is painted: white, grey, black"},
    {OPT_STRENGTH, 0, "strength", "0..1|auto", PICTURE, "Style", "0: the photograph, 1: the full style (1)"},
    {OPT_STYLE_SCALE, 0, "style-scale", "0.5..2", PICTURE, "Style",
     "size of the strokes: 2 twice as large (1)"},
    {OPT_PRESERVE_COLOR, 0, "preserve-color", NULL, PICTURE, "Style", "keep the photograph's colours"},
    {OPT_METHOD, 0, "method", "NAME", PICTURE, "Style", "auto, fast, any or optimize (auto)"},
    {OPT_ITERATIONS, 0, "iterations", "N", PICTURE, "Style", "steps of the method optimize (300)"},
    {OPT_TIME_BUDGET, 0, "time-budget", "SECONDS", PICTURE, "Style", "optimize ends then, with what it has"},
    {OPT_OPTIMIZER, 0, "optimizer", "NAME", PICTURE, "Style", "of optimize: lbfgs or adam (lbfgs)"},
    {OPT_PREVIEW, 0, "preview", "FILE", PAINT, "Style", "the picture of optimize as it grows"},
    {OPT_SEED, 0, "seed", "N", PICTURE, "Style", "for methods that use random numbers (0)"},

    {OPT_OUTPUT, 'o', "output", "PATH", PICTURE, "Output", "file, folder for many, - for standard output"},
    {OPT_SIZE, 0, "size", "N|WxH", PICTURE | BENCH, "Output", "longer side, or exact size cut at the centre"},
    {OPT_FORMAT, 0, "format", "NAME", PICTURE, "Output", "jpeg, png or webp"},
    {OPT_QUALITY, 0, "quality", "1..100", PICTURE, "Output", "of JPEG and WebP (92)"},
    {OPT_FORCE, 'f', "force", NULL, PICTURE, "Output", "overwrite outputs that exist"},
    {OPT_COLUMNS, 0, "columns", "N", SHEET, "Output", "pictures in a row of the sheet"},

    {OPT_RECURSIVE, 'r', "recursive", NULL, PAINT, "Folders", "with the folders inside"},
    {OPT_RESUME, 0, "resume", NULL, PAINT, "Folders", "leave out what was painted before"},
    {OPT_JOBS, 'j', "jobs", "N", PAINT, "Folders", "pictures in work at once, at most"},

    {OPT_LANG, 0, "lang", "CODE", STYLES, "List", "language of the names: en, zh (en)"},
    {OPT_IDS, 0, "ids", NULL, STYLES, "List", "the ids only, one a line"},

    {OPT_NETWORK, 0, "network", "NAME", BENCH, "Measure", "network to run (brush)"},
    {OPT_ROUNDS, 0, "rounds", "N", BENCH, "Measure", "measured runs of each setting (10)"},

    {OPT_ENGINE, 0, "engine", "NAME", ENGINE, "Engine", "auto, native or torch (auto)"},
    {OPT_DEVICE, 0, "device", "NAME", ENGINE, "Engine",
     "auto, cpu, cuda, cuda:N, cuda:N,M or cuda:all (auto)"},
    {OPT_THREADS, 't', "threads", "N", ENGINE, "Engine", "worker threads (one a processor)"},
    {OPT_PRECISION, 0, "precision", "NAME", ENGINE, "Engine", "fp32, fp16, int8 or tf32 (fp32)"},
    {OPT_MEMORY, 0, "memory", "BYTES", ENGINE, "Engine", "for one picture, as 512M; larger ones in tiles"},
    {OPT_MODELS, 0, "models", "DIR", ALL, "Engine", "folder with the models and styles"},

    {OPT_JSON, 0, "json", NULL, ALL, "General", "results as JSON on the standard output"},
    {OPT_QUIET, 'q', "quiet", NULL, ALL, "General", "errors only"},
    {OPT_VERBOSE, 'v', "verbose", NULL, ALL, "General", "the library's log on the standard error"},
    {OPT_HELP, 'h', "help", NULL, ALL, "General", "this text; after a command, its own"},
    {OPT_VERSION, 'V', "version", NULL, ALL, "General", "version of the library"},
};
const size_t option_count = CLI_LEN(options);

static const struct {
    command id;
    const char *name, *usage, *help;
} commands[] = {
    {COMMAND_PAINT, "paint", "PICTURE|FOLDER... --style ID [-o PATH]", "paint pictures"},
    {COMMAND_SHEET, "sheet", "PICTURE [-o sheet.png]", "one picture in all styles, labelled"},
    {COMMAND_STYLES, "styles", "[--lang zh] [--json]", "the styles of the library"},
    {COMMAND_INFO, "info", "[--json]", "version, engines, devices, models"},
    {COMMAND_BENCH, "bench", "[--size 512,1024] [--threads 1,2]", "measure an engine on this machine"},
};

static const struct {
    command id;
    const char *lines;
} examples[] = {
    {COMMAND_PAINT, "  stylize photo.jpg --style starry_night -o out.jpg\n"
                    "  stylize photo.jpg --style starry_night:0.7,great_wave:0.3\n"
                    "  stylize photo.jpg --style-image painting.jpg --strength 0.8\n"
                    "  stylize photo.jpg --style scream --mask sky.png --style-scale 1.5\n"
                    "  stylize photos/ --style scream -o painted/ --recursive --resume\n"
                    "  curl -s URL | stylize - --style udnie > out.jpg\n"},
    {COMMAND_SHEET, "  stylize sheet photo.jpg\n"
                    "  stylize sheet photo.jpg --styles scream,udnie --columns 3 --size 480 -o two.jpg\n"},
    {COMMAND_STYLES, "  stylize styles\n  stylize styles --json\n"},
    {COMMAND_INFO, "  stylize info\n  stylize info --engine torch --json\n"},
    {COMMAND_BENCH, "  stylize bench --size 512,1024 --threads 1,2 --rounds 20\n"},
};

const option *option_by_name(const char *name, size_t length)
{
    for (size_t i = 0; i < option_count; i++)
        if (strlen(options[i].name) == length && memcmp(options[i].name, name, length) == 0)
            return &options[i];
    if (length == 15 && memcmp(name, "preserve-colour", 15) == 0)
        return option_by_name("preserve-color", 14);
    return NULL;
}

const option *option_by_letter(char letter)
{
    for (size_t i = 0; letter && i < option_count; i++)
        if (options[i].letter == letter)
            return &options[i];
    return NULL;
}

const char *command_name(command c)
{
    for (size_t i = 0; i < CLI_LEN(commands); i++)
        if (commands[i].id == c)
            return commands[i].name;
    return "";
}

int command_by_name(const char *name)
{
    for (size_t i = 0; i < CLI_LEN(commands); i++)
        if (strcmp(commands[i].name, name) == 0)
            return (int)commands[i].id;
    return 0;
}

const char *option_nearest(const char *name, size_t length)
{
    const char *names[CLI_LEN(options)];
    for (size_t i = 0; i < option_count; i++)
        names[i] = options[i].name;
    char *word = strndup(name, length);
    const char *nearest = word ? nearest_word(word, names, option_count) : NULL;
    free(word);
    return nearest;
}

static void print_option(FILE *out, const option *o)
{
    char left[64];
    int n = o->letter ? snprintf(left, sizeof left, "  -%c, --%s", o->letter, o->name)
                      : snprintf(left, sizeof left, "      --%s", o->name);
    if (o->value)
        snprintf(left + n, sizeof left - (size_t)n, " %s", o->value);
    fprintf(out, "%-31s %s\n", left, o->help);
}

void options_help(FILE *out, command c)
{
    for (size_t i = 0; i < CLI_LEN(commands); i++) {
        const bool paint = commands[i].id == COMMAND_PAINT;
        if (commands[i].id == c)
            fprintf(out, "stylize%s%s %s\n  %s\n", paint ? "" : " ", paint ? "" : commands[i].name,
                    commands[i].usage, commands[i].help);
    }
    if (c == COMMAND_PAINT) {
        fputs("\nCommands (stylize COMMAND --help says more)\n", out);
        for (size_t i = 1; i < CLI_LEN(commands); i++)
            fprintf(out, "  %-29s %s\n", commands[i].name, commands[i].help);
    }
    const char *group = "";
    for (size_t i = 0; i < option_count; i++) {
        if (!(options[i].commands & c))
            continue;
        if (strcmp(group, options[i].group) != 0)
            fprintf(out, "\n%s\n", options[i].group);
        group = options[i].group;
        print_option(out, &options[i]);
    }
    for (size_t i = 0; i < CLI_LEN(examples); i++)
        if (examples[i].id == c)
            fprintf(out, "\nExamples\n%s", examples[i].lines);
}
