/* Finding and refusing plugins. Needs no libtorch: the plugins and libtorches here are empty. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/engine.h"
#include "engine/torch/torch_plugin.h"

static void open_fails(const char *plugins, stylize_status status, const char *part)
{
    void *engine = NULL;
    stylize_error err = {0};
    const stz_engine_config config = {.device = "cpu", .threads = 1};
    setenv("STYLIZE_PLUGINS", plugins, 1);
    const stylize_status got = stz_engine_torch.open(&engine, &config, &err);
    if (got != status || engine || !strstr(err.message, part) || err.status != status)
        fail_msg("status %d instead of %d, text \"%s\" without \"%s\"", (int)got, (int)status, err.message,
                 part);
}

static void no_plugin(void **state)
{
    stylize_error err = {0};
    open_fails("/no/such/folder", STYLIZE_ERR_NOT_FOUND,
               "libstylize_torch.so in the folder of STYLIZE_PLUGINS: /no");
    assert_int_equal(stz_engine_torch.probe(&err), STYLIZE_ERR_NOT_FOUND);
    open_fails("", STYLIZE_ERR_NOT_FOUND, "install libtorch-dev and build again"); /* as if not set */
    assert_int_equal(stz_engine_torch.probe(NULL), STYLIZE_ERR_NOT_FOUND);
}

static void no_libtorch(void **state)
{
    open_fails(FAKES "/lost", STYLIZE_ERR_NOT_FOUND, "libtorch_cpu.so.99");
    open_fails(FAKES "/lost", STYLIZE_ERR_NOT_FOUND, "install the libtorch");
}

static void other_version(void **state)
{
    open_fails(FAKES "/old", STYLIZE_ERR_UNSUPPORTED, "another version of this library");
}

/* A text file in its place. */
static void not_a_plugin(void **state) { open_fails(FAKES "/text", STYLIZE_ERR_NOT_FOUND, "torch engine: "); }

static void two_libtorches(void **state)
{
    stylize_error err = {0};
    char path[1024];
    assert_false(stz_torch_loaded(path, sizeof path));
    void *other = dlopen(FAKES "/other/libtorch_cpu.so", RTLD_NOW | RTLD_LOCAL);
    assert_non_null(other);
    assert_true(stz_torch_loaded(path, sizeof path));
    assert_string_equal(path, FAKES "/other/libtorch_cpu.so");
    /* by name, where the plugin has no search path; by file, where it has one */
    open_fails(FAKES "/lost", STYLIZE_ERR_UNSUPPORTED, FAKES "/other/libtorch_cpu.so");
    assert_int_equal(stz_engine_torch.probe(&err), STYLIZE_ERR_UNSUPPORTED);
    assert_non_null(strstr(err.message, "another libtorch is in the process already"));
    open_fails(FAKES "/bound", STYLIZE_ERR_UNSUPPORTED, "another libtorch");
    dlclose(other);
}

/* The libtorch that the plugin wants may be there before it. */
static void same_libtorch(void **state)
{
    void *same = dlopen(FAKES "/own/libtorch_cpu.so.99", RTLD_NOW | RTLD_LOCAL);
    assert_non_null(same);
    open_fails(FAKES "/bound", STYLIZE_ERR_UNSUPPORTED,
               "another version of this library"); /* so it was opened */
    dlclose(same);
}

/* Every cut and every changed byte of a plugin is read without leaving the file. */
static void elf_reader(void **state)
{
    static char data[1 << 16];
    char needed[64], runpath[4096];
    FILE *f = fopen(FAKES "/bound/libstylize_torch.so", "rb");
    assert_non_null(f);
    const size_t size = fread(data, 1, sizeof data, f);
    fclose(f);
    assert_true(size > 0 && size < sizeof data);
    assert_true(stz_elf_needs(data, size, "libtorch_cpu.so", needed, sizeof needed, runpath, sizeof runpath));
    assert_string_equal(needed, "libtorch_cpu.so.99");
    assert_non_null(strstr(runpath, FAKES "/own"));
    assert_false(stz_elf_needs(data, size, "libnothing.so", needed, sizeof needed, runpath, sizeof runpath));
    assert_false(stz_elf_needs(data, size, "libtorch_cpu.so", needed, 4, runpath, sizeof runpath));
    assert_false(stz_elf_needs("text", 4, "libtorch_cpu.so", needed, sizeof needed, runpath, sizeof runpath));
    for (size_t cut = 0; cut < size; cut += 61) {
        char *copy = malloc(cut ? cut : 1); /* exact, for the address sanitizer */
        assert_non_null(copy);
        memcpy(copy, data, cut);
        stz_elf_needs(copy, cut, "libtorch_cpu.so", needed, sizeof needed, runpath, sizeof runpath);
        free(copy);
    }
    char *copy = malloc(size);
    assert_non_null(copy);
    for (size_t at = 0; at < size; at++) {
        memcpy(copy, data, size);
        copy[at] = (char)~copy[at];
        stz_elf_needs(copy, size, "libtorch_cpu.so", needed, sizeof needed, runpath, sizeof runpath);
    }
    free(copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_plugin),      cmocka_unit_test(no_libtorch),   cmocka_unit_test(not_a_plugin),
        cmocka_unit_test(two_libtorches), cmocka_unit_test(same_libtorch), cmocka_unit_test(other_version),
        cmocka_unit_test(elf_reader),
    };
    return cmocka_run_group_tests_name("torch plugin", tests, NULL, NULL);
}
