/* Lines of JSON on the standard error. No picture, and addresses only as the configuration allows. */
#ifndef SERVER_LOG_H
#define SERVER_LOG_H

#include <stylize/stylize.h>

#include "base/json_text.h"

/* Up to this level; set once, before threads are. */
void log_set_level(stylize_log_level level);
/* {"time": ..., "level": ..., "message": ...} */
void log_line(stylize_log_level level, const char *format, ...) APP_PRINTF(2, 3);
/* The same with more members, which it takes over; NULL: none. */
void log_event(stylize_log_level level, json_t *members, const char *message);
/* A log callback for the library. */
void log_library(void *user, stylize_log_level level, const char *text);

#endif
