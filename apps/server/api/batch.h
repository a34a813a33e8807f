/* POST /api/v1/batches: many pictures, one style; the results as a ZIP file that grows as they come. */
#ifndef SERVER_BATCH_H
#define SERVER_BATCH_H

#include "http/exchange.h"

void batch_start(exchange *x);
/* Ends the batches of a subject: what was not sent yet becomes an error. */
void batches_erase(server *s, const char *subject);

#endif
