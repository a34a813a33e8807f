/* What the command says on the standard error: errors, notes, the library's log. */
#ifndef CLI_MESSAGE_H
#define CLI_MESSAGE_H

#include <stdbool.h>

#include <stylize/stylize.h>

#include "common/language.h"

/* "stylize: SUBJECT: TEXT" on the standard error; subject may be NULL. Control characters in both
 * are shown as ?, as file names may hold anything. */
void message_error(const char *subject, const char *format, ...) APP_PRINTF(2, 3);
/* The library's own text for a file, without naming the file twice. */
void message_failure(const char *subject, const stylize_error *err);
/* Something the user may want to know; not with --quiet. */
void message_note(const char *format, ...) APP_PRINTF(1, 2);
void message_set_quiet(bool quiet);
/* A log callback of the library. */
void message_log(void *user, stylize_log_level level, const char *text);

#endif
