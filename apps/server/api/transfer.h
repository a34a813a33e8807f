/* POST /api/v1/style-transfer, and what jobs share with it. */
#ifndef SERVER_TRANSFER_H
#define SERVER_TRANSFER_H

#include "base/json_text.h"
#include "http/exchange.h"

void transfer_start(exchange *x);
void transfer_finish(exchange *x);

/* The subject of the header X-Subject or of the body, made the key owner's own. */
bool transfer_subject(const exchange *x, params *p, problem *wrong);
/* The picture itself, or JSON around it. from: as a word, "hit". */
void transfer_answer(exchange *x, painting *p, const char *from, bool raw);
/* {"width": ..., "timings": {...}}: what is known about a painting. */
json_t *transfer_json(const painting *p, const char *from);
/* The picture type that Accept prefers; NONE: JSON. */
stylize_format transfer_accepts(slice accept);
/* The same of a request, of all lines of the header. */
stylize_format transfer_accepted(const exchange *x);

#endif
