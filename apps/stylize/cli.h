/* What the files of the stylize command share. Each section names the file that holds it. */
#ifndef STYLIZE_CLI_H
#define STYLIZE_CLI_H

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <jansson.h>
#include <stylize/stylize.h>

#define CLI_PRINTF(f, a) __attribute__((format(printf, f, a)))
#define CLI_LEN(a)       (sizeof(a) / sizeof *(a))

/* Exit codes; the manual page explains them. */
enum {
    EXIT_DONE = 0,
    EXIT_SOME_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_INPUT = 3,
    EXIT_OUTPUT = 4,
    EXIT_ENGINE = 5,
    EXIT_SIGNAL = 128 /* plus the signal's number: 130 for Ctrl-C */
};

enum { INPUT_BYTES_MAX = 256 << 20 }; /* of an encoded picture */

/* ------------------------------------------------------------------ args.c, options.c */

typedef enum command {
    COMMAND_PAINT = 1,
    COMMAND_SHEET = 2,
    COMMAND_STYLES = 4,
    COMMAND_INFO = 8,
    COMMAND_BENCH = 16
} command;

typedef struct size_arg {
    uint32_t side; /* longer side; 0 if width and height are set, or nothing */
    uint32_t width, height;
} size_arg;

/* A style as the command line names it. */
typedef struct style_arg {
    char *id;   /* library style, or NULL */
    char *path; /* style picture, or NULL */
    float weight;
    const char *mask; /* file, the process's own string; or NULL */
} style_arg;

#define LIST_MAX 32 /* entries of a comma list: sizes, threads */

typedef struct cli_args {
    command command;
    char **inputs; /* the process's own strings */
    size_t input_count;
    style_arg *styles;
    size_t style_count;
    size_t last_styles; /* where those of the last option begin */
    const char *output; /* NULL: not given */
    size_arg sizes[LIST_MAX];
    size_t size_count;
    uint32_t threads[LIST_MAX];
    size_t thread_count;
    float strength, style_scale;
    bool preserve_color, force, recursive, resume, json, quiet, verbose, ids;
    stylize_method method;
    uint32_t iterations, time_budget_ms, jobs, columns, rounds;
    stylize_optimizer optimizer;
    const char *preview;
    uint64_t seed, memory;
    int quality;
    stylize_format format;
    stylize_precision precision;
    const char *engine, *device, *models, *lang, *network;
} cli_args;

/* One option. The table serves the parser, the help text and the search for the nearest name. */
typedef struct option {
    int id;
    char letter; /* 0: long form only */
    const char *name;
    const char *value; /* what the help text calls the value; NULL: takes none */
    unsigned commands; /* in which commands it means something */
    const char *group;
    const char *help;
} option;

enum option_id {
    OPT_STYLE,
    OPT_STYLE_IMAGE,
    OPT_STYLES,
    OPT_MASK,
    OPT_STRENGTH,
    OPT_STYLE_SCALE,
    OPT_PRESERVE_COLOR,
    OPT_METHOD,
    OPT_ITERATIONS,
    OPT_TIME_BUDGET,
    OPT_OPTIMIZER,
    OPT_PREVIEW,
    OPT_SEED,
    OPT_OUTPUT,
    OPT_SIZE,
    OPT_FORMAT,
    OPT_QUALITY,
    OPT_FORCE,
    OPT_RECURSIVE,
    OPT_RESUME,
    OPT_JOBS,
    OPT_COLUMNS,
    OPT_LANG,
    OPT_IDS,
    OPT_NETWORK,
    OPT_ROUNDS,
    OPT_ENGINE,
    OPT_DEVICE,
    OPT_THREADS,
    OPT_PRECISION,
    OPT_MEMORY,
    OPT_MODELS,
    OPT_JSON,
    OPT_QUIET,
    OPT_VERBOSE,
    OPT_HELP,
    OPT_VERSION
};

extern const option options[];
extern const size_t option_count;
const option *option_by_name(const char *name, size_t length);
const option *option_by_letter(char letter);
const char *command_name(command c);
/* The command of that name, or 0. */
int command_by_name(const char *name);
/* The option or command nearest to a mistyped one, or NULL. */
const char *option_nearest(const char *name, size_t length);
void options_help(FILE *out, command c);

/* Reads the command line. Returns -1 to go on, otherwise the program ends with that exit code:
 * 0 after --help and --version, EXIT_USAGE after a message. args_free is due in any case. */
int args_parse(cli_args *args, int argc, char **argv);
void args_free(cli_args *args);

/* ------------------------------------------------------------------ values.c */

/* Each reads the whole text; false if it is not of that form or out of the range. */
bool value_uint(const char *text, uint64_t min, uint64_t max, uint64_t *out);
bool value_float(const char *text, double min, double max, double *out);
bool value_size(const char *text, size_arg *out);  /* "512" or "640x480" */
bool value_bytes(const char *text, uint64_t *out); /* "512M", "2G", "100000" */
bool value_choice(const char *text, const char *const *names, size_t count, size_t *index);
/* Splits "starry_night:0.7,great_wave" or "painting.jpg:0.3". The caller frees id and path. */
bool value_style(const char *text, size_t length, style_arg *out);
bool value_style_image(const char *text, style_arg *out);
/* Picture format by a file name's ending, or STYLIZE_FORMAT_NONE. */
stylize_format format_by_name(const char *path);
const char *format_ending(stylize_format format); /* "jpg" */
const char *format_name(stylize_format format);   /* "jpeg" */

/* ------------------------------------------------------------------ message.c */

/* "stylize: SUBJECT: TEXT" on the standard error; subject may be NULL. Control characters in both
 * are shown as ?, as file names may hold anything. */
void message_error(const char *subject, const char *format, ...) CLI_PRINTF(2, 3);
/* The library's own text for a file, without naming the file twice. */
void message_failure(const char *subject, const stylize_error *err);
/* Something the user may want to know; not with --quiet. */
void message_note(const char *format, ...) CLI_PRINTF(1, 2);
void message_set_quiet(bool quiet);
/* A log callback of the library. */
void message_log(void *user, stylize_log_level level, const char *text);
/* Exit code for a request that failed. */
int exit_by_status(stylize_status status);
/* The candidate nearest to word, or NULL if none is near. */
const char *nearest_word(const char *word, const char *const *candidates, size_t count);
/* A JSON string; bytes that are no UTF-8 become U+FFFD. */
json_t *json_text(const char *text);
/* Prints one value and a newline on the standard output, releases it; false if that failed. */
bool json_print(json_t *value, size_t flags);

/* ------------------------------------------------------------------ progress.c */

/* A bar on a terminal, a line now and then elsewhere, on the standard error. One at a time.
 * total 0: one picture, shown in percent. */
void progress_begin(const char *label, size_t total);
/* done: pictures finished, with fractions. Main thread only. */
void progress_update(double done);
void progress_end(void);
/* Wipes the bar from the terminal so that a line can be printed; the next update redraws it. */
void progress_clear(void);
double clock_seconds(void);

/* ------------------------------------------------------------------ main.c */

/* The signal that asked the program to end, 0 until then. Atomic, as the library's threads read it
 * too; a lock-free atomic may be written by a signal handler. */
extern atomic_int interrupted;

/* A context as the options want it; threads and queue length given apart. NULL after a message,
 * *exit_code is then set. */
stylize_ctx *context_create(const cli_args *args, uint32_t threads, uint32_t queue_length, int *exit_code);

/* ------------------------------------------------------------------ style.c */

/* The styles of the command line, ready for a request. */
typedef struct style_set {
    stylize_style_ref *refs;
    stylize_image *pictures;     /* as many as refs; those of library styles are empty */
    stylize_image *files;        /* of the masks, at the first style of each */
    const stylize_image **masks; /* one for each style, NULL: none; or NULL as a whole */
    size_t count;
    char label[96]; /* for file names: "starry_night", "a+b" */
} style_set;

/* Checks ids, loads style pictures. EXIT_DONE, or an exit code after a message. */
int style_set_load(style_set *set, stylize_ctx *ctx, const cli_args *args);
void style_set_free(style_set *set);
/* Says that there is no such style and which are near. */
void style_unknown(const char *id, const stylize_style_info *list, size_t count);

/* ------------------------------------------------------------------ file.c */

char *text_format(const char *format, ...) CLI_PRINTF(1, 2); /* malloc; ends the program without memory */
void *memory_get(size_t count, size_t size);                 /* likewise, zeroed */
void *memory_grow(void *p, size_t count, size_t size);
const char *path_base(const char *path);   /* after the last slash */
size_t path_stem_length(const char *path); /* of the last part, up to its ending */
bool path_is_folder(const char *path);
bool path_exists(const char *path);
bool path_same(const char *a, const char *b); /* both exist and are one file */
/* Makes a folder and those above it; false with errno. */
bool folder_make(const char *path);
/* Makes sure that a file can be made there before work is spent; false after a message. */
bool folder_check_writable(const char *file);
/* Reads the standard input to its end; false after a message. The caller frees out->pixels. */
bool stdin_read(stylize_image *out);
bool stdout_write(const stylize_image *image);

/* One picture of a folder run. */
typedef struct file_entry {
    char *input;
    char *output;
    bool named; /* on the command line, not found in a folder */
} file_entry;

typedef struct file_list {
    file_entry *entries;
    size_t count;
    size_t skipped;     /* files that are no pictures */
    size_t done_before; /* left out by --resume */
    size_t failed;      /* could not be read, or would have a name that is taken */
} file_list;

/* ------------------------------------------------------------------ collect.c */

/* Finds the pictures of all inputs and names their outputs. EXIT_DONE or an exit code. */
int file_list_collect(file_list *list, const cli_args *args, const char *label);
void file_list_free(file_list *list);

/* ------------------------------------------------------------------ queue.c */

typedef struct queue queue;

/* One request on its way. */
typedef struct task {
    stylize_request request;
    stylize_image input;  /* encoded file, released by the queue; or nothing */
    stylize_image result; /* released by the queue */
    stylize_status status;
    stylize_error error;
    stylize_report report;
    uint64_t bytes; /* memory that it takes, estimated */
    uint64_t id;
    size_t index; /* the filler's */
    queue *queue;
    struct task *next;
} task;

struct queue {
    stylize_ctx *ctx;
    void *user;
    /* Prepares the next request in t, whose request is initialised; false: there are no more. */
    bool (*fill)(void *user, task *t);
    /* A request has ended; main thread, t->status says how. */
    void (*finish)(void *user, task *t);
    /* Ten times a second, or NULL. */
    void (*tick)(void *user);
    uint32_t tasks_max; /* in flight at most */
    uint64_t bytes_max; /* sum of their bytes; one task may always run */
};

/* Runs until fill has no more and all have ended. After a signal what is in flight is cancelled. */
void queue_run(queue *q);
/* Tasks for a context of so many threads (0: as many as processors). */
uint32_t queue_default_tasks(uint32_t threads);
/* A quarter of the memory that the machine has free, at least 256 MiB. */
uint64_t queue_default_bytes(void);
/* Memory of a request: its encoded file, pixels in and out. 0 if the header cannot be read. */
uint64_t queue_estimate(stylize_ctx *ctx, const stylize_image *encoded, const stylize_request *r);

/* ------------------------------------------------------------------ canvas.c, font.c */

typedef struct canvas {
    uint8_t *pixels; /* RGB8 */
    int width, height;
} canvas;

typedef struct color {
    uint8_t r, g, b;
} color;

bool canvas_create(canvas *c, size_t width, size_t height, color background);
void canvas_free(canvas *c);
void canvas_paste(canvas *c, const stylize_image *image, int x, int y);
void canvas_fill(canvas *c, int x, int y, int width, int height, color fill);
/* Text with its capitals `height` pixels high, baseline at y, cut with ... beyond max_width. */
void canvas_text(canvas *c, const char *text, double x, double y, double height, double weight,
                 double max_width, color ink);
double text_width(const char *text, double height);
bool text_is_drawable(const char *text); /* ASCII and the letters of Latin-1, as UTF-8 */
/* Strokes of a character as font.c describes them, and its width in units. */
const char *font_glyph(char c, int *width);

/* ------------------------------------------------------------------ one file each */

/* The request's settings that are the same for all pictures. */
void request_prepare(stylize_request *r, const cli_args *args, const style_set *styles);
/* What happened to one picture, for --json. */
json_t *report_json(const char *input, const char *output, const task *t);

int command_paint(const cli_args *args);  /* paint.c: one picture */
int paint_folder(const cli_args *args);   /* folder.c: many */
int command_sheet(const cli_args *args);  /* sheet.c */
int command_styles(const cli_args *args); /* styles.c */
int command_info(const cli_args *args);   /* info.c */
int command_bench(const cli_args *args);  /* bench.c */

#endif
