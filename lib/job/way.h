/* How a job is painted. Decided once; whoever comes after looks at job->way. */
#ifndef STZ_WAY_H
#define STZ_WAY_H

#include "job/env.h"
#include "job/job.h"

/* Refuses pictures in CUDA memory that no engine can paint there. Before the content is read; the network is
 * loaded. */
stylize_status stz_way_check(stz_job *job);
/* How the picture job->work is painted: sets need, each and frozen. */
void stz_way_each(stz_job *job);
/* At the end of the prepare step: decides, and says no to what is above the budget in every way. */
stylize_status stz_way_decide(const stz_env *env, stz_job *job);

#endif
