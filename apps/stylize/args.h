/* What the command line asks for. */
#ifndef CLI_ARGS_H
#define CLI_ARGS_H

#include <stdbool.h>

#include <stylize/stylize.h>

#include "common/values.h"

typedef enum command {
    COMMAND_PAINT = 1,
    COMMAND_SHEET = 2,
    COMMAND_STYLES = 4,
    COMMAND_INFO = 8,
    COMMAND_BENCH = 16,
    COMMAND_STYLE = 32,
    COMMAND_VIDEO = 64
} command;

/* A style as the command line names it. */
typedef struct style_arg {
    char *id;   /* library style, or NULL */
    char *path; /* style picture, or NULL */
    float weight;
    const char *mask; /* file, the process's own string; or NULL */
    const char *part; /* likewise, the mask on the style picture */
    double at;        /* of a film: seconds from which on it is this style; below 0: none given */
} style_arg;

#define LIST_MAX 32 /* entries of a comma list: sizes, threads */

/* Texts are NULL and numbers 0 where nothing was given and the library has its own default. */
typedef struct cli_args {
    command command;
    char **argv; /* of main */
    char **inputs; /* the process's own strings */
    size_t input_count;
    style_arg *styles;
    size_t style_count;
    size_t last_styles; /* where those of the last option begin */
    size_t last_parts;  /* the same, as far as --style-mask goes */
    char *output;
    picture_size sizes[LIST_MAX];
    size_t size_count;
    uint32_t threads[LIST_MAX];
    size_t thread_count;
    float strength;
    double style_scale, time_budget; /* seconds */
    uint64_t look;                   /* 0: by style_scale */
    bool preserve_color, force, recursive, resume, tolerant, json, quiet, verbose, ids, help, version;
    stylize_method method;
    stylize_optimizer optimizer;
    stylize_format format;
    stylize_precision precision;
    stylize_effort effort;
    const char **photos; /* files and folders to practise on, the process's own strings */
    size_t photo_count;
    int engine; /* in engine_names of options.h */
    uint32_t keep_metadata; /* bits of stylize_metadata */
    uint64_t iterations, jobs, columns, rounds, seed, memory, quality, depth;
    double stability, from, to; /* of a film; seconds */
    uint64_t crf;               /* plus 1; 0: not given */
    double rate;                /* frames a second of what has none; 0: not given */
    char *codec, *container, *input_format;
    char *preview, *device, *models, *style_dir, *lang, *network, *title, *artist, *licence;
} cli_args;

#endif
