/* The styles of the library, those of the style folder, and those that were added while the server runs. Any thread. */
#ifndef SERVER_GALLERY_H
#define SERVER_GALLERY_H

#include <jansson.h>
#include <stylize/stylize.h>

#include "base/text.h"

struct gallery;

/* NULL with a message. */
struct gallery *gallery_create(stylize_ctx *ctx, char *message, size_t size);
void gallery_destroy(struct gallery *g);
/* Whether there is a style of that id. */
bool gallery_has(struct gallery *g, const char *id);
size_t gallery_count(struct gallery *g);
/* For painter.added_style. */
bool gallery_digest(void *g, const char *id, uint8_t digest[32]);
/* What clients are told of all styles; of one, NULL if there is none or no memory. */
json_t *gallery_list_json(struct gallery *g);
json_t *gallery_style_json(struct gallery *g, const char *id);
/* Path of its preview, which the caller frees; NULL: none. */
char *gallery_preview(struct gallery *g, const char *id);
/* Reads a style from an encoded picture, which takes long; one at a time. */
stylize_status gallery_add(struct gallery *g, const stylize_style_info *info, slice picture,
                           stylize_error *err);
/* Where styles are kept that are learnt; NULL: nowhere. */
const char *gallery_folder(const struct gallery *g);
/* As stylize_style_fit, which takes minutes; the style is in the list then. */
stylize_status gallery_learn(struct gallery *g, stylize_fit *fit, stylize_error *err);
/* For good, also from the style folder; NOT_FOUND, IO. */
stylize_status gallery_remove(struct gallery *g, const char *id, stylize_error *err);

#endif
