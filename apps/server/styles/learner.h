/*
 * Learns styles: jobs that have a style instead of a painting, one after the other, on a thread of its own with a low
 * priority. The library runs a fit on the thread that asks for it, so no thread that paints is taken from
 * pictures, and the processors are the fit's only as far as pictures leave them.
 */
#ifndef SERVER_LEARNER_H
#define SERVER_LEARNER_H

#include "jobs/job_list.h"
#include "styles/gallery.h"

struct learner;

#define STYLES_WAIT_MAX 16 /* jobs that may wait to be learnt, with the one that is */

/* NULL without memory. */
struct learner *learner_create(struct jobs *j, struct gallery *g);
bool learner_start(struct learner *l);
/* Ends within a step; what was being learnt begins anew in the next run. After jobs_stop. */
void learner_stop(struct learner *l);
void learner_destroy(struct learner *l);

#endif
