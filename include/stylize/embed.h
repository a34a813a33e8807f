/*
 * The library inside of a program that has no files or no threads: browsers, plug-ins, small systems. Since 0.1.
 *
 *   stylize_file files[] = {{"brush/model.json", data, size}, {"brush/brush.safetensors", data2, size2},
 *                           {"styles/library.json", data3, size3}, ...};
 *   stylize_embed embed;
 *   stylize_embed_init(&embed, sizeof embed);
 *   embed.files = files;
 *   embed.file_count = 3;
 *   embed.no_threads = 1;
 *   stylize_ctx_create_embedded(&ctx, NULL, &embed, &err);
 *   stylize_ctx_run(ctx, &request, &result, &err);
 */
#ifndef STYLIZE_EMBED_H
#define STYLIZE_EMBED_H

#include "stylize/stylize.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A file of a model folder, in memory. */
typedef struct stylize_file {
    const char *name; /* as below the model folder, "styles/library.json"; copied */
    const void *data; /* the caller's, until the context is destroyed; aligned to 8 bytes */
    size_t size;
} stylize_file;

/* How a context is embedded. Fill with stylize_embed_init, then change members. */
typedef struct stylize_embed {
    size_t struct_size; /* set by stylize_embed_init */
    const stylize_file
        *files;        /* in place of a model folder, in any order; NULL: a folder, as the options say */
    size_t file_count; /* 1 to 4096 */
    uint32_t
        no_threads;    /* 1: the context starts no thread. Whatever is asked of it is done by the thread that
                                  asks, before its call returns: stylize_ctx_submit calls back first. Several
                                  threads may ask; they take turns. 0, the default: as the options say */
    uint32_t reserved; /* 0 */
    /* end of 0.1 */
} stylize_embed;

/* Sets all members to their defaults: neither. size: sizeof(stylize_embed). INVALID. */
STYLIZE_API stylize_status stylize_embed_init(stylize_embed *embed, size_t size);

/*
 * As stylize_ctx_create, embedded. With files: model_dir of the options must be NULL, the environment is not asked for
 * folders, there are no styles of one's own unless style_dir names their folder, library styles have no preview
 * and no artwork, and only the engine native paints. INVALID: a file without a name or data, the same name twice, a
 * name that leads out of the folder; NOT_FOUND: no styles/library.json among them; else as stylize_ctx_create.
 */
STYLIZE_API stylize_status stylize_ctx_create_embedded(stylize_ctx **out, const stylize_options *options,
                                                       const stylize_embed *embed, stylize_error *err);

#ifdef __cplusplus
}
#endif
#endif
