/* Routes about styles: list, previews, adding and removing. */
#ifndef SERVER_STYLES_H
#define SERVER_STYLES_H

#include "http/exchange.h"

void styles_list(exchange *x);
void styles_one(exchange *x);
void styles_preview(exchange *x);
void styles_add(exchange *x);
void styles_added(exchange *x);
void styles_remove(exchange *x);
void models_one(exchange *x);
void models_ready(exchange *x);

#endif
