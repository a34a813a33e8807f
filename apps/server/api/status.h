/* Routes about the server itself. */
#ifndef SERVER_STATUS_H
#define SERVER_STATUS_H

#include "http/exchange.h"

void status_live(exchange *x);
void status_ready(exchange *x);
void status_health(exchange *x);
void status_server(exchange *x);
void status_session(exchange *x);
void status_info(exchange *x);
void status_metrics(exchange *x);

#endif
