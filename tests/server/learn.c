/* Styles that are learnt: the form, ids made from names, progress. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "check.h"
#include "jobs/job_style.h"
#include "styles/fit_form.h"

#define TYPE TEXT("multipart/form-data; boundary=x")

/* A form with a picture, and this before its end. */
static bool read_form(fit_form *f, const char *fields, problem *wrong)
{
    static char body[4096];
    const int n =
        snprintf(body, sizeof body,
                 "--x\r\nContent-Disposition: form-data; name=style_image; filename=\"Ein Bild.JPG\"\r\n"
                 "\r\npicture\r\n%s--x--\r\n",
                 fields);
    return fit_form_read(f, TYPE, (slice){body, (size_t)n}, wrong);
}

static const char *field(const char *name, const char *value)
{
    static char text[1024];
    snprintf(text, sizeof text, "--x\r\nContent-Disposition: form-data; name=%s\r\n\r\n%s\r\n", name, value);
    return text;
}

static void fields_are_read(void **state)
{
    fit_form f;
    problem wrong;
    assert_true(read_form(&f, "", &wrong));
    assert_true(f.effort == STYLIZE_EFFORT_FAST && !f.id[0] && !f.max_seconds && f.picture.size == 7);
    assert_true(read_form(&f, field("effort", "best"), &wrong) && f.effort == STYLIZE_EFFORT_BEST);
    assert_true(read_form(&f, field("max_seconds", "86400"), &wrong) && f.max_seconds == 86400);
    assert_true(read_form(&f, field("style_scale", "0.25"), &wrong) && f.style_scale == 0.25f);
    assert_true(read_form(&f, field("display_name", "  Zwei W\xc3\xb6rter "), &wrong));
    assert_string_equal(f.name, "Zwei W\xc3\xb6rter");
}

static void what_is_wrong_names_the_field(void **state)
{
    static const char *const bad[][2] = {{"style_id", "Big"},    {"display_name", "a\tb"},
                                         {"artist", "\xff"},     {"effort", "FAST"},
                                         {"style_scale", "9"},   {"style_scale", "inf"},
                                         {"max_seconds", "1.5"}, {"code_steps", "100001"},
                                         {"network_steps", "0"}, {"seed", "18446744073709551616"}};
    fit_form f;
    problem wrong;
    for (size_t i = 0; i < APP_LEN(bad); i++) {
        assert_false(read_form(&f, field(bad[i][0], bad[i][1]), &wrong));
        assert_int_equal(wrong.status, 422);
        assert_string_equal(wrong.code, "invalid_value");
        assert_string_equal(wrong.field, bad[i][0]);
    }
    assert_false(read_form(&f, field("style_image", "again"), &wrong));
    assert_string_equal(wrong.code, "given_twice");
    assert_false(read_form(&f, field("colour", "red"), &wrong));
    assert_string_equal(wrong.code, "unknown_field");
    assert_false(fit_form_read(&f, TYPE, TEXT("--x--\r\n"), &wrong));
    assert_string_equal(wrong.field, "style_image");
    assert_false(fit_form_read(&f, TEXT("application/json"), TEXT("{}"), &wrong));
    assert_int_equal(wrong.status, 415);
}

static void ids_are_made(void **state)
{
    static const char *const made[][2] = {
        {"Mona Lisa", "mona-lisa"},
        {"  --A__b!!  ", "a-b"},
        {"Caf\xc3\xa9", "caf"},
        {"0123456789012345678901234567890123456789tail", "0123456789012345678901234567890123456789"}};
    fit_form f = {.picture = {"picture", 7}, .filename = {"Ein Bild.JPG", 12}};
    char id[64], other[64];
    for (size_t i = 0; i < APP_LEN(made); i++) {
        snprintf(f.name, sizeof f.name, "%s", made[i][0]);
        fit_form_make_id(&f, 1, id);
        assert_string_equal(id, made[i][1]);
        assert_true(is_style_id((slice){id, strlen(id)}));
        fit_form_make_id(&f, 999, id);
        assert_true(is_style_id((slice){id, strlen(id)}) && strstr(id, "-999"));
    }
    f.name[0] = '\0';
    fit_form_make_id(&f, 1, id);
    assert_string_equal(id, "ein-bild");
    snprintf(f.name, sizeof f.name, "\xe6\x98\x9f\xe5\xa4\x9c"); /* nothing of it can stand in an id */
    fit_form_make_id(&f, 1, id);
    assert_true(!strncmp(id, "style-", 6) && strlen(id) == 14);
    f.picture = (slice){"another", 7};
    fit_form_make_id(&f, 1, other);
    assert_string_not_equal(id, other);
}

static void progress_is_told_and_answered(void **state)
{
    uint8_t pixels[2 * 2 * 3] = {1, 2, 3};
    const stylize_image picture = {.pixels = pixels, .width = 2, .height = 2, .stride = 6};
    job_style *s = job_style_create("mine");
    uint32_t side;
    assert_non_null(s);
    assert_false(job_style_read(s).begun);
    assert_null(job_style_preview(s, &side));
    job_style_begin(s, 0, false);
    assert_true(job_style_read(s).begun && job_style_read(s).left < 0);
    stylize_fit_state step = {.done = 0.25f, .steps = 3, .loss = 0.5f, .picture = &picture};
    usleep(2000);
    assert_int_equal(job_style_step(s, &step), STYLIZE_FIT_GO_ON);
    style_progress p = job_style_read(s);
    assert_true(p.steps == 3 && p.previews == 1 && p.loss == 0.5f && p.left > 0 && p.seconds > 0);
    uint8_t *copy = job_style_preview(s, &side);
    assert_true(copy && side == 2 && copy[2] == 3);
    free(copy);
    job_style_keep(s);
    assert_int_equal(job_style_step(s, &step), STYLIZE_FIT_KEEP);
    job_style_cancel(s); /* of two wishes the one that leaves nothing */
    assert_int_equal(job_style_step(s, &step), STYLIZE_FIT_CANCEL);
    job_style_forget(s);
    assert_null(job_style_preview(s, &side));
    job_style_begin(s, 0, true);
    usleep(2000);
    step.done = 0.08f;
    job_style_step(s, &step);
    assert_true(job_style_read(s).left < 0); /* the code's pace says nothing of the network's */
    step.network = 1;
    job_style_step(s, &step);
    usleep(2000);
    step.done = 0.5f;
    job_style_step(s, &step);
    assert_true(job_style_read(s).left > 0);
    job_style_free(s);
    job_style_free(NULL);
}

static void a_limit_bounds_the_time_that_is_left(void **state)
{
    job_style *s = job_style_create("mine");
    job_style_begin(s, 5000, true);
    const double left = job_style_read(s).left;
    assert_true(left > 0 && left <= 5);
    const stylize_fit_state step = {.done = 0.01f, .network = 1, .steps = 1};
    job_style_step(s, &step);
    assert_true(job_style_read(s).left <= 5);
    const stylize_fit f = {.code_made = 4, .network_made = 9, .loss = 0.25f, .ended_early = 1};
    job_style_end(s, &f);
    const style_progress p = job_style_read(s);
    assert_true(p.over && p.network && p.steps == 9 && p.ended_early && p.loss == 0.25f);
    job_style_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_read),
        cmocka_unit_test(what_is_wrong_names_the_field),
        cmocka_unit_test(ids_are_made),
        cmocka_unit_test(progress_is_told_and_answered),
        cmocka_unit_test(a_limit_bounds_the_time_that_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
