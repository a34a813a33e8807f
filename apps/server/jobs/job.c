#include "jobs/job.h"

#include <stdlib.h>

#include "common/clock.h"

void job_hold(job *b) { atomic_fetch_add(&b->references, 1); }

void job_release(job *b)
{
    if (!b || atomic_fetch_sub(&b->references, 1) != 1)
        return;
    painting_release(b->result);
    work_free(&b->work);
    job_style_free(b->style);
    free(b);
}

int64_t job_now_ms(void) { return (int64_t)(now_ns() / 1000000); }

const char *job_word(job_state state)
{
    static const char *const words[] = {"queued", "running", "done", "failed", "cancelled", "expired"};
    return words[state];
}
