/* A request as the command line wants it, and what became of it. */
#ifndef CLI_REQUEST_H
#define CLI_REQUEST_H

#include <jansson.h>

#include "args.h"
#include "queue.h"
#include "style.h"

/* The request's settings that are the same for all pictures. */
void request_prepare(stylize_request *r, const cli_args *args, const style_set *styles);
/* Says that a picture was damaged, if it was. */
void report_damage(const char *input, const task *t);
/* What happened to one picture, for --json. */
json_t *report_json(const char *input, const char *output, const task *t);

#endif
