#include "config/config_read.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/url.h"
#include "config/options.h"

#define FILE_MAX (1 << 20) /* bytes of a configuration file */

typedef struct reader {
    config *c;
    int rank;   /* of the source that is read now */
    int *given; /* for each option the rank of where its value is from; 0: none yet */
    char *message;
    size_t size;
} reader;

static const option *find(slice name) { return option_find(config_options, config_option_count, name); }

/* source: what the user wrote, "--listen" or "STYLIZE_LISTEN" or "file:3". */
static bool assign(reader *r, const option *o, slice value, const char *source)
{
    int *given = &r->given[o - config_options];
    if (*given && *given < r->rank) /* from a stronger one; of the same one the last counts */
        return true;
    if (option_set(r->c, o, value)) {
        *given = r->rank;
        return true;
    }
    option_wrong(o, source, value, r->message, r->size);
    return false;
}

static bool fail(reader *r, const char *format, const char *a) APP_PRINTF(2, 0);
static bool fail(reader *r, const char *format, const char *a)
{
    snprintf(r->message, r->size, format, a);
    return false;
}

static const struct {
    const char *name;
    config_command command;
    bool takes_word;
} commands[] = {{"check", CONFIG_CHECK, false}, {"new-key", CONFIG_NEW_KEY, true}};

static bool read_word(reader *r, const char *text, config_command *command, const char **word,
                      bool *wants_word)
{
    if (*wants_word) {
        *word = text;
        *wants_word = false;
        return true;
    }
    for (size_t i = 0; *command == CONFIG_RUN && i < APP_LEN(commands); i++)
        if (!strcmp(text, commands[i].name)) {
            *command = commands[i].command;
            *wants_word = commands[i].takes_word;
            return true;
        }
    return fail(r, "\"%.80s\" is not understood; --help lists what is", text);
}

static bool read_flag(reader *r, int argc, char **argv, int *i)
{
    const char *arg = argv[*i], *equals = strchr(arg, '=');
    const slice name = {arg + 2, equals ? (size_t)(equals - arg - 2) : strlen(arg + 2)};
    const option *o = find(name);
    char source[80];
    snprintf(source, sizeof source, "--%.*s", (int)(name.size < 60 ? name.size : 60), name.data);
    if (!o && name.size > 3 && !strncmp(name.data, "no-", 3)) {
        o = find((slice){name.data + 3, name.size - 3});
        if (o && o->type == OPTION_BOOL && !equals)
            return assign(r, o, (slice){"no", 2}, source);
        o = NULL;
    }
    if (!o)
        return fail(r, "%.80s is not an option; --help lists them", source);
    if (equals)
        return assign(r, o, (slice){equals + 1, strlen(equals + 1)}, source);
    if (o->type == OPTION_BOOL)
        return assign(r, o, (slice){"yes", 3}, source);
    if (*i + 1 >= argc)
        return fail(r, "%.80s needs a value", source);
    const char *value = argv[++*i];
    return assign(r, o, (slice){value, strlen(value)}, source);
}

static bool read_flags(reader *r, int argc, char **argv, config_command *command, const char **word)
{
    bool wants_word = false;
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
            return *command = CONFIG_HELP, true;
        if (!strcmp(argv[i], "--version"))
            return *command = CONFIG_VERSION, true;
        const bool flag = !strncmp(argv[i], "--", 2);
        if (flag ? !read_flag(r, argc, argv, &i) : !read_word(r, argv[i], command, word, &wants_word))
            return false;
    }
    return wants_word ? fail(r, "%s needs a name", "new-key") : true;
}

static void variable_name(const option *o, char *out, size_t size)
{
    snprintf(out, size, "STYLIZE_%s", o->name);
    for (char *p = out; *p; p++)
        *p = *p == '-' ? '_' : *p >= 'a' && *p <= 'z' ? (char)(*p - 32) : *p;
}

static bool read_variables(reader *r, char **environment)
{
    for (size_t k = 0; k < config_option_count; k++) {
        char name[64];
        variable_name(&config_options[k], name, sizeof name);
        const size_t length = strlen(name);
        for (char **e = environment; e && *e; e++)
            if (!strncmp(*e, name, length) && (*e)[length] == '=') {
                const char *value = *e + length + 1;
                if (!assign(r, &config_options[k], (slice){value, strlen(value)}, name))
                    return false;
            }
    }
    return true;
}

static bool read_line(reader *r, slice line, const char *source)
{
    line = slice_trim(line);
    if (!line.size || line.data[0] == '#')
        return true;
    slice name;
    if (!memchr(line.data, '=', line.size) || !slice_next(&line, '=', &name))
        return fail(r, "%s: a line is \"name = value\"", source);
    slice value = slice_trim(line.data ? line : (slice){"", 0});
    if (value.size >= 2 && value.data[0] == '"' && value.data[value.size - 1] == '"')
        value = (slice){value.data + 1, value.size - 2};
    const option *o = find(slice_trim(name));
    if (!o || !strcmp(o->name, "config"))
        return fail(r, "%s: no such option; --help lists them", source);
    return assign(r, o, value, source);
}

static bool read_file(reader *r, const char *path)
{
    FILE *f = fopen(path, "re");
    if (!f)
        return fail(r, "configuration file %.100s cannot be read", path);
    char *text = malloc(FILE_MAX);
    const size_t size = text ? fread(text, 1, FILE_MAX, f) : 0;
    bool ok = text && !ferror(f) && size < FILE_MAX;
    fclose(f);
    if (!ok)
        fail(r, "configuration file %.100s cannot be read, or is too long", path);
    slice rest = {text, size}, line;
    for (int number = 1; ok && slice_next(&rest, '\n', &line); number++) {
        char source[160];
        snprintf(source, sizeof source, "%.120s:%d", path, number);
        ok = read_line(r, line, source);
    }
    free(text);
    return ok;
}

static bool is_name(const char *text)
{
    size_t n = 0;
    while (text && text[n] && (isalnum((unsigned char)text[n]) || strchr("-_.", text[n])))
        n++;
    return n && n <= 40 && !text[n];
}

static bool check_fleet(reader *r)
{
    const config *c = r->c;
    if (!is_name(c->redis_prefix) || !is_name(c->broker_queue) || !is_name(c->consul_service) ||
        (c->storage_region && !is_name(c->storage_region)))
        return fail(r, "%s",
                    "redis-prefix, broker-queue, consul-service and storage-region are 1 to 40 "
                    "letters, digits and -_.");
    if (c->broker && !c->storage)
        return fail(r, "%s", "broker needs storage, where workers find the pictures");
    return true;
}

/* Browsers send "https://a.example" as the origin of a page, or "https://a.example:8443", and nothing else. */
static bool check_origins(reader *r)
{
    const char *list = r->c->cors_origin;
    slice rest = {list, list ? strlen(list) : 0}, one;
    char text[100];
    while (slice_next(&rest, ',', &one)) {
        one = slice_trim(one);
        const size_t scheme = one.size > 8 && !memcmp(one.data, "https://", 8)  ? 8
                              : one.size > 7 && !memcmp(one.data, "http://", 7) ? 7
                                                                                : 0;
        if (scheme && !memchr(one.data + scheme, '/', one.size - scheme))
            continue;
        snprintf(text, sizeof text, "%.*s", (int)(one.size < 80 ? one.size : 80), one.data);
        return fail(r, "cors-origin has \"%s\"; allowed: origins as https://a.example, without a path", text);
    }
    return true;
}

/* What one option alone does not show. */
static bool check_together(reader *r)
{
    const config *c = r->c;
    if (!c->tls_cert != !c->tls_key)
        return fail(r, "%s", "tls-cert and tls-key must be given together");
    if (c->output_size > c->max_output_size)
        return fail(r, "%s", "output-size is above max-output-size");
    return check_origins(r) && check_fleet(r);
}

bool config_read(config *c, int argc, char **argv, char **environment, config_command *command,
                 const char **word, char *message, size_t size)
{
    *command = CONFIG_RUN;
    *word = NULL;
    message[0] = '\0';
    int *given = calloc(config_option_count, sizeof *given);
    reader r = {c, 1, given, message, size};
    bool ok = given && options_preset(c, config_options, config_option_count);
    if (!ok)
        fail(&r, "%s", "out of memory");
    ok = ok && read_flags(&r, argc, argv, command, word);
    if (ok && *command != CONFIG_HELP && *command != CONFIG_VERSION) {
        r.rank = 2;
        ok = read_variables(&r, environment);
        r.rank = 3;
        ok = ok && (!c->file || read_file(&r, c->file)) && check_together(&r);
    }
    free(given);
    return ok;
}

void config_free(config *c)
{
    options_free(c, config_options, config_option_count);
    *c = (config){0};
}

void config_help(FILE *out)
{
    fprintf(out, "stylize-server: repaints photographs in the style of artworks, over HTTP.\n\n"
                 "  stylize-server [OPTION...]        serve; the page is at http://127.0.0.1:8080\n"
                 "  stylize-server check [OPTION...]  say whether it would start, and with what\n"
                 "  stylize-server new-key NAME       print a new API key and its line for --api-keys\n\n"
                 "Each option --queue-length is also the variable STYLIZE_QUEUE_LENGTH and the line\n"
                 "\"queue-length = ...\" of the file of --config. Flags win, then variables.\n");
    options_help(config_options, config_option_count, 0, out);
    fprintf(out, "\n  -h, --help, --version\n");
}

static void print_value(const config *c, const option *o, FILE *out)
{
    const void *p = (const char *)c + o->offset;
    char masked[600];
    switch (o->type) {
    case OPTION_TEXT:
        fprintf(out, "%s", *(char *const *)p);
        break;
    case OPTION_URL:
        url_mask(*(char *const *)p, masked, sizeof masked);
        fprintf(out, "%s", masked);
        break;
    case OPTION_BOOL:
        fprintf(out, "%s", *(const bool *)p ? "yes" : "no");
        break;
    case OPTION_NUMBER:
        fprintf(out, "%g", *(const double *)p);
        break;
    case OPTION_TIME:
        fprintf(out, "%llums", (unsigned long long)*(const uint64_t *)p);
        break;
    case OPTION_CHOICE:
        fprintf(out, "%s", o->choices[*(const int *)p]);
        break;
    default:
        fprintf(out, "%llu", (unsigned long long)*(const uint64_t *)p);
    }
}

void config_print(const config *c, FILE *out)
{
    const char *group = "";
    for (size_t i = 0; i < config_option_count; i++) {
        const option *o = &config_options[i];
        const bool text = o->type == OPTION_TEXT || o->type == OPTION_URL;
        if (!strcmp(o->name, "config") || (text && !*(char *const *)((const char *)c + o->offset)))
            continue;
        if (strcmp(group, o->group))
            fprintf(out, "# %s\n", group = o->group);
        fprintf(out, "%s = ", o->name);
        print_value(c, o, out);
        fputc('\n', out);
    }
}
