/* Names of any script as glyphs. Where the system has no font of a script, its test is skipped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "stylize/lettering.h"

#define WIDTH  600
#define HEIGHT 60

static uint8_t page[WIDTH * HEIGHT];
static lettering *letters;

static int open_letters(void **state)
{
    const char *why;
    letters = lettering_open(NULL, &why);
    if (!letters)
        print_message("%s\n", why);
    return 0;
}

static int close_letters(void **state)
{
    lettering_close(letters);
    return 0;
}

static void ink(void *user, int x, int y, uint8_t cover)
{
    assert_in_range(x, 0, WIDTH - 1);
    assert_in_range(y, 0, HEIGHT - 1);
    page[y * WIDTH + x] |= cover;
}

/* Characters with a glyph; *left, *right: where its ink is, if asked for. */
static int write_text(const char *text, double max_width, int *left, int *right)
{
    memset(page, 0, sizeof page);
    const int known = lettering_draw(letters, text, 10, 40, 14, max_width, ink, NULL);
    for (int x = 0; left && x < WIDTH; x++)
        for (int y = 0; y < HEIGHT; y++)
            if (page[y * WIDTH + x]) {
                *left = *left < 0 ? x : *left;
                *right = x;
            }
    return known;
}

static int ink_width(const char *text)
{
    int left = -1, right = -1;
    write_text(text, WIDTH, &left, &right);
    return left < 0 ? 0 : right - left + 1;
}

static void need_font(const char *language)
{
    char command[64], line[8];
    snprintf(command, sizeof command, "fc-list :lang=%s file", language);
    FILE *list = popen(command, "r");
    const bool there = list && fgets(line, sizeof line, list);
    if (list)
        pclose(list);
    if (!letters || !there) {
        print_message("there is no font for %s\n", language);
        skip();
    }
}

static void a_chinese_name_has_glyphs(void **state)
{
    need_font("zh");
    assert_int_equal(write_text("星夜", WIDTH, NULL, NULL), 2);
    uint8_t first[sizeof page];
    memcpy(first, page, sizeof page);
    assert_int_equal(write_text("麦田", WIDTH, NULL, NULL), 2);
    assert_memory_not_equal(first, page, sizeof page);
}

static void an_arabic_name_is_joined_from_right_to_left(void **state)
{
    need_font("ar");
    assert_int_equal(write_text("سماء", WIDTH, NULL, NULL), 4);
    /* Joined letters are narrower than the same ones with signs between them that keep them apart. */
    assert_true(ink_width("سماء") < ink_width("س\u200Cم\u200Cاء"));
    /* The first one is at the right: alone it stands where the word with it begins to differ. */
    uint8_t with[sizeof page];
    write_text("ارس", WIDTH, NULL, NULL);
    memcpy(with, page, sizeof page);
    write_text("درس", WIDTH, NULL, NULL);
    int differs = 0;
    while (differs < WIDTH) {
        int y = 0;
        while (y < HEIGHT && with[y * WIDTH + differs] == page[y * WIDTH + differs])
            y++;
        if (y < HEIGHT)
            break;
        differs++;
    }
    assert_in_range(differs, 20, WIDTH - 1);
}

static void long_names_end_in_an_ellipsis(void **state)
{
    need_font("en");
    int left = -1, right = -1;
    write_text("a name that is much longer than what there is room for", 100, &left, &right);
    assert_in_range(right, 60, 110);
    assert_true(write_text("", 100, NULL, NULL) == 0);
    write_text("W", 1, NULL, NULL); /* no room at all is no endless loop */
    char longest[4096];
    memset(longest, 'x', sizeof longest);
    longest[sizeof longest - 1] = 0;
    write_text(longest, 200, NULL, NULL);
}

static void broken_bytes_are_question_marks(void **state)
{
    need_font("en");
    assert_int_equal(write_text("b\xFF\x01\xC3", WIDTH, NULL, NULL), 4);
    assert_int_equal(ink_width("b\xFF\x01\xC3"), ink_width("b???"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chinese_name_has_glyphs),
        cmocka_unit_test(an_arabic_name_is_joined_from_right_to_left),
        cmocka_unit_test(long_names_end_in_an_ellipsis),
        cmocka_unit_test(broken_bytes_are_question_marks),
    };
    return cmocka_run_group_tests(tests, open_letters, close_letters);
}
