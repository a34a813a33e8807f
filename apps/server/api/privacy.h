/* What is stored under a subject: shown, and removed. */
#ifndef SERVER_PRIVACY_H
#define SERVER_PRIVACY_H

#include "http/exchange.h"

void privacy_export(exchange *x);
void privacy_erase(exchange *x);

#endif
