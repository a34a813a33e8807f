/* Pictures from the standard input and to the standard output. */
#ifndef CLI_STANDARD_IO_H
#define CLI_STANDARD_IO_H

#include <stdbool.h>

#include <stylize/stylize.h>

/* Reads the standard input to its end; false after a message. The caller frees out->pixels. */
bool stdin_read(stylize_image *out);
bool stdout_write(const stylize_image *image);

#endif
