#include "standard_io.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "context.h"
#include "exit.h"
#include "memory.h"
#include "message.h"
#include "system.h"

bool stdin_read(stylize_image *out)
{
    size_t size = 0, room = 1 << 20;
    uint8_t *bytes = memory_get(room, 1);
    for (;;) {
        const long n = system_read_input(bytes + size, room - size);
        if (n < 0 && errno == EINTR && !interrupted)
            continue;
        if (n < 0) {
            message_error("standard input", "%s", interrupted ? "interrupted" : strerror(errno));
            free(bytes);
            return false;
        }
        if (n == 0)
            break;
        size += (size_t)n;
        if (size > INPUT_BYTES_MAX) {
            message_error("standard input", "is larger than %d MiB", INPUT_BYTES_MAX >> 20);
            free(bytes);
            return false;
        }
        if (size == room) {
            room *= 2;
            bytes = memory_grow(bytes, room, 1);
        }
    }
    if (size == 0) {
        message_error("standard input", "is empty, a picture is needed");
        free(bytes);
        return false;
    }
    *out = (stylize_image){.pixels = bytes, .size = size, .format = STYLIZE_FORMAT_ENCODED};
    return true;
}

bool stdout_write(const stylize_image *image)
{
    if (fwrite(image->pixels, 1, image->size, stdout) == image->size && fflush(stdout) == 0)
        return true;
    message_error("standard output", "%s", strerror(errno));
    return false;
}
