/* Learning a style with each allocation failing, one after the other. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alloc/failing.h"
#include "blob.h"
#include "engine/native/fit.h"
#include "engine/native/graph_read.h"
#include "net_util.h"

#define SIDE 128
#define ART  32
#define CODE 32

#define GRAPH                                                                                                \
    "[{\"op\":\"conv\",\"w\":\"first\",\"in\":3,\"out\":16,\"stride\":2},{\"op\":\"norm\",\"i\":0},"         \
    "{\"op\":\"relu\"},{\"op\":\"conv\",\"w\":\"last\",\"b\":\"bias\",\"in\":16,\"out\":12,\"stride\":1},"   \
    "{\"op\":\"pixel_shuffle\",\"factor\":2},{\"op\":\"sigmoid\"}]"

static net_builder loss;
static blob file;
static float start[CODE], *art;
static double pixel_bytes; /* asked for once, as when a network is loaded */

static int set_up(void **state)
{
    net_builder random;
    float weights[16 * 27 + 12 * 144 + 12];
    net_begin(&random, 9);
    for (size_t i = 0; i < STZ_LEN(weights); i++)
        weights[i] = 0.2f * net_random(&random);
    const blob_tensor tensors[] = {{"first", "F32", 4, {16, 3, 3, 3}, weights},
                                   {"last", "F32", 4, {12, 16, 3, 3}, weights + 16 * 27},
                                   {"bias", "F32", 1, {12}, weights + 16 * 27 + 12 * 144}};
    const char *const meta[] = {"graph",       GRAPH, "norm_eps",    "1e-5", "norm_widths", "[16]",
                                "code_length", "32",  "multiple_of", "2",    NULL};
    file = blob_file(meta, tensors, STZ_LEN(tensors));
    net_free(&random);
    net_loss(&loss, 3, 5, 9, 17);
    art = picture_random(ART, ART, 4);
    for (int i = 0; i < CODE / 2; i++)
        start[i] = 1;
    runner r;
    runner_open(&r, &loss.graph, stz_kernels_get(false), 1);
    pixel_bytes = stz_objective_pixel(&r.part, 4);
    runner_close(&r);
    return 0;
}

static int tear_down(void **state)
{
    net_free(&loss);
    free(file.data);
    free(art);
    return 0;
}

static stylize_status practice(void *user, uint32_t number, int side, float *out, stylize_error *err)
{
    for (int i = 0; i < side * side * 3; i++)
        out[i] = (float)((i * 7 + (int)number * i / 5) % 251) / 251.f;
    return STYLIZE_OK;
}

static stylize_status learn(runner *r, stylize_error *err)
{
    float code[CODE], network_code[CODE];
    const float *const starts[] = {start};
    stz_native_net net = {0};
    stylize_status status = stz_safetensors_parse(file.data, file.size, &net.file, err);
    if (status)
        return status;
    status = stz_graph_read(net.file, "graph", &net.generator.graph, err);
    if (!status && (status = stz_part_init(&net.generator, r->part.kernels, err)))
        stz_graph_free(&net.generator.graph);
    if (status) {
        stz_safetensors_close(net.file);
        return status;
    }
    const stz_loss_spec spec = {.layers = 3,
                                .multiple = 4,
                                .radius = stz_graph_radius(&loss.graph),
                                .style_weights = {1, 1, 1},
                                .content_weights = {0, .5f, 0},
                                .pixel_bytes = pixel_bytes};
    stz_style_fit fit = {.art = {art, ART * 12, ART, ART, STZ_F32},
                         .side = SIDE,
                         .practice = practice,
                         .pictures = 1,
                         .starts = starts,
                         .start_count = 1,
                         .code_steps = 1,
                         .network_steps = 1,
                         .memory = 1u << 30,
                         .code = code,
                         .network_code = network_code};
    status = stz_fit_run(&net, &r->part, &spec, &fit, r->pool, &r->exec, err);
    assert_true((fit.file != NULL) == (status == STYLIZE_OK));
    stz_buf_unref(fit.file);
    stz_part_free(&net.generator);
    stz_graph_free(&net.generator.graph);
    stz_safetensors_close(net.file);
    return status;
}

static void walk(failing_mode mode)
{
    for (long n = 1;; n++) {
        runner r;
        stylize_error err = {0};
        runner_open(&r, &loss.graph, stz_kernels_get(false), 1);
        failing_arm(n, mode);
        const stylize_status status = learn(&r, &err);
        const bool failed = failing_disarm();
        if (status != STYLIZE_OK && !(failed && (status == STYLIZE_ERR_NOMEM || status == STYLIZE_ERR_MODEL)))
            fail_msg("call %ld: %s", n, err.message);
        runner_close(&r);
        if (!failed) {
            assert_true(n > 20);
            return;
        }
        assert_true(n < 1000);
    }
}

static void allocations_fail(void **state) { walk(FAILING_ONCE); }

static void memory_ends(void **state) { walk(FAILING_ALWAYS); }

int main(void)
{
    failing_cover_jansson(false);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allocations_fail),
        cmocka_unit_test(memory_ends),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
