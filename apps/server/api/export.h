/* GET /api/v1/data/SUBJECT */
#ifndef SERVER_EXPORT_H
#define SERVER_EXPORT_H

#include "http/exchange.h"

#define EXPORTS_MAX 8 /* at a time: each holds a picture in base64 */

void privacy_export(exchange *x);

#endif
