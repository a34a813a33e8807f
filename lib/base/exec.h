/* How long work runs: on which threads, and when it must stop. */
#ifndef STZ_EXEC_H
#define STZ_EXEC_H

#include <stdatomic.h>

#include "base/team.h"

/* Given to everything that takes long. */
typedef struct stz_exec {
    stz_team *team;
    const atomic_int *cancel; /* non-zero: stop soon with STYLIZE_ERR_CANCELLED; may be NULL */
    uint64_t deadline_ns;     /* stop likewise once stz_now_ns passes it; 0: none */
} stz_exec;

static inline bool stz_cancelled(const stz_exec *x)
{
    return (x->cancel && atomic_load_explicit(x->cancel, memory_order_relaxed)) ||
           (x->deadline_ns && stz_now_ns() > x->deadline_ns);
}

#endif
