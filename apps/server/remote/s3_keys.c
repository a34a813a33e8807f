/* Reads credentials. */
#include "remote/s3_keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX (64 << 10)

static bool set(char *to, size_t size, slice value)
{
    if (!value.size || value.size >= size || memchr(value.data, '\0', value.size))
        return false;
    memcpy(to, value.data, value.size);
    to[value.size] = '\0';
    return true;
}

/* Lines before any section count as well, so that a file may hold the three values alone. */
bool s3_keys_parse(slice text, s3_keys *k)
{
    slice line, name;
    bool ours = true, ok = true;
    memset(k, 0, sizeof *k);
    while (slice_next(&text, '\n', &line)) {
        line = slice_trim(line);
        if (!line.size || line.data[0] == '#' || line.data[0] == ';')
            continue;
        if (line.data[0] == '[') {
            ours = slice_is(line, "[default]");
            continue;
        }
        if (!ours || !slice_next(&line, '=', &name) || !line.data)
            continue;
        name = slice_trim(name);
        const slice value = slice_trim(line);
        if (slice_is(name, "aws_access_key_id"))
            ok = set(k->access, sizeof k->access, value) && ok;
        else if (slice_is(name, "aws_secret_access_key"))
            ok = set(k->secret, sizeof k->secret, value) && ok;
        else if (slice_is(name, "aws_session_token"))
            ok = set(k->token, sizeof k->token, value) && ok;
    }
    return ok && k->access[0] && k->secret[0];
}

static bool from_variable(const char *name, char *to, size_t size)
{
    const char *value = getenv(name);
    return value && set(to, size, (slice){value, strlen(value)});
}

bool s3_keys_read(s3_keys *k, const char *path, char *message, size_t size)
{
    memset(k, 0, sizeof *k);
    if (!path) {
        from_variable("AWS_SESSION_TOKEN", k->token, sizeof k->token);
        if (from_variable("AWS_ACCESS_KEY_ID", k->access, sizeof k->access) &&
            from_variable("AWS_SECRET_ACCESS_KEY", k->secret, sizeof k->secret))
            return true;
        snprintf(message, size,
                 "keys for S3 are missing: give --storage-keys FILE, or set AWS_ACCESS_KEY_ID and "
                 "AWS_SECRET_ACCESS_KEY");
        return false;
    }
    char *text = malloc(FILE_MAX);
    FILE *f = text ? fopen(path, "re") : NULL;
    const size_t n = f ? fread(text, 1, FILE_MAX, f) : 0;
    const bool ok = f && !ferror(f) && n < FILE_MAX && s3_keys_parse((slice){text, n}, k);
    if (f)
        fclose(f);
    if (text)
        explicit_bzero(text, FILE_MAX);
    free(text);
    if (!ok)
        snprintf(message, size,
                 "%s cannot be read, or has no aws_access_key_id and aws_secret_access_key under [default]",
                 path);
    return ok;
}
