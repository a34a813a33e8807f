/* What FFmpeg's libraries say, as one line of the command. */
#ifndef CLI_VIDEO_FAILURE_H
#define CLI_VIDEO_FAILURE_H

#include "common/language.h"

/* "stylize: SUBJECT: WHAT: the library's text for the code". Returns exit_code. */
int av_failure(int exit_code, const char *subject, int av_code, const char *format, ...) APP_PRINTF(4, 5);
/* "1:02:03" or "2:03"; text has 16 bytes or more. */
const char *clock_text(double seconds, char *text, int size);

#endif
