/* The torch engine with files and calls that are wrong: a clear line, nothing printed, nothing leaked. */
#include <malloc.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util.h"

static int open_cpu(void **state)
{
    *state = engine_open("cpu");
    return 0;
}

static int close_engine(void **state)
{
    stz_engine_torch.close(*state);
    return 0;
}

/* ------------------------------------------------------------------ files */

static char folder[] = "/tmp/stylize-torch-XXXXXX";

static void write_file(const char *name, const void *data, size_t size)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, size, f), size);
    fclose(f);
}

static void remove_file(const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    remove(path);
}

static void missing_files(void **state)
{
    stz_model m = user_model(DATA, "absent.pt");
    load_fails(*state, &m, STYLIZE_ERR_MODEL, "/absent.pt");
    m = user_model(DATA, "echo.pt");
    m.torch_file = NULL;
    load_fails(*state, &m, STYLIZE_ERR_UNSUPPORTED, "names no TorchScript file");
    m = user_model(DATA, "echo.pt");
    m.torch_encoder_file = "absent.pt";
    load_fails(*state, &m, STYLIZE_ERR_MODEL, "/absent.pt");
    m = user_model(STYLIZE_SOURCE_DIR, "tests"); /* a folder */
    load_fails(*state, &m, STYLIZE_ERR_MODEL, "\"tests\"");
}

static void not_a_pt(void **state)
{
    const char text[] = "{\"this\": \"is not a TorchScript file\"}";
    write_file("text.pt", text, sizeof text);
    write_file("empty.pt", text, 0);
    stz_model m = user_model(folder, "text.pt");
    load_fails(*state, &m, STYLIZE_ERR_MODEL, "\"text.pt\"");
    m = user_model(folder, "empty.pt");
    load_fails(*state, &m, STYLIZE_ERR_MODEL, "\"empty.pt\"");
    m = user_model(MODELS "/brush", "brush.safetensors");
    load_fails(*state, &m, STYLIZE_ERR_MODEL, "\"brush.safetensors\"");
    remove_file("text.pt");
    remove_file("empty.pt");
}

static void truncated(void **state)
{
    FILE *f = fopen(DATA "/transformer.pt", "rb");
    assert_non_null(f);
    char *data = malloc(1 << 20);
    assert_non_null(data);
    const size_t size = fread(data, 1, 1 << 20, f);
    fclose(f);
    assert_true(size > 1000 && size < 1 << 20);
    for (int i = 1; i < 12; i++) {
        write_file("cut.pt", data, size * (size_t)i / 12);
        const stz_model m = user_model(folder, "cut.pt");
        load_fails(*state, &m, STYLIZE_ERR_MODEL, "\"cut.pt\"");
    }
    memset(data + size / 3, 0x55, size / 3); /* whole in length, wrong inside */
    write_file("cut.pt", data, size);
    const stz_model m = user_model(folder, "cut.pt");
    load_fails(*state, &m, STYLIZE_ERR_MODEL, "\"cut.pt\"");
    free(data);
    remove_file("cut.pt");
}

/* ------------------------------------------------------------------ networks that do not fit */

static void wrong_networks(void **state)
{
    stz_model m = user_model(DATA, "half_size.pt");
    load_fails(*state, &m, STYLIZE_ERR_MODEL, "forward gave [1 x 3 x 64 x 128], not [1 x 3 x 128 x 128]");
    m = user_model(DATA, "pair.pt");
    load_fails(*state, &m, STYLIZE_ERR_MODEL, "forward gave a Tuple, not a tensor");
    m = user_model(DATA, "throws.pt");
    load_fails(*state, &m, STYLIZE_ERR_MODEL, "shape '[7, 7, 7, 7]' is invalid");
}

static void wrong_promises(void **state)
{
    stz_model m = user_model(DATA, "echo.pt");
    m.code_length = 3;
    load_fails(*state, &m, STYLIZE_ERR_MODEL, "forward takes 1 inputs, model.json says 2");
    m = user_model(DATA, "echo.pt");
    m.stats_length = 10;
    load_fails(*state, &m, STYLIZE_ERR_MODEL, "no methods stats and frozen");
    m = user_model(DATA, "echo.pt");
    m.encodes = true;
    m.code_length = 0;
    load_fails(*state, &m, STYLIZE_ERR_MODEL, "forward gave [1 x 3 x 64 x 64], not [1 x 0]");
    m = shipped_model("brush");
    m.code_length = 0;
    load_fails(*state, &m, STYLIZE_ERR_MODEL, "forward takes 2 inputs, model.json says 1");
    m = shipped_model("brush");
    m.stats_length = 1000;
    load_fails(*state, &m, STYLIZE_ERR_MODEL, "stats gave [1 x 1168], not [1 x 1000]");
    m = shipped_model("brush");
    m.code_length = 100;
    load_fails(*state, &m, STYLIZE_ERR_MODEL, "\"brush\"");
    m = shipped_model("any");
    m.torch_encoder_file = "../brush/brush.pt";
    load_fails(*state, &m, STYLIZE_ERR_MODEL, "forward takes 2 inputs, model.json says 1");
    m = user_model(DATA, "echo.pt");
    m.range = 0;
    load_fails(*state, &m, STYLIZE_ERR_MODEL, "above 0");
    m = user_model(DATA, "echo.pt");
    m.std[1] = NAN;
    load_fails(*state, &m, STYLIZE_ERR_MODEL, "above 0");
}

/* ------------------------------------------------------------------ runs that fail */

static void run_fails(void *engine, const char *file, float value, stylize_status status, const char *part)
{
    const stz_model m = user_model(DATA, file);
    void *net = net_load(engine, &m);
    photo in = photo_new(32, 32), out = photo_new(32, 32);
    const stz_exec exec = {0};
    stylize_error err = {0};
    for (int i = 0; i < 32 * 32 * 3; i++)
        in.data[i] = value;
    const stz_apply a = job(&in, &out, NULL);
    const stylize_status got = stz_engine_torch.apply(engine, net, &a, 1, &exec, &err);
    if (got != status || !strstr(err.message, part))
        fail_msg("status %d instead of %d, text \"%s\" without \"%s\"", (int)got, (int)status, err.message,
                 part);
    for (int i = 0; i < 32 * 32 * 3; i++) {
        assert_true(out.data[i] == 0); /* nothing came out */
        in.data[i] = 0.5f;
    }
    run(engine, net, &a, 1); /* and it still works */
    assert_int_equal(stz_engine_torch.apply(engine, net, &a, 1, &exec, NULL), STYLIZE_OK);
    photo_free(&in);
    photo_free(&out);
    stz_engine_torch.unload(engine, net);
}

static void failing_runs(void **state)
{
    run_fails(*state, "throws_on_white.pt", 1, STYLIZE_ERR_ENGINE, "this picture is too bright");
    run_fails(*state, "not_finite.pt", 1, STYLIZE_ERR_ENGINE, "not finite");
    run_fails(*state, "hungry.pt", 1, STYLIZE_ERR_NOMEM, "memory");
}

static void call_fails(void *engine, void *net, const stz_apply *batch, int n, stylize_status status,
                       const char *part)
{
    stylize_error err = {0};
    const stz_exec exec = {0};
    assert_int_equal(stz_engine_torch.apply(engine, net, batch, n, &exec, &err), status);
    if (!strstr(err.message, part))
        fail_msg("\"%s\" without \"%s\"", err.message, part);
}

static void wrong_calls(void **state)
{
    stz_model m = shipped_model("brush");
    void *net = net_load(*state, &m);
    photo in = photo_new(64, 64), odd = photo_new(66, 64), out = photo_new(64, 64);
    float *code = library_code("brush", 0);
    stz_apply a[2] = {job(&in, &out, NULL), job(&odd, &out, code)};
    call_fails(*state, net, a, 1, STYLIZE_ERR_INVALID, "style code is missing");
    call_fails(*state, net, a + 1, 1, STYLIZE_ERR_INVALID, "not a multiple");
    a[0].code = code;
    call_fails(*state, net, a, 2, STYLIZE_ERR_INVALID, "differ in size");
    a[0].in.stride += 2;
    call_fails(*state, net, a, 1, STYLIZE_ERR_INVALID, "not aligned");
    a[0].in.data = NULL;
    call_fails(*state, net, a, 1, STYLIZE_ERR_INVALID, "no memory");
    stylize_error err = {0};
    const stz_exec exec = {0};
    assert_int_equal(stz_engine_torch.encode(*state, net, &in.view, code, &exec, &err),
                     STYLIZE_ERR_UNSUPPORTED);
    assert_non_null(strstr(err.message, "does not read style pictures"));
    stz_engine_torch.unload(*state, net);

    m = user_model(DATA, "echo.pt");
    net = net_load(*state, &m);
    a[0] = job(&in, &out, NULL);
    a[0].stats_out = code;
    call_fails(*state, net, a, 1, STYLIZE_ERR_UNSUPPORTED, "cannot freeze");
    stz_engine_torch.unload(*state, net);
    stz_engine_torch.unload(*state, NULL);
    free(code);
    photo_free(&in);
    photo_free(&odd);
    photo_free(&out);
}

static void cancelled(void **state)
{
    stz_model m = user_model(DATA, "echo.pt");
    void *net = net_load(*state, &m);
    photo in = photo_random(32, 32, 1), out = photo_new(32, 32);
    atomic_int stop = 1;
    stz_exec exec = {.cancel = &stop};
    stylize_error err = {0};
    const stz_apply a = job(&in, &out, NULL);
    assert_int_equal(stz_engine_torch.apply(*state, net, &a, 1, &exec, &err), STYLIZE_ERR_CANCELLED);
    assert_int_equal(stz_engine_torch.encode(*state, net, &in.view, out.data, &exec, &err),
                     STYLIZE_ERR_CANCELLED);
    exec = (stz_exec){.deadline_ns = 1};
    assert_int_equal(stz_engine_torch.apply(*state, net, &a, 1, &exec, &err), STYLIZE_ERR_CANCELLED);
    assert_true(out.data[40] == 0);
    photo_free(&in);
    photo_free(&out);
    stz_engine_torch.unload(*state, net);
}

static void open_fails(const char *device, stylize_precision precision, stylize_status status,
                       const char *part)
{
    void *engine = NULL;
    stylize_error err = {0};
    const stz_engine_config config = {.device = device, .threads = 1, .precision = precision};
    assert_int_equal(stz_engine_torch.open(&engine, &config, &err), status);
    assert_null(engine);
    if (!strstr(err.message, part))
        fail_msg("\"%s\" without \"%s\"", err.message, part);
}

static void wrong_devices(void **state)
{
    open_fails("tpu", STYLIZE_PRECISION_FP32, STYLIZE_ERR_INVALID,
               "none of auto, cpu, cuda, cuda:N, cuda:N,M and cuda:all");
    open_fails("cuda:", STYLIZE_PRECISION_FP32, STYLIZE_ERR_INVALID, "none of");
    open_fails("cuda:-1", STYLIZE_PRECISION_FP32, STYLIZE_ERR_INVALID, "none of");
    open_fails("cuda:1x", STYLIZE_PRECISION_FP32, STYLIZE_ERR_INVALID, "none of");
    open_fails("", STYLIZE_PRECISION_FP32, STYLIZE_ERR_INVALID, "none of");
    open_fails("cuda:99", STYLIZE_PRECISION_FP32, STYLIZE_ERR_UNSUPPORTED, "there is: cpu");
    open_fails("cpu", STYLIZE_PRECISION_FP16, STYLIZE_ERR_UNSUPPORTED, "fp32");
    open_fails("cpu", STYLIZE_PRECISION_INT8, STYLIZE_ERR_UNSUPPORTED, "fp32");
}

/* ------------------------------------------------------------------ nothing printed, nothing kept */

static void silent(void **state)
{
    char text[256] = "";
    FILE *file = tmpfile();
    assert_non_null(file);
    fflush(stdout);
    fflush(stderr);
    const int out = dup(1), err = dup(2);
    assert_true(out >= 0 && err >= 0 && dup2(fileno(file), 1) >= 0 && dup2(fileno(file), 2) >= 0);
    const stz_model warns = user_model(DATA, "warns.pt"), throws = user_model(DATA, "throws.pt");
    void *net = NULL;
    const stylize_status first = stz_engine_torch.load(*state, &warns, &net, NULL);
    photo in = photo_random(32, 32, 1), back = photo_new(32, 32);
    const stz_apply a = job(&in, &back, NULL);
    const stz_exec exec = {0};
    const stylize_status second =
        net ? stz_engine_torch.apply(*state, net, &a, 1, &exec, NULL) : STYLIZE_ERR_ENGINE;
    stz_engine_torch.unload(*state, net);
    const stylize_status third = stz_engine_torch.load(*state, &throws, &net, NULL);
    fflush(stdout);
    fflush(stderr);
    dup2(out, 1);
    dup2(err, 2);
    close(out);
    close(err);
    rewind(file);
    const size_t printed = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    photo_free(&in);
    photo_free(&back);
    assert_int_equal(first, STYLIZE_OK);
    assert_int_equal(second, STYLIZE_OK);
    assert_int_equal(third, STYLIZE_ERR_MODEL);
    if (printed)
        fail_msg("printed: %s", text);
}

static void all_failures(void **state)
{
    wrong_networks(state);
    truncated(state);
    failing_runs(state);
    void *engine = engine_open("cpu");
    stz_engine_torch.close(engine);
}

/* libtorch keeps some things for good the first time; after that a round of failures leaves nothing. */
static void no_leak(void **state)
{
    for (int i = 0; i < 4; i++)
        all_failures(state);
    const size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
    for (int i = 0; i < 20; i++)
        all_failures(state);
    const size_t after = mallinfo2().uordblks + mallinfo2().hblkhd;
    print_message("%+ld bytes in 20 rounds\n", (long)(after - before));
    assert_true(after < before + 20 * 1024);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(missing_files, open_cpu, close_engine),
        cmocka_unit_test_setup_teardown(not_a_pt, open_cpu, close_engine),
        cmocka_unit_test_setup_teardown(truncated, open_cpu, close_engine),
        cmocka_unit_test_setup_teardown(wrong_networks, open_cpu, close_engine),
        cmocka_unit_test_setup_teardown(wrong_promises, open_cpu, close_engine),
        cmocka_unit_test_setup_teardown(failing_runs, open_cpu, close_engine),
        cmocka_unit_test_setup_teardown(wrong_calls, open_cpu, close_engine),
        cmocka_unit_test_setup_teardown(cancelled, open_cpu, close_engine),
        cmocka_unit_test(wrong_devices),
        cmocka_unit_test_setup_teardown(silent, open_cpu, close_engine),
        cmocka_unit_test_setup_teardown(no_leak, open_cpu, close_engine),
    };
    const int absent = skip_without_plugin();
    if (absent)
        return absent;
    if (!mkdtemp(folder))
        return 1;
    const int failed = cmocka_run_group_tests_name("torch errors", tests, NULL, NULL);
    rmdir(folder);
    return failed;
}
