/*
 * Runs a fuzz target without a fuzzer: every file of its corpus as it is, cut off at many places and
 * with single bytes changed. Arguments: files or folders; none: the target's corpus in the source tree.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CUTS    64
#define CHANGES 512

/* A copy of its own for each run, so that a sanitizer sees what is read past the end. */
static void run_copy(const uint8_t *data, size_t size, size_t at, uint8_t flip)
{
    uint8_t *copy = malloc(size ? size : 1);
    if (!copy)
        abort();
    memcpy(copy, data, size);
    if (flip)
        copy[at] ^= flip;
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static void run_bytes(const uint8_t *data, size_t size)
{
    uint32_t random = 12345;
    run_copy(data, size, 0, 0);
    for (size_t i = 0; i < CUTS; i++)
        run_copy(data, size * i / CUTS, 0, 0);
    for (size_t i = 0; size && i < CHANGES; i++) {
        random = random * 1664525u + 1013904223u;
        const size_t at = (size_t)((uint64_t)random * size >> 32);
        random = random * 1664525u + 1013904223u;
        run_copy(data, size, at, (uint8_t)(random >> 24 | 1));
    }
}

static int run_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        return perror(path), -1;
    fseek(f, 0, SEEK_END);
    const long size = ftell(f);
    rewind(f);
    uint8_t *data = size >= 0 ? malloc((size_t)size + 1) : NULL;
    const int ok = data && fread(data, 1, (size_t)size, f) == (size_t)size;
    fclose(f);
    if (ok)
        run_bytes(data, (size_t)size);
    free(data);
    return ok ? 1 : -1;
}

/* Files that were run, or -1. */
static int run_path(const char *path)
{
    struct stat info;
    if (stat(path, &info))
        return perror(path), -1;
    if (!S_ISDIR(info.st_mode))
        return run_file(path);
    DIR *folder = opendir(path);
    int count = 0;
    for (struct dirent *e; folder && count >= 0 && (e = readdir(folder));) {
        char name[1024];
        snprintf(name, sizeof name, "%s/%s", path, e->d_name);
        if (e->d_name[0] != '.')
            count = run_file(name) < 0 ? -1 : count + 1;
    }
    if (folder)
        closedir(folder);
    return count;
}

int main(int argc, char **argv)
{
    int files = 0;
    for (int i = 1; i < argc || (argc == 1 && i == 1); i++) {
        const int n = run_path(argc == 1 ? STYLIZE_FUZZ_CORPUS : argv[i]);
        if (n < 0)
            return 1;
        files += n;
    }
    printf("%d files, each %d times\n", files, 1 + CUTS + CHANGES);
    return files == 0; /* a corpus that went missing is a failure */
}
