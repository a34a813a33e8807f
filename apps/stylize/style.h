/* The styles of the command line, ready for a request. */
#ifndef CLI_STYLE_H
#define CLI_STYLE_H

#include "args.h"

typedef struct style_set {
    stylize_style_ref *refs;
    stylize_image *pictures;     /* as many as refs; those of library styles are empty */
    stylize_image *files;        /* of the masks, at the first style of each */
    const stylize_image **masks; /* one for each style, NULL: none; or NULL as a whole */
    stylize_image *part_files;   /* likewise of the masks on style pictures */
    const stylize_image **parts;
    size_t count;
    char label[96]; /* for file names: "starry_night", "a+b" */
} style_set;

/* Checks ids, loads style pictures. EXIT_DONE, or an exit code after a message. */
int style_set_load(style_set *set, stylize_ctx *ctx, const cli_args *args);
void style_set_free(style_set *set);
/* Says that there is no such style and which are near. */
void style_unknown(const char *id, const stylize_style_info *list, size_t count);

#endif
