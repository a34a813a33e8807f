#include "options.h"

#include <stdlib.h>
#include <string.h>

#include "common/language.h"
#include "common/names.h"
#include "option_values.h"
#include "words.h"

#define PAINT   COMMAND_PAINT
#define SHEET   COMMAND_SHEET
#define STYLES  COMMAND_STYLES
#define INFO    COMMAND_INFO
#define BENCH   COMMAND_BENCH
#define STYLE   COMMAND_STYLE
#define VIDEO   COMMAND_VIDEO
#define PICTURE (PAINT | SHEET)
#define ENGINE  (PAINT | SHEET | INFO | BENCH | STYLE | VIDEO)
#define ALL     (PAINT | SHEET | STYLES | INFO | BENCH | STYLE | VIDEO)

#define AT(m) .offset = offsetof(cli_args, m)
#define OPTION(c, l, g, n, t, ...)                                                                           \
    {                                                                                                        \
        .commands = c, .letter = l, .group = g, .name = n, .type = t, __VA_ARGS__                            \
    }

const char *const engine_names[] = {"auto", "native", "torch", NULL};

const option cli_options[] = {
    OPTION(PAINT | VIDEO, 's', "Style", "style", OPTION_OWN, .read = read_styles, .value = "ID[:W],...",
           .help = "library style, or a blend with weights",
           .allowed = "ID or ID:WEIGHT, several with commas, weights of 0 or above; for a film ID@TIME"),
    OPTION(PICTURE | VIDEO, 'i', "Style", "style-image", OPTION_OWN, .read = read_style_image, .value = "FILE[:W]",
           .help = "any picture as style; may be repeated", .allowed = "FILE or FILE:WEIGHT"),
    OPTION(SHEET, 0, "Style", "styles", OPTION_OWN, .read = read_styles, .value = "ID,...",
           .help = "styles of the sheet; all without it",
           .allowed = "ID or ID:WEIGHT, several with commas, weights of 0 or above"),
    OPTION(PAINT | VIDEO, 0, "Style", "mask", OPTION_OWN, .read = read_mask, .value = "FILE",
           .help = "where the style before it is painted: white, grey, black",
           .allowed = "a file name; the style that it is for comes before it"),
    OPTION(PAINT | VIDEO, 0, "Style", "style-mask", OPTION_OWN, .read = read_style_mask, .value = "FILE",
           .help = "which part of the style picture before it is read",
           .allowed = "a file name; the style that it is for comes before it"),
    OPTION(PICTURE | VIDEO, 0, "Style", "strength", OPTION_OWN, .read = read_strength, .value = "0..1|auto",
           .preset = "1", .help = "0: the photograph, 1: the full style", .allowed = "0 to 1, auto"),
    OPTION(PICTURE | STYLE | VIDEO, 0, "Style", "style-scale", OPTION_NUMBER, AT(style_scale), .value = "0.5..8",
           .preset = "1", .min = 0.5, .max = 8, .help = "size of the strokes: 2 twice as large"),
    OPTION(PICTURE | VIDEO, 0, "Style", "look", OPTION_UINT, AT(look), .min = 64, .max = 65535, .value = "PIXELS",
           .help = "strokes as in a painting of this size"),
    OPTION(PICTURE | VIDEO, 0, "Style", "preserve-color", OPTION_BOOL, AT(preserve_color),
           .help = "keep the photograph's colours"),
    OPTION(PICTURE | VIDEO, 0, "Style", "method", OPTION_CHOICE, AT(method), .choices = method_names,
           .value = "NAME", .preset = "auto", .help = "auto, fast, any or optimize"),
    OPTION(PICTURE | VIDEO, 0, "Style", "iterations", OPTION_UINT, AT(iterations), .min = 1, .max = 100000,
           .value = "N", .help = "steps of the method optimize [300]"),
    OPTION(PICTURE | STYLE | VIDEO, 0, "Style", "time-budget", OPTION_NUMBER, AT(time_budget), .min = 0.001,
           .max = 1000000, .value = "SECONDS", .help = "optimize, and learning, end then with what they have"),
    OPTION(PICTURE | VIDEO, 0, "Style", "optimizer", OPTION_CHOICE, AT(optimizer), .choices = optimizer_names,
           .value = "NAME", .preset = "lbfgs", .help = "of optimize: lbfgs or adam"),
    OPTION(PAINT | STYLE, 0, "Style", "preview", OPTION_TEXT, AT(preview), .min = 1, .value = "FILE",
           .help = "a picture as optimize, or learning, goes on", .allowed = "a file name"),
    OPTION(STYLE, 0, "Style", "effort", OPTION_CHOICE, AT(effort), .choices = effort_names, .preset = "fast",
           .value = "NAME", .help = "fast (seconds), good (minutes) or best"),
    OPTION(STYLE, 0, "Style", "photos", OPTION_OWN, .read = read_photos, .value = "PATH",
           .help = "pictures to practise on, file or folder; may be repeated", .allowed = "a file or folder"),
    OPTION(STYLE, 0, "Style", "name", OPTION_TEXT, AT(title), .min = 1, .value = "TEXT",
           .help = "the style's name for people [its id]", .allowed = "a text"),
    OPTION(STYLE, 0, "Style", "artist", OPTION_TEXT, AT(artist), .min = 1, .value = "TEXT",
           .help = "who painted it", .allowed = "a text"),
    OPTION(STYLE, 0, "Style", "licence", OPTION_TEXT, AT(licence), .min = 1, .value = "TEXT",
           .help = "terms of the artwork", .allowed = "a text"),
    OPTION(PICTURE | STYLE | VIDEO, 0, "Style", "seed", OPTION_UINT, AT(seed), .preset = "0", .value = "N",
           .help = "for methods that use random numbers"),

    OPTION(PICTURE | VIDEO, 'o', "Output", "output", OPTION_TEXT, AT(output), .min = 1, .value = "PATH",
           .help = "file, folder for many, - for standard output", .allowed = "a file name"),
    OPTION(PICTURE | BENCH | VIDEO, 0, "Output", "size", OPTION_OWN, .read = read_sizes, .value = "N|WxH",
           .help = "longer side, or exact size cut at the centre",
           .allowed = "N or WxH with numbers from 16 to 16384"),
    OPTION(PICTURE | VIDEO, 0, "Output", "format", OPTION_OWN, .read = read_format, .value = "NAME",
           .help = "jpeg, png, webp, tiff or avif", .allowed = "jpeg, png, webp, tiff, avif"),
    OPTION(PAINT, 0, "Output", "depth", OPTION_OWN, .read = read_depth, .value = "8|16", .preset = "8",
           .help = "bits a channel; 16 of PNG and TIFF", .allowed = "8, 16"),
    OPTION(PICTURE | VIDEO, 0, "Output", "quality", OPTION_UINT, AT(quality), .min = 1, .max = 100, .value = "1..100",
           .help = "of JPEG and WebP [92], AVIF [80]"),
    OPTION(PAINT, 0, "Output", "keep-metadata", OPTION_OWN, .read = read_metadata, .value = "NAME,...",
           .help = "of the photograph: copyright, exif, icc or all",
           .allowed = "copyright, exif, icc, all, several with commas"),
    OPTION(PICTURE | VIDEO, 'f', "Output", "force", OPTION_BOOL, AT(force), .help = "overwrite outputs that exist"),
    OPTION(SHEET, 0, "Output", "columns", OPTION_UINT, AT(columns), .min = 1, .max = 64, .value = "N",
           .help = "pictures in a row of the sheet"),

    OPTION(PICTURE | VIDEO, 0, "Input", "tolerant", OPTION_BOOL, AT(tolerant),
           .help = "paint damaged pictures as far as they go"),

    OPTION(VIDEO, 0, "Film", "stability", OPTION_NUMBER, AT(stability), .value = "0..1", .preset = "0.7", .min = 0,
           .max = 1, .help = "0: each frame for itself, 1: as still as can be"),
    OPTION(VIDEO, 0, "Film", "from", OPTION_OWN, .read = read_from, .value = "TIME",
           .help = "where it begins: 90, 1:30 or 0:01:30.5", .allowed = "seconds, M:SS or H:MM:SS"),
    OPTION(VIDEO, 0, "Film", "to", OPTION_OWN, .read = read_to, .value = "TIME", .help = "where it ends",
           .allowed = "seconds, M:SS or H:MM:SS, above 0"),
    OPTION(VIDEO, 0, "Film", "codec", OPTION_TEXT, AT(codec), .min = 1, .value = "NAME",
           .help = "encoder of FFmpeg [H.264, or what the file's kind is usual with]", .allowed = "a name"),
    OPTION(VIDEO, 0, "Film", "crf", OPTION_OWN, .read = read_crf, .value = "0..63",
           .help = "of the encoder: less is better and larger [20 of H.264]", .allowed = "a whole number from 0 to 63"),
    OPTION(VIDEO, 0, "Film", "container", OPTION_TEXT, AT(container), .min = 1, .value = "NAME",
           .help = "matroska, mp4, webm, y4m, ... [by the name; - is matroska]", .allowed = "a name"),
    OPTION(VIDEO, 0, "Film", "rate", OPTION_NUMBER, AT(rate), .value = "N", .min = 0.001, .max = 1000,
           .help = "frames a second of a folder [25], or a camera"),
    OPTION(VIDEO, 0, "Film", "input-format", OPTION_TEXT, AT(input_format), .min = 1, .value = "NAME",
           .help = "what the input is, by FFmpeg's name, where that is not seen", .allowed = "a name"),

    OPTION(PAINT, 'r', "Folders", "recursive", OPTION_BOOL, AT(recursive), .help = "with the folders inside"),
    OPTION(PAINT, 0, "Folders", "resume", OPTION_BOOL, AT(resume),
           .help = "leave out what was painted before"),
    OPTION(PAINT, 'j', "Folders", "jobs", OPTION_UINT, AT(jobs), .min = 1, .max = 1024, .value = "N",
           .help = "pictures in work at once, at most"),

    OPTION(STYLES | SHEET, 0, "List", "lang", OPTION_TEXT, AT(lang), .value = "CODE",
           .help = "language of the names: en, zh [en]"),
    OPTION(STYLES, 0, "List", "ids", OPTION_BOOL, AT(ids), .help = "the ids only, one a line"),

    OPTION(BENCH, 0, "Measure", "network", OPTION_TEXT, AT(network), .preset = "brush", .value = "NAME",
           .help = "network to run"),
    OPTION(BENCH, 0, "Measure", "rounds", OPTION_UINT, AT(rounds), .preset = "10", .min = 1, .max = 10000,
           .value = "N", .help = "measured runs of each setting"),

    OPTION(ENGINE, 0, "Engine", "engine", OPTION_CHOICE, AT(engine), .choices = engine_names,
           .preset = "auto", .value = "NAME", .help = "auto, native or torch"),
    OPTION(ENGINE, 0, "Engine", "device", OPTION_OWN, .read = read_device, .value = "NAME",
           .help = "auto, cpu, cuda, cuda:N, cuda:N,M or cuda:all [auto]",
           .allowed = "auto, cpu, cuda, cuda:N, cuda:N,M, cuda:all"),
    OPTION(ENGINE, 't', "Engine", "threads", OPTION_OWN, .read = read_threads, .value = "N",
           .help = "worker threads [one a processor]", .allowed = "a whole number from 1 to 256"),
    OPTION(ENGINE, 0, "Engine", "precision", OPTION_CHOICE, AT(precision), .choices = precision_names,
           .preset = "fp32", .value = "NAME", .help = "fp32, fp16, int8 or tf32"),
    OPTION(ENGINE, 0, "Engine", "memory", OPTION_BYTES, AT(memory), .min = 32 << 20, .value = "BYTES",
           .help = "for one picture, as 512M; larger ones in tiles"),
    OPTION(ALL, 0, "Engine", "models", OPTION_TEXT, AT(models), .value = "DIR",
           .help = "folder with the models and styles"),
    OPTION(ALL, 0, "Engine", "style-dir", OPTION_TEXT, AT(style_dir), .min = 1, .value = "DIR",
           .help = "folder with styles of your own", .allowed = "a folder"),

    OPTION(ALL, 0, "General", "json", OPTION_BOOL, AT(json),
           .help = "results as JSON on the standard output"),
    OPTION(ALL, 'q', "General", "quiet", OPTION_BOOL, AT(quiet), .help = "errors only"),
    OPTION(ALL, 'v', "General", "verbose", OPTION_BOOL, AT(verbose),
           .help = "the library's log on the standard error"),
    OPTION(ALL, 'h', "General", "help", OPTION_BOOL, AT(help), .help = "this text; after a command, its own"),
    OPTION(ALL, 'V', "General", "version", OPTION_BOOL, AT(version), .help = "version of the library"),
};
const size_t cli_option_count = APP_LEN(cli_options);

static const struct {
    command id;
    const char *name, *usage, *help;
} commands[] = {
    {COMMAND_PAINT, "paint", "PICTURE|FOLDER... --style ID [-o PATH]", "paint pictures"},
    {COMMAND_SHEET, "sheet", "PICTURE [-o sheet.png]", "one picture in all styles, labelled"},
    {COMMAND_VIDEO, "video", "FILM|FOLDER|CAMERA --style ID [-o FILM]", "paint a film, steadily"},
    {COMMAND_STYLES, "styles", "[--lang zh] [--json]", "the styles of the library"},
    {COMMAND_STYLE, "style", "add ID ARTWORK | list | show ID | remove ID", "styles of your own"},
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
    {COMMAND_VIDEO, "  stylize video in.mp4 --style starry_night -o out.mp4\n"
                    "  stylize video in.mkv --style scream --stability 1 --from 1:30 --to 1:45\n"
                    "  stylize video in.mp4 --style starry_night@0,great_wave@10 -o out.mp4\n"
                    "  stylize video in.gif --style udnie -o out.webp\n"
                    "  stylize video frames/ --style udnie --rate 30 -o out.mp4\n"
                    "  stylize video /dev/video0 --style scream --container nut -o - | mpv -\n"},
    {COMMAND_STYLES, "  stylize styles\n  stylize styles --json\n"},
    {COMMAND_STYLE, "  stylize style add sunflowers painting.jpg\n"
                    "  stylize style add sunflowers painting.jpg --effort good --photos ~/Pictures\n"
                    "  stylize photo.jpg --style sunflowers\n"
                    "  stylize style list\n  stylize style remove sunflowers\n"},
    {COMMAND_INFO, "  stylize info\n  stylize info --engine torch --json\n"},
    {COMMAND_BENCH, "  stylize bench --size 512,1024 --threads 1,2 --rounds 20\n"},
};

const option *option_by_name(slice name)
{
    if (slice_is(name, "preserve-colour"))
        name = slice_of("preserve-color");
    return option_find(cli_options, cli_option_count, name);
}

const option *option_by_letter(char letter)
{
    for (size_t i = 0; letter && i < cli_option_count; i++)
        if (cli_options[i].letter == letter)
            return &cli_options[i];
    return NULL;
}

const char *command_name(command c)
{
    for (size_t i = 0; i < APP_LEN(commands); i++)
        if (commands[i].id == c)
            return commands[i].name;
    return "";
}

int command_by_name(const char *name)
{
    for (size_t i = 0; i < APP_LEN(commands); i++)
        if (strcmp(commands[i].name, name) == 0)
            return (int)commands[i].id;
    return 0;
}

const char *option_nearest(slice name)
{
    const char *candidates[APP_LEN(cli_options)];
    for (size_t i = 0; i < cli_option_count; i++)
        candidates[i] = cli_options[i].name;
    char *word = slice_text(name);
    const char *nearest = word ? nearest_word(word, candidates, cli_option_count) : NULL;
    free(word);
    return nearest;
}

void command_help(FILE *out, command c)
{
    for (size_t i = 0; i < APP_LEN(commands); i++) {
        const bool paint = commands[i].id == COMMAND_PAINT;
        if (commands[i].id == c)
            fprintf(out, "stylize%s%s %s\n  %s\n", paint ? "" : " ", paint ? "" : commands[i].name,
                    commands[i].usage, commands[i].help);
    }
    if (c == COMMAND_PAINT) {
        fputs("\nCommands (stylize COMMAND --help says more)\n", out);
        for (size_t i = 1; i < APP_LEN(commands); i++)
            fprintf(out, "  %-29s %s\n", commands[i].name, commands[i].help);
    }
    options_help(cli_options, cli_option_count, c, out);
    for (size_t i = 0; i < APP_LEN(examples); i++)
        if (examples[i].id == c)
            fprintf(out, "\nExamples\n%s", examples[i].lines);
}
