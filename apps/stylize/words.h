/* The nearest word to a mistyped one. */
#ifndef CLI_WORDS_H
#define CLI_WORDS_H

#include <stddef.h>

/* The candidate nearest to word, or NULL if none is near. */
const char *nearest_word(const char *word, const char *const *candidates, size_t count);

#endif
