/* What an exchange is answered with. */
#ifndef SERVER_ANSWER_H
#define SERVER_ANSWER_H

#include "base/json_text.h"
#include "http/exchange.h"

/* Takes the bytes of b over. */
void answer_buf(exchange *x, unsigned status, const char *type, buf *b);
/* A line of JSON; takes it over. */
void answer_json(exchange *x, unsigned status, json_t *taken);
/* Static memory. */
void answer_static(exchange *x, unsigned status, const char *type, const void *data, size_t size);
/* Memory that release(user) gives back. */
void answer_shared(exchange *x, unsigned status, const char *type, const void *data, size_t size,
                   void (*release)(void *user), void *user);
void answer_response(exchange *x, unsigned status, const char *type, struct MHD_Response *response);
void answer_problem(exchange *x, const problem *p);
void answer_empty(exchange *x, unsigned status);
/* 503: memory ran out. */
void answer_no_memory(exchange *x);
void answer_header(exchange *x, const char *name, const char *value);
/* What every answer carries; just before it is sent. */
void answer_common(exchange *x);

#endif
