/* Requests whose answer needs a disk or the network: worked on by the I/O pool. */
#ifndef SERVER_ANSWER_LATER_H
#define SERVER_ANSWER_LATER_H

#include "http/exchange.h"

/* From a route's start: suspends the exchange, work(x) answers it on another thread. 503 at once if
 * too much waits. The route's finish must be answered_later. */
void answer_later(exchange *x, void (*work)(exchange *x));
/* The same by a thread that reads and computes, and waits for nobody. */
void answer_prepared(exchange *x, void (*work)(exchange *x));
void answered_later(exchange *x);

#endif
