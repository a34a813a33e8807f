#include "engine/native/graph_read.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "blob.h"

/* A net of two convolutions, one of them strided, and a shuffle back up. */
#define C1   "{\"op\":\"conv\",\"w\":\"w1\",\"b\":\"b1\",\"in\":3,\"out\":4,\"stride\":2}"
#define C2   "{\"op\":\"conv\",\"w\":\"w2\",\"in\":4,\"out\":12,\"stride\":1}"
#define UP   "{\"op\":\"pixel_shuffle\",\"factor\":2}"
#define NORM "{\"op\":\"norm\",\"i\":0}"
#define SAVE "{\"op\":\"save\"}"
#define ADD  "{\"op\":\"add_saved\"}"
#define RELU "{\"op\":\"relu\"}"
#define GOOD "[" C1 "," NORM "," RELU "," C2 "," UP "]"

#define MEAN "{\"op\":\"append_mean_std\"}"
#define FC   "{\"op\":\"linear\",\"w\":\"fc\",\"b\":\"fcb\",\"in\":8,\"out\":5}"

#define CORRECT(probe, in, hidden, w2)                                                                       \
    "{\"op\":\"correct\",\"probe\":\"" probe "\",\"w\":\"c1\",\"b\":\"cb\",\"w2\":\"" w2 "\",\"in\":" in     \
    ",\"hidden\":" hidden "}"
#define FIX CORRECT("probe", "8", "6", "c2")

static const blob_tensor tensors[] = {
    {"w1", "F32", 4, {4, 3, 3, 3}, NULL},
    {"b1", "F32", 1, {4}, NULL},
    {"w2", "F32", 4, {12, 4, 5, 5}, NULL},
    {"fc", "F32", 2, {5, 8}, NULL},
    {"fcb", "F32", 1, {5}, NULL},
    {"even", "F32", 4, {4, 3, 2, 2}, NULL},
    {"large", "F32", 4, {4, 3, 11, 11}, NULL},
    {"flat", "F32", 4, {4, 3, 1, 3}, NULL},
    {"i32", "I32", 4, {4, 3, 3, 3}, NULL},
    {"i8.scale", "F32", 1, {3}, NULL},
    {"i8", "I8", 4, {4, 3, 3, 3}, NULL},
    {"alone", "I8", 4, {4, 3, 3, 3}, NULL},
    {"probe", "F32", 3, {16, 24, 3}, NULL},
    {"tiny", "F32", 3, {16, 8, 3}, NULL},
    {"planar", "F32", 3, {3, 16, 24}, NULL},
    {"c1", "F32", 2, {6, 8}, NULL},
    {"cb", "F32", 1, {6}, NULL},
    {"c2", "F32", 2, {5, 6}, NULL},
};

static stylize_status read_with(const char *key, const char *list, const char *meta, const char *value,
                                stz_graph *graph, stylize_error *err)
{
    const char *const texts[] = {key, list, meta, value, NULL};
    blob b = blob_file(texts, tensors, STZ_LEN(tensors));
    stz_safetensors *file;
    assert_int_equal(stz_safetensors_parse(b.data, b.size, &file, err), STYLIZE_OK);
    memset(graph, 0xee, sizeof *graph);
    const stylize_status status = stz_graph_read(file, key, graph, err);
    if (status) { /* nothing is left behind */
        assert_null(graph->ops);
        assert_null(graph->owned);
    }
    stz_safetensors_close(file);
    free(b.data);
    return status;
}

/* The list, or the list with one more metadata text, must be refused with an error that holds `text`. */
static void refuse_with(const char *key, const char *list, const char *meta, const char *value,
                        const char *text)
{
    stz_graph graph;
    stylize_error err = {0};
    assert_int_equal(read_with(key, list, meta, value, &graph, &err), STYLIZE_ERR_MODEL);
    if (!strstr(err.message, text))
        fail_msg("\"%s\" does not hold \"%s\"", err.message, text);
}

static void refuse(const char *list, const char *text) { refuse_with("graph", list, NULL, NULL, text); }
static void refuse_encoder(const char *list, const char *text)
{
    refuse_with("encoder_graph", list, NULL, NULL, text);
}

static void test_reads(void **state)
{
    stz_graph g;
    stylize_error err;
    assert_int_equal(read_with("graph", GOOD, "norm_eps", "1e-3", &g, &err), STYLIZE_OK);
    assert_int_equal(g.count, 5);
    assert_int_equal(g.ops[0].kind, STZ_OP_CONV);
    assert_int_equal(g.ops[0].kernel, 3);
    assert_int_equal(g.ops[0].stride, 2);
    assert_non_null(g.ops[0].bias);
    assert_null(g.ops[3].bias);
    assert_int_equal(g.ops[3].kernel, 5);
    assert_int_equal(g.ops[1].out, 4);
    assert_int_equal(g.ops[4].in, 12);
    assert_int_equal(g.ops[4].out, 3);
    assert_int_equal(g.norms, 1);
    assert_int_equal(g.norm_channels, 4);
    assert_int_equal(g.code_length, 8);
    assert_int_equal(g.multiple, 2);
    assert_true(fabsf(g.eps - 1e-3f) < 1e-9f);
    assert_null(g.owned);
    /* at 8 by 6 the convolutions run at 4 by 3 */
    assert_true(stz_graph_flop(&g, 8, 6) == 2.0 * 12 * (9 * 3 * 4 + 25 * 4 * 12));
    /* pixel 1 lies in cell 0; 5x5 sees cells -2 to 2, the strided 3x3 pixels -5 to 5: 6 to the left */
    assert_int_equal(stz_graph_radius(&g), 6);
    stz_graph_free(&g);
    stz_graph_free(&g); /* a freed one is empty */
    assert_int_equal(read_with("graph", GOOD, "multiple_of", "8", &g, &err), STYLIZE_OK);
    assert_int_equal(g.multiple, 8);
    stz_graph_free(&g);
}

static void test_reads_encoder(void **state)
{
    stz_graph g;
    stylize_error err;
    assert_int_equal(
        read_with("encoder_graph", "[" C1 "," MEAN "," FC "," RELU "]", "code_length", "5", &g, &err),
        STYLIZE_OK);
    assert_int_equal(g.code_length, 5);
    assert_int_equal(g.multiple, 1);
    assert_true(stz_graph_flop(&g, 5, 3) == 2.0 * (6 * 9 * 3 * 4 + 40)); /* odd sides: 3 by 2 */
    assert_int_equal(g.statistics, 8);
    stz_graph_free(&g);
    assert_int_equal(
        read_with("encoder_graph", "[" C1 "," MEAN "," FC "," FIX "]", "code_length", "5", &g, &err),
        STYLIZE_OK);
    const stz_op *fix = &g.ops[3];
    assert_int_equal(fix->probe_width, 24);
    assert_int_equal(fix->probe_height, 16);
    assert_int_equal(fix->in, 8);
    assert_int_equal(fix->hidden, 6);
    assert_int_equal(fix->out, 5);
    assert_true(fix->weight && fix->bias && fix->second && fix->probe);
    assert_true(stz_graph_flop(&g, 5, 3) == 2.0 * (6 * 9 * 3 * 4 + 40 + 2 * 48 + 30));
    stz_graph_free(&g);
}

#define C0   "{\"op\":\"conv\",\"w\":\"w1\",\"b\":\"b1\",\"in\":3,\"out\":4,\"stride\":1}"
#define C3   "{\"op\":\"conv\",\"w\":\"w2\",\"in\":4,\"out\":12,\"stride\":1}"
#define POOL "{\"op\":\"mean_pool\",\"factor\":2}"
#define TAP  "{\"op\":\"tap\"}"
#define SUB  "{\"op\":\"sub\",\"value\":0.5}"

static void refuse_loss(const char *list, const char *text)
{
    refuse_with("loss_graph", list, NULL, NULL, text);
}

static void test_loss_network(void **state)
{
    stz_graph g;
    stylize_error err;
    assert_int_equal(read_with("loss_graph", "[" SUB "," C0 "," RELU "," POOL "," C3 "," RELU "," TAP "]",
                               NULL, NULL, &g, &err),
                     STYLIZE_OK);
    assert_int_equal(g.ops[3].kind, STZ_OP_MEAN_POOL);
    assert_int_equal(g.ops[6].kind, STZ_OP_TAP);
    assert_int_equal(g.multiple, 2);
    assert_int_equal(g.code_length, 0);
    assert_true(stz_graph_flop(&g, 8, 6) == 2.0 * (48 * 9 * 3 * 4 + 12 * 25 * 4 * 12));
    /* pixel 0 lies in cell 0, which sees cells -2 to 2, pixels -4 to 5 and one more on each side */
    assert_int_equal(stz_graph_radius(&g), 6);
    stz_graph_free(&g);
    refuse_loss("[" C0 "," RELU "]", "ends with a tap");
    refuse_loss("[" C0 "," RELU "," TAP "," POOL "]", "ends with a tap");
    refuse_loss("[" C0 "," SUB "," RELU "," TAP "]", "does not have it here");
    refuse_loss("[" C0 "," NORM "," RELU "," TAP "]", "does not have it here");
    refuse_loss("[" C0 "," RELU "," TAP "," FC "]", "only an encoder has it");
    refuse_loss("[" C0 "," RELU ",{\"op\":\"mean_pool\",\"factor\":3}," C3 "," RELU "," TAP "]",
                "allowed are 2 to 2");
    refuse_loss("[" C0 "," RELU "," TAP "," TAP "," TAP "," TAP "," TAP "," TAP "," TAP "," TAP "," TAP "]",
                "more than 8 feature maps");
    refuse("[" C0 "," RELU "," TAP "]", "only a loss network has it");
    refuse_encoder("[" C0 "," RELU "," POOL "]", "only a loss network has it");
}

#define AGAIN(factor) "{\"op\":\"picture\",\"factor\":" factor "}"
#define EYE           "[" SUB "," C0 "," RELU "," TAP

/* A loss network that begins again at the picture. */
static void test_picture(void **state)
{
    stz_graph g;
    stylize_error err;
    assert_int_equal(read_with("loss_graph",
                               EYE "," AGAIN("4") "," C0 "," RELU "," TAP "," AGAIN("1") "," C1 "," RELU
                                                                                         "," TAP "]",
                               NULL, NULL, &g, &err),
                     STYLIZE_OK);
    assert_int_equal(g.ops[4].kind, STZ_OP_PICTURE);
    assert_int_equal(g.ops[4].factor, 4);
    assert_int_equal(g.ops[4].out, 3);
    assert_int_equal(g.multiple, 4);
    assert_true(stz_graph_flop(&g, 16, 8) == 2.0 * 9 * 3 * 4 * (128 + 8 + 32));
    /* the largest of the three: cell 0 of 4 pixels sees one more on each side, pixels -4 to 7 */
    assert_int_equal(stz_graph_radius(&g), 8);
    stz_graph_free(&g);
    refuse_loss("[" AGAIN("1") "," C0 "," RELU "," TAP "]",
                "operation 0 (picture): it must follow a feature map");
    refuse_loss("[" SUB "," AGAIN("1") "," C0 "," RELU "," TAP "]", "it must follow a feature map");
    refuse_loss("[" C0 "," RELU "," AGAIN("1") "," C0 "," RELU "," TAP "]", "it must follow a feature map");
    refuse_loss(EYE "," AGAIN("1") "," AGAIN("2") "," C0 "," RELU "," TAP "]",
                "it must follow a feature map");
    refuse_loss(EYE "," AGAIN("1") "]", "ends with a tap");
    refuse_loss(EYE "," AGAIN("3") "," C0 "," RELU "," TAP "]", "\"factor\" is not 1, 2, 4 or 8");
    refuse_loss(EYE "," AGAIN("16") "," C0 "," RELU "," TAP "]", "allowed are 1 to 8");
    refuse_loss(EYE "," AGAIN("1") "," C3 "," RELU "," TAP "]", "takes 4 channels, but 3 come in");
    refuse_loss(EYE "," AGAIN("1") "," SUB "," C0 "," RELU "," TAP "]", "does not have it here");
    refuse_loss(EYE ",{\"op\":\"picture\"}," C0 "," RELU "," TAP "]", "\"factor\"");
    refuse("[" C0 "," AGAIN("1") "]", "only a loss network has it");
    refuse_encoder("[" C0 "," AGAIN("1") "]", "only a loss network has it");
}

static void test_lists_refused(void **state)
{
    refuse_with("graph", "", NULL, NULL, "not valid JSON");
    refuse_with("graph", "[", NULL, NULL, "not valid JSON");
    refuse_with("other", "[]", NULL, NULL, "not a list of operations");
    refuse("{}", "not a list");
    refuse("[1]", "operation 0");
    refuse("[null]", "operation 0");
    refuse("[{\"op\":1}]", "operation 0");
    refuse("[" RELU ",{\"op\":\"pool\"}]", "operation 1 (pool)");
    refuse("[{\"op\":\"relu\",\"op\":\"relu\"}]", "duplicate");
    refuse("[" RELU ",{\"op\":\"relu\",\"slope\":0.1}]", "operation 1 (relu): member \"slope\"");
    refuse("[" C1 "]", "3 channels at the picture's size");
    refuse("[" C1 "," C2 "]", "3 channels at the picture's size");
    refuse("[" SAVE "]", "ends inside a residual block");
    refuse("[" SAVE "," SAVE "]", "operation 1 (save)");
    refuse("[" ADD "]", "nothing was saved");
    refuse("[" SAVE "," C1 "," ADD "]", "operation 2 (add_saved): what was saved");
    refuse("[" UP "]", "multiple of 4");
    refuse("[{\"op\":\"upsample\",\"factor\":2}]", "larger than the picture");
    refuse("[{\"op\":\"upsample\",\"factor\":3}]", "\"factor\" is 3");
    refuse("[{\"op\":\"upsample\"}]", "\"factor\" is missing");
    refuse("[" MEAN "]", "only an encoder");
    refuse("[" FC "]", "only an encoder");
}

static void test_convs_refused(void **state)
{
#define CONV(w, in, out, stride)                                                                             \
    "[{\"op\":\"conv\",\"w\":" w ",\"in\":" in ",\"out\":" out ",\"stride\":" stride "}]"
    refuse(CONV("\"w1\"", "4", "4", "2"), "takes 4 channels, but 3");
    refuse(CONV("\"w1\"", "3", "5", "2"), "operation 0 (conv): tensor \"w1\" is not of the shape");
    refuse(CONV("\"w1\"", "3", "4", "3"), "\"stride\" is 3");
    refuse(CONV("\"w1\"", "3", "4", "1.0"), "\"stride\" is missing or not");
    refuse(CONV("\"w1\"", "3", "-4", "1"), "\"out\" is -4");
    refuse(CONV("\"w1\"", "3", "99999999999", "1"), "\"out\" is 99999999999");
    refuse(CONV("\"none\"", "3", "4", "1"), "no tensor \"none\"");
    refuse(CONV("7", "3", "4", "1"), "no tensor");
    refuse(CONV("\"even\"", "3", "4", "1"), "odd sides");
    refuse(CONV("\"large\"", "3", "4", "1"), "odd sides");
    refuse(CONV("\"flat\"", "3", "4", "1"), "not of the shape");
    refuse(CONV("\"b1\"", "3", "4", "1"), "odd sides");
    refuse(CONV("\"i32\"", "3", "4", "1"), "type");
    refuse(CONV("\"alone\"", "3", "4", "1"), "without a \".scale\"");
    refuse(CONV("\"i8\"", "3", "4", "1"), "\".scale\" that is not");
    refuse("[{\"op\":\"conv\",\"w\":\"w1\",\"b\":\"w1\",\"in\":3,\"out\":4,\"stride\":2}]",
           "not of the shape");
    refuse("[{\"op\":\"conv\",\"w\":\"w1\",\"b\":null,\"in\":3,\"out\":4,\"stride\":2}]", "\"b\" is missing");
}

static void test_values_refused(void **state)
{
    refuse("[{\"op\":\"norm\",\"i\":1}]", "numbered in order");
    refuse("[" NORM "," NORM "]", "operation 1 (norm)");
    refuse("[{\"op\":\"norm\"}]", "\"i\" is missing");
    refuse("[{\"op\":\"norm\",\"i\":0,\"gamma\":\"b1\"}]", "not of the shape");
    refuse("[" C1 ",{\"op\":\"norm\",\"i\":0,\"gamma\":\"b1\"}]", "\"beta\" is missing");
    refuse("[{\"op\":\"mul\"}]", "\"value\"");
    refuse("[{\"op\":\"mul\",\"value\":1e200}]", "\"value\"");
    refuse("[{\"op\":\"sub\",\"value\":\"1\"}]", "\"value\"");
    refuse("[{\"op\":\"clamp\",\"low\":1,\"high\":0}]", "above");
    refuse("[{\"op\":\"clamp\",\"low\":1}]", "\"high\"");
    refuse_encoder("[" C1 "," MEAN "]", "ends with a linear map");
    refuse_encoder("[" C1 "," NORM "]", "no style code");
    refuse_encoder("[" MEAN "," FC "]", "takes 8 numbers, but 6");
    refuse_encoder("[" C1 "," MEAN "," FC "," MEAN "]", "after a linear map");
    refuse_encoder("[" C1 "," MEAN "," FC ",{\"op\":\"sigmoid\"}]",
                   "operation 3 (sigmoid): after a linear map");
    refuse("[" FIX "]", "only an encoder");
    refuse_encoder("[" C1 "," MEAN "," FIX "]", "operation 2 (correct): there is no code yet");
    refuse_encoder("[" C1 "," MEAN "," FC "," FIX "," RELU "]", "nothing can follow \"correct\"");
    refuse_encoder("[" C1 "," MEAN "," FC "," FIX "," FIX "]", "nothing can follow \"correct\"");
    refuse_encoder("[" C1 "," MEAN "," FC "," CORRECT("none", "8", "6", "c2") "]", "no tensor \"none\"");
    refuse_encoder("[" C1 "," MEAN "," FC "," CORRECT("c2", "8", "6", "c2") "]", "no picture");
    refuse_encoder("[" C1 "," MEAN "," FC "," CORRECT("tiny", "8", "6", "c2") "]", "from 16 to 1024");
    refuse_encoder("[" C1 "," MEAN "," FC "," CORRECT("planar", "8", "6", "c2") "]", "from 16 to 1024");
    refuse_encoder("[" C1 "," MEAN "," FC "," CORRECT("probe", "7", "6", "c2") "]", "there are 8 statistics");
    refuse_encoder("[" C1 "," MEAN "," FC "," CORRECT("probe", "8", "0", "c2") "]", "\"hidden\" is 0");
    refuse_encoder("[" C1 "," MEAN "," FC "," CORRECT("probe", "8", "5", "c2") "]",
                   "\"c1\" is not of the shape");
    refuse_encoder("[" C1 "," MEAN "," FC "," CORRECT("probe", "8", "6", "c1") "]",
                   "\"c1\" is not of the shape");
    refuse_encoder("[" C1 "," MEAN "," FC ",{\"op\":\"correct\",\"in\":8,\"hidden\":6}]", "no tensor \"\"");
}

static void test_metadata_refused(void **state)
{
    refuse_with("graph", GOOD, "norm_eps", "0", "norm_eps");
    refuse_with("graph", GOOD, "norm_eps", "small", "norm_eps");
    refuse_with("graph", GOOD, "norm_eps", "\"1\"", "norm_eps");
    refuse_with("graph", GOOD, "code_length", "9", "code_length");
    refuse_with("graph", GOOD, "multiple_of", "3", "multiple_of");
    refuse_with("graph", GOOD, "multiple_of", "2.5", "multiple_of");
    refuse_with("graph", GOOD, "multiple_of", "1000", "multiple_of");
    refuse_with("graph", GOOD, "norm_widths", "[5]", "norm_widths");
    refuse_with("graph", GOOD, "norm_widths", "[4,4]", "norm_widths");
    refuse_with("graph", GOOD, "norm_widths", "4", "norm_widths");
    refuse_with("encoder_graph", "[" C1 "," MEAN "," FC "]", "code_length", "6", "code_length");
}

static void test_depth_refused(void **state)
{
    char list[8192] = "[" C1;
    for (int i = 0; i < 8; i++) /* halved once more each time */
        strcat(list, ",{\"op\":\"conv\",\"w\":\"down\",\"in\":4,\"out\":4,\"stride\":2}");
    strcat(list, "]");
    const blob_tensor deep[] = {{"w1", "F32", 4, {4, 3, 3, 3}, NULL},
                                {"b1", "F32", 1, {4}, NULL},
                                {"down", "F32", 4, {4, 4, 3, 3}, NULL}};
    blob b = blob_file((const char *const[]){"graph", list, NULL}, deep, 3);
    stz_safetensors *file;
    stz_graph g;
    stylize_error err;
    assert_int_equal(stz_safetensors_parse(b.data, b.size, &file, &err), STYLIZE_OK);
    assert_int_equal(stz_graph_read(file, "graph", &g, &err), STYLIZE_ERR_MODEL);
    assert_non_null(strstr(err.message, "halved too often"));
    assert_int_equal(stz_graph_read(file, "encoder_graph", &g, &err), STYLIZE_ERR_MODEL);
    assert_non_null(strstr(err.message, "no \"encoder_graph\""));
    stz_safetensors_close(file);
    free(b.data);
}

#define MIX                                                                                                  \
    "[{\"op\":\"conv\",\"w\":\"q\",\"b\":\"h\",\"in\":3,\"out\":3,\"stride\":1},"                            \
    "{\"op\":\"conv\",\"w\":\"q\",\"b\":\"f\",\"in\":3,\"out\":3,\"stride\":1}]"

/* I8 and F16 become fp32; a tensor used twice is converted once. */
static void test_converts(void **state)
{
    const int8_t q[] = {1, -2, 127, 0, 5, -127, 3, 3, -1};
    const float scale[] = {0.5f, 2, 0.25f}, f[] = {7, 8, 9};
    const uint16_t h[] = {0x3c00, 0xc100, 0x0001}; /* 1, -2.5, the smallest subnormal */
    const blob_tensor mixed[] = {{"q.scale", "F32", 1, {3}, scale},
                                 {"f", "F32", 1, {3}, f},
                                 {"h", "F16", 1, {3}, h},
                                 {"q", "I8", 4, {3, 3, 1, 1}, q}};
    blob b = blob_file((const char *const[]){"graph", MIX, NULL}, mixed, 4);
    stz_safetensors *file;
    stz_graph g;
    stylize_error err;
    assert_int_equal(stz_safetensors_parse(b.data, b.size, &file, &err), STYLIZE_OK);
    assert_int_equal(stz_graph_read(file, "graph", &g, &err), STYLIZE_OK);
    for (int i = 0; i < 9; i++)
        assert_true(g.ops[0].weight[i] == (float)q[i] * scale[i / 3]);
    assert_true(g.ops[0].bias[0] == 1 && g.ops[0].bias[1] == -2.5f && g.ops[0].bias[2] == 0x1p-24f);
    assert_ptr_equal(g.ops[1].weight, g.ops[0].weight);
    assert_ptr_equal(g.ops[1].bias, stz_safetensors_find(file, "f")->data);
    assert_non_null(g.owned);
    stz_graph_free(&g);
    stz_safetensors_close(file);
    free(b.data);
}

static void test_not_finite_refused(void **state)
{
    const uint16_t values[][3] = {{0x3c00, 0x7c00, 0}, {0, 0, 0xfe00}}; /* infinity, NaN */
    for (int i = 0; i < 2; i++) {
        const int8_t q[9] = {0};
        const float scale[3] = {1, 1, 1};
        const blob_tensor mixed[] = {{"q.scale", "F32", 1, {3}, scale},
                                     {"f", "F32", 1, {3}, scale},
                                     {"h", "F16", 1, {3}, values[i]},
                                     {"q", "I8", 4, {3, 3, 1, 1}, q}};
        blob b = blob_file((const char *const[]){"graph", MIX, NULL}, mixed, 4);
        stz_safetensors *file;
        stz_graph g;
        stylize_error err;
        assert_int_equal(stz_safetensors_parse(b.data, b.size, &file, &err), STYLIZE_OK);
        assert_int_equal(stz_graph_read(file, "graph", &g, &err), STYLIZE_ERR_MODEL);
        assert_non_null(strstr(err.message, "\"h\""));
        assert_null(g.owned);
        stz_safetensors_close(file);
        free(b.data);
    }
}

static void test_shipped(void **state)
{
    stz_safetensors *file;
    stz_graph g;
    stylize_error err;
    assert_int_equal(stz_safetensors_open(STYLIZE_SOURCE_DIR "/models/any/any.safetensors", &file, &err), 0);
    assert_int_equal(stz_graph_read(file, "graph", &g, &err), STYLIZE_OK);
    assert_int_equal(g.norms, 13);
    assert_int_equal(g.norm_channels, 584);
    assert_int_equal(g.code_length, 1168);
    assert_int_equal(g.multiple, 4);
    assert_true(fabs(stz_graph_flop(&g, 512, 512) / 9.40e9 - 1) < 1e-3);
    assert_int_equal(stz_graph_radius(&g), 56); /* 53 on the grid of 4 */
    stz_graph_free(&g);
    assert_int_equal(stz_graph_read(file, "encoder_graph", &g, &err), STYLIZE_OK);
    assert_int_equal(g.code_length, 1168);
    assert_int_equal(g.multiple, 2);
    const double convs = 9 * (16384. * 12 * 32 + 4096. * 32 * 64 + 1024. * 64 * 96 + 256. * 96 * 128);
    const double maps = 640. * 256 + 256. * 1168, correction = 2 * 640. * 256 + 256. * 1168;
    assert_true(stz_graph_flop(&g, 256, 256) == 2 * (convs + maps + correction));
    stz_graph_free(&g);
    stz_safetensors_close(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads),
        cmocka_unit_test(test_reads_encoder),
        cmocka_unit_test(test_loss_network),
        cmocka_unit_test(test_picture),
        cmocka_unit_test(test_lists_refused),
        cmocka_unit_test(test_convs_refused),
        cmocka_unit_test(test_values_refused),
        cmocka_unit_test(test_metadata_refused),
        cmocka_unit_test(test_depth_refused),
        cmocka_unit_test(test_converts),
        cmocka_unit_test(test_not_finite_refused),
        cmocka_unit_test(test_shipped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
