/*
 * The statistics of all instance norms. Those of a picture whose longer side is at most STZ_STATS_SIDE are its own;
 * those of a larger one are taken from a version of that size and frozen, whether it is painted whole or in tiles.
 * So a painting does not depend on the memory budget, and its look does not jump where tiles begin.
 */
#ifndef STZ_STATS_H
#define STZ_STATS_H

#include "job/env.h"
#include "job/job.h"

#define STZ_STATS_SIDE 1024

/* Whether a picture of this size is painted with the statistics of a smaller one. */
bool stz_stats_frozen(const stz_model *model, uint32_t width, uint32_t height);
/* The size of the version that gives the job's statistics: smaller still where the budget has no room for it. */
void stz_stats_size(const stz_job *job, int *width, int *height);
/* The statistics for job->work: stats_length floats. */
stylize_status stz_job_stats(const stz_env *env, stz_job *job, const float *code, const stz_exec *exec,
                             float *stats, stylize_error *err);

#endif
