/* The two forms of a request's body: multipart and JSON. */
#ifndef SERVER_PARAMS_READ_H
#define SERVER_PARAMS_READ_H

#include "config/config.h"
#include "paint/params.h"
#include "paint/work.h"

/* A multipart body; the pictures are slices of it. */
bool params_read_form(params *p, const params_limits *limits, slice body, slice boundary, problem *wrong);
/* A JSON body; the pictures are decoded into `pictures`, which must outlive p. */
bool params_read_json(params *p, const params_limits *limits, slice body, buf *pictures, problem *wrong);
/* Either, by its Content-Type. memory: with the body; receives decoded pictures. */
bool params_read(params *p, const params_limits *limits, blob *memory, slice content_type, problem *wrong);
params_limits params_limits_of(const config *c);

#endif
