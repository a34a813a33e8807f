/* Tests whose threads do nothing that others in the same program do not: once under the thread sanitizer, where they take
 * ten times as long, would find nothing more, so its build leaves them out. To be included after cmocka.h. */
#ifndef TESTS_ONCE_H
#define TESTS_ONCE_H

#ifdef __SANITIZE_THREAD__
static void left_out(void **state) { skip(); }
/* clang-format off */
#define not_for_threads(test) {#test, 1 ? left_out : (test), NULL, NULL, NULL}
/* clang-format on */
#else
#define not_for_threads(test) cmocka_unit_test(test)
#endif

#endif
