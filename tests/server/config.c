#include "config/config_read.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "check.h"

typedef struct outcome {
    config c;
    config_command command;
    const char *word;
    char message[256];
    bool ok;
} outcome;

/* Arguments and variables end with NULL. */
static void read_config(outcome *o, char **arguments, char **variables)
{
    int n = 0;
    memset(o, 0, sizeof *o);
    while (arguments[n])
        n++;
    o->ok = config_read(&o->c, n, arguments, variables, &o->command, &o->word, o->message, sizeof o->message);
}

static char *write_file(const char *text)
{
    static char path[] = "/tmp/stylize-config-XXXXXX";
    strcpy(path + strlen(path) - 6, "XXXXXX");
    const int file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(write(file, text, strlen(text)), strlen(text));
    close(file);
    return path;
}

static void nothing_given_is_a_configuration(void **state)
{
    outcome o;
    read_config(&o, (char *[]){"x", NULL}, NULL);
    assert_true(o.ok);
    assert_string_equal(o.c.listen, "127.0.0.1:8080");
    assert_int_equal(o.c.max_request_bytes, 32u << 20);
    assert_int_equal(o.c.request_timeout, 120000);
    assert_true(o.c.warm_up && !o.c.insecure && o.c.rate_limit == 100);
    assert_null(o.c.api_keys);
    config_free(&o.c);
}

static void flags_win_over_variables_over_the_file(void **state)
{
    outcome o;
    char *path =
        write_file("# a comment\nqueue-length = 1\nthreads = 2 \n jobs-max=3\nlisten = \"[::1]:80\"\n\n");
    char file[64];
    snprintf(file, sizeof file, "STYLIZE_CONFIG=%s", path);
    read_config(&o, (char *[]){"x", "--queue-length=10", "--queue-length=11", "--no-warm-up", NULL},
                (char *[]){file, "STYLIZE_QUEUE_LENGTH=12", "STYLIZE_THREADS=13", "HOME=/", NULL});
    unlink(path);
    assert_true(o.ok);
    assert_int_equal(o.c.queue_length, 11);
    assert_int_equal(o.c.threads, 13);
    assert_int_equal(o.c.jobs_max, 3);
    assert_string_equal(o.c.listen, "[::1]:80");
    assert_false(o.c.warm_up);
    config_free(&o.c);
}

static void mistakes_are_told(void **state)
{
    static const struct {
        char *arguments[4];
        const char *part;
    } cases[] = {
        {{"x", "--nothing", "1"}, "--nothing"},
        {{"x", "--threads", "257"}, "0 to 256"},
        {{"x", "--threads"}, "needs a value"},
        {{"x", "--cache-memory", "1Q"}, "64M"},
        {{"x", "--request-timeout=5"}, NULL},
        {{"x", "--request-timeout=5ms"}, "1000"},
        {{"x", "--no-threads"}, "--no-threads"},
        {{"x", "serve"}, "serve"},
        {{"x", "new-key"}, "needs a name"},
        {{"x", "--tls-cert", "a"}, "together"},
        {{"x", "--log-level", "loud"}, "warning"},
        {{"x", "--config", "/nonexistent/file"}, "cannot be read"},
        {{"x", "--output-size", "8000"}, "max-output-size"},
        {{"x", "--listen="}, "empty"},
        {{"x", "--precision", "fp64"}, "fp32, fp16, int8, tf32"},
        {{"x", "--precision="}, "empty"},
        {{"x", "--precision", "tf32"}, NULL},
    };
    for (size_t i = 0; i < APP_LEN(cases); i++) {
        outcome o;
        read_config(&o, (char **)(uintptr_t)cases[i].arguments, NULL);
        assert_int_equal(o.ok, cases[i].part == NULL);
        if (cases[i].part)
            assert_non_null(strstr(o.message, cases[i].part));
        config_free(&o.c);
    }
}

static void mistakes_in_the_file_have_their_line(void **state)
{
    outcome o;
    char *path = write_file("threads = 1\nthreds = 2\n");
    read_config(&o, (char *[]){"x", "--config", path, NULL}, NULL);
    unlink(path);
    assert_false(o.ok);
    assert_non_null(strstr(o.message, ":2:"));
    config_free(&o.c);
}

static void commands_are_understood(void **state)
{
    outcome o;
    read_config(&o, (char *[]){"x", "new-key", "anna", NULL}, NULL);
    assert_true(o.ok && o.command == CONFIG_NEW_KEY);
    assert_string_equal(o.word, "anna");
    config_free(&o.c);
    read_config(&o, (char *[]){"x", "check", "--threads", "1", NULL}, NULL);
    assert_true(o.ok && o.command == CONFIG_CHECK && o.c.threads == 1);
    config_free(&o.c);
    read_config(&o, (char *[]){"x", "--help", NULL}, (char *[]){"STYLIZE_THREADS=x", NULL});
    assert_true(o.ok && o.command == CONFIG_HELP);
    config_free(&o.c);
}

/* What is printed is a file that means the same. */
static void a_configuration_can_be_printed_and_read(void **state)
{
    outcome o, again;
    char *text = NULL;
    size_t size = 0;
    read_config(&o,
                (char *[]){"x", "--threads=3", "--rate-limit=2.5", "--cache-memory=1M", "--insecure", NULL},
                NULL);
    FILE *f = open_memstream(&text, &size);
    config_print(&o.c, f);
    fclose(f);
    char *path = write_file(text);
    read_config(&again, (char *[]){"x", "--config", path, NULL}, NULL);
    unlink(path);
    assert_true(again.ok);
    assert_int_equal(again.c.threads, 3);
    assert_true(again.c.rate_limit == 2.5 && again.c.insecure);
    assert_int_equal(again.c.cache_memory, 1 << 20);
    assert_int_equal(again.c.keep_alive, o.c.keep_alive);
    free(text);
    config_free(&o.c);
    config_free(&again.c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_given_is_a_configuration),
        cmocka_unit_test(flags_win_over_variables_over_the_file),
        cmocka_unit_test(mistakes_are_told),
        cmocka_unit_test(mistakes_in_the_file_have_their_line),
        cmocka_unit_test(commands_are_understood),
        cmocka_unit_test(a_configuration_can_be_printed_and_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
