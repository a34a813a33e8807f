#include "api/privacy.h"

#include <string.h>

#include "api/batch.h"
#include "api/transfer.h"
#include "fleet/fleet.h"
#include "fleet/report.h"
#include "http/answer.h"
#include "http/answer_later.h"
#include "jobs/broker_jobs.h"
#include "jobs/job_removal.h"

bool privacy_subject(exchange *x, char out[STORED_SUBJECT])
{
    params p = {0};
    problem wrong;
    if (!params_set(&p, NULL, (slice){"subject", 7}, (slice){x->part, strlen(x->part)}, &wrong)) {
        answer_problem(x, &wrong);
        return false;
    }
    subject_join(out, x->key.name, p.subject);
    return true;
}

static void erase_data(exchange *x)
{
    server *s = x->server;
    char subject[STORED_SUBJECT];
    if (!privacy_subject(x, subject))
        return;
    const bool whole = fleet_whole(s);
    /* First what puts results into the cache. */
    batches_erase(s, subject);
    const bool found = !s->jobs->broker || broker_find_subject(s->jobs->broker, subject);
    bool gone = found;
    const size_t jobs = jobs_erase(s->jobs, subject, INT64_MAX, false, &gone);
    const size_t paintings = painter_erase(&s->painter, subject);
    const size_t results = keeper_forget(&s->painter.keeper, subject, &gone);
    const bool told = fleet_erased(s, subject);
    const bool complete = gone && whole && told && fleet_whole(s);
    answer_json(x, 200,
                json_pack("{s:{s:I, s:I, s:I}, s:b}", "deleted", "paintings", (json_int_t)paintings, "jobs",
                          (json_int_t)jobs, "results", (json_int_t)results, "complete", (int)complete));
}

void privacy_erase(exchange *x) { answer_later(x, erase_data); }
