/* API keys. */
#include "http/keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"

#define FILE_MAX (1 << 20)

void keys_init(keys *k)
{
    *k = (keys){0};
    pthread_rwlock_init(&k->lock, NULL);
}

static bool next_word(slice *line, slice *word)
{
    *line = slice_trim(*line);
    size_t n = 0;
    while (n < line->size && line->data[n] != ' ' && line->data[n] != '\t')
        n++;
    *word = (slice){line->data, n};
    *line = (slice){line->data + n, line->size - n};
    return n > 0;
}

static bool read_line(slice line, api_key *out)
{
    slice role, name, digest;
    if (!next_word(&line, &role) || !next_word(&line, &name) || !next_word(&line, &digest) ||
        slice_trim(line).size)
        return false;
    out->admin = slice_is(role, "admin");
    if ((!out->admin && !slice_is(role, "user")) || name.size >= sizeof out->name || digest.size != 64)
        return false;
    memcpy(out->name, name.data, name.size);
    out->name[name.size] = '\0';
    return hex_decode(digest.data, digest.size, out->digest);
}

api_key *keys_parse(slice text, size_t *count, char *message, size_t size)
{
    api_key *list = calloc(KEYS_MAX, sizeof *list);
    *count = 0;
    slice line;
    for (int number = 1; list && slice_next(&text, '\n', &line); number++) {
        line = slice_trim(line);
        if (!line.size || line.data[0] == '#')
            continue;
        if (*count < KEYS_MAX && read_line(line, &list[*count])) {
            ++*count;
            continue;
        }
        snprintf(message, size,
                 "line %d of the keys: expected \"user|admin NAME SHA256\", at most %d of them", number,
                 KEYS_MAX);
        free(list);
        return NULL;
    }
    if (!list)
        snprintf(message, size, "out of memory");
    return list;
}

bool keys_load(keys *k, const char *path, char *message, size_t size)
{
    FILE *f = fopen(path, "re");
    char *text = f ? malloc(FILE_MAX) : NULL;
    const size_t length = text ? fread(text, 1, FILE_MAX, f) : 0;
    const bool ok = text && !ferror(f) && length < FILE_MAX;
    if (f)
        fclose(f);
    size_t count;
    api_key *list = NULL;
    if (ok)
        list = keys_parse((slice){text, length}, &count, message, size);
    else
        snprintf(message, size, "file of keys %s cannot be read, or is too long", path);
    free(text);
    if (!list)
        return false;
    pthread_rwlock_wrlock(&k->lock);
    free(k->list);
    k->list = list;
    k->count = count;
    atomic_store(&k->needed, true);
    pthread_rwlock_unlock(&k->lock);
    return true;
}

bool keys_find(keys *k, slice presented, api_key *out)
{
    uint8_t digest[32];
    bool found = false;
    if (!digest_of(presented.data, presented.size, digest))
        return false;
    pthread_rwlock_rdlock(&k->lock);
    for (size_t i = 0; i < k->count; i++)
        if (equal_secret(k->list[i].digest, digest, sizeof digest)) {
            *out = k->list[i];
            found = true;
        }
    pthread_rwlock_unlock(&k->lock);
    return found;
}

void keys_free(keys *k)
{
    free(k->list);
    pthread_rwlock_destroy(&k->lock);
}

int keys_print_new(const char *name)
{
    uint8_t bytes[24], digest[32];
    char key[sizeof bytes * 2 + 5] = "stz_", hex[65];
    const slice s = {name, strlen(name)};
    if (!is_style_id(s) || s.size >= sizeof((api_key *)0)->name) {
        fprintf(stderr, "stylize-server: the name of a key is of a-z 0-9 _ -, at most 39 characters\n");
        return 2;
    }
    const bool drawn = random_bytes(bytes, sizeof bytes);
    hex_encode(bytes, sizeof bytes, key + 4);
    if (!drawn || !digest_of(key, strlen(key), digest)) {
        fprintf(stderr, "stylize-server: %s\n",
                drawn ? "out of memory" : "the system gives no random numbers");
        return 1;
    }
    hex_encode(digest, sizeof digest, hex);
    printf("# Give this to the client, it is shown only now: %s\nuser %s %s\n", key, name, hex);
    return 0;
}
