/* The styles as clients see them: list, previews, and those added while the server runs. */
#ifndef SERVER_GALLERY_H
#define SERVER_GALLERY_H

#include "http/http.h"

struct gallery;

/* NULL with a message. */
struct gallery *gallery_create(stylize_ctx *ctx, char *message, size_t size);
void gallery_destroy(struct gallery *g);
/* Whether there is a style of that id; any thread. */
bool gallery_has(struct gallery *g, const char *id);
size_t gallery_count(struct gallery *g);
/* For painter.added_style. */
bool gallery_digest(void *g, const char *id, uint8_t digest[32]);

void styles_list(exchange *x);
void styles_one(exchange *x);
void styles_preview(exchange *x);
void styles_add(exchange *x);
void styles_added(exchange *x);
void styles_remove(exchange *x);
void models_one(exchange *x);
void models_ready(exchange *x);

#endif
