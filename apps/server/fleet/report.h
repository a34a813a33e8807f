/* What is told about the services that servers share: for "check", for metrics, for erasures. */
#ifndef SERVER_FLEET_REPORT_H
#define SERVER_FLEET_REPORT_H

#include <stdio.h>

#include "http/server.h"

/* Whether all are there: a line each to out. False if one is not. */
bool fleet_check(server *s, FILE *out);
void fleet_metrics(server *s, buf *out);
/* Whether all that holds data is there. */
bool fleet_whole(server *s);

#endif
