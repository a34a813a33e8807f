#include "codec/file.h"

#include <errno.h>
#include <stdlib.h>

#include "base/os.h"
#include "codec/codec.h"
#include "codec/sink.h"

#define FIRST_BUFFER 65536u /* for sources of unknown size */

static stylize_status fail_code(stylize_error *err, const char *verb, const char *path, int code)
{
    return stz_fail(err, STYLIZE_ERR_IO, "cannot %s %s: %s", verb, path, stz_why(code));
}

static stylize_status fail_too_large(const char *path, const stz_limits *limits, stylize_error *err)
{
    return stz_fail(err, STYLIZE_ERR_LIMIT, "%s is too large: at most %llu bytes are allowed", path,
                    (unsigned long long)limits->max_bytes);
}

/* Checks what can be known before reading; *guess is the size of a regular file, else 0. */
static stylize_status look_at(const stz_os_file *file, const char *path, const stz_limits *limits,
                              size_t *guess, stylize_error *err)
{
    if (file->kind == STZ_OS_FOLDER)
        return fail_code(err, "read", path, EISDIR);
    if (file->size > limits->max_bytes)
        return fail_too_large(path, limits, err);
    *guess = (size_t)file->size;
    return STYLIZE_OK;
}

/* Fills the sink to the end of the file, after a look at the first bytes. A byte more than the
 * limit is asked for, so that a file above it shows. */
static stylize_status fill(const stz_os_file *file, const char *path, const stz_limits *limits,
                           stz_sink *sink, stylize_format *format, stylize_error *err)
{
    size_t n;
    int code = stz_os_read(file, sink->buf->data, STZ_SNIFF_SIZE, &n);
    if (code)
        return fail_code(err, "read", path, code);
    if (n == 0)
        return stz_fail(err, STYLIZE_ERR_FORMAT, "%s is empty", path);
    *format = stz_sniff(sink->buf->data, n);
    if (*format == STYLIZE_FORMAT_NONE)
        return stz_sniff_fail(path, sink->buf->data, n, err);
    sink->used = n;
    for (;;) {
        if (sink->used > limits->max_bytes)
            return fail_too_large(path, limits, err);
        if (!stz_sink_reserve(sink, 1))
            return stz_nomem(err, sink->used * 2);
        uint64_t free_bytes = sink->buf->size - sink->used, allowed = limits->max_bytes - sink->used + 1;
        code = stz_os_read(file, sink->buf->data + sink->used,
                           (size_t)(free_bytes < allowed ? free_bytes : allowed), &n);
        if (code)
            return fail_code(err, "read", path, code);
        if (n == 0)
            return STYLIZE_OK;
        sink->used += n;
    }
}

stylize_status stz_file_load(const char *path, const stz_limits *limits, stz_pool *pool, stylize_image *out,
                             stylize_error *err)
{
    if (!path || !*path)
        return stz_fail(err, STYLIZE_ERR_INVALID, "file name is missing");
    stz_os_file file;
    const int code = stz_os_open(path, true, &file);
    if (code)
        return fail_code(err, "read", path, code);
    stz_sink sink = {0};
    stylize_format format = STYLIZE_FORMAT_NONE;
    size_t guess = 0;
    stylize_status status = look_at(&file, path, limits, &guess, err);
    if (status != STYLIZE_OK)
        goto end;
    guess = guess ? guess + 1 : FIRST_BUFFER; /* one byte more, to see the end without growing */
    if (guess < STZ_SNIFF_SIZE)
        guess = STZ_SNIFF_SIZE;
    if (!stz_sink_init(&sink, pool, guess)) {
        status = stz_nomem(err, guess);
        goto end;
    }
    status = fill(&file, path, limits, &sink, &format, err);
    if (status != STYLIZE_OK)
        stz_sink_free(&sink);
    else
        stz_image_from_buf(sink.buf, sink.used, format, out);
end:
    stz_os_close(&file);
    return status;
}

stylize_status stz_file_save(const char *path, const void *data, size_t size, stylize_error *err)
{
    if (!path || !*path)
        return stz_fail(err, STYLIZE_ERR_INVALID, "file name is missing");
    if (!data)
        return stz_fail(err, STYLIZE_ERR_INVALID, "there is nothing to write to %s", path);
    const int code = stz_os_save(path, data, size);
    return code ? fail_code(err, "write", path, code) : STYLIZE_OK;
}
