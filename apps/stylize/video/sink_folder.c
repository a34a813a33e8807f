#include "video/sink_folder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/names.h"
#include "exit.h"
#include "memory.h"
#include "message.h"
#include "path.h"

static int cannot(const sink_folder *k)
{
    message_error(k->path, "cannot be written: %s", strerror(errno));
    return EXIT_OUTPUT;
}

static int length_of(const char *path)
{
    int n = (int)strlen(path);
    while (n > 1 && path[n - 1] == '/')
        n--;
    return n;
}

static char *name_of(const sink_folder *k, uint64_t number)
{
    return text_format("%s/%06llu.%s", k->temporary, (unsigned long long)number, format_ending(k->format));
}

int sink_folder_open(sink_folder *k)
{
    const int length = length_of(k->path);
    char *path = text_format("%.*s", length, k->path);
    const int base = (int)(path_base(path) - path);
    k->temporary = text_format("%.*s.%s.XXXXXX", base, path, path + base);
    free(path);
    if (mkdtemp(k->temporary)) {
        const mode_t mask = umask(0);
        umask(mask);
        return chmod(k->temporary, 0777 & ~mask) ? cannot(k) : EXIT_DONE;
    }
    free(k->temporary);
    k->temporary = NULL;
    return cannot(k);
}

int sink_folder_write(sink_folder *k, const AVFrame *frame)
{
    stylize_error err = {0};
    const int channels = frame->format == AV_PIX_FMT_RGBA ? 4 : 3;
    const stylize_image image = {.pixels = frame->data[0],
                                 .stride = frame->linesize[0],
                                 .width = (uint32_t)frame->width,
                                 .height = (uint32_t)frame->height,
                                 .format = channels == 4 ? STYLIZE_FORMAT_RGBA8 : STYLIZE_FORMAT_RGB8};
    char *name = name_of(k, k->count + 1);
    const stylize_status status = stylize_image_save(k->ctx, &image, name, k->quality, &err);
    free(name);
    if (status == STYLIZE_OK) {
        k->count++;
        return EXIT_DONE;
    }
    message_failure(k->path, &err);
    return EXIT_OUTPUT;
}

int sink_folder_finish(sink_folder *k)
{
    char *path = text_format("%.*s", length_of(k->path), k->path);
    const int failed = rename(k->temporary, path);
    const int code = failed ? cannot(k) : EXIT_DONE;
    free(path);
    if (!failed) {
        free(k->temporary);
        k->temporary = NULL;
    }
    return code;
}

void sink_folder_drop(sink_folder *k)
{
    for (uint64_t i = 1; k->temporary && i <= k->count; i++) {
        char *name = name_of(k, i);
        unlink(name);
        free(name);
    }
    if (k->temporary)
        rmdir(k->temporary);
    free(k->temporary);
    k->temporary = NULL;
}
