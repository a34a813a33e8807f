#include "job/job.h"

#include <string.h>

void stz_job_release(stz_job *job)
{
    for (size_t i = 0; i < STYLIZE_STYLES_MAX; i++)
        if (job->library[i])
            stz_style_unref(job->library[i]);
    memset(job->library, 0, sizeof job->library);
    stylize_image_free(&job->content);
    stylize_image_free(&job->work);
    stylize_image_free(&job->painted);
    stylize_image_free(&job->result);
}

bool stz_job_progress(stz_job *job, float done)
{
    if (!job->req.progress || done <= job->progress)
        return true;
    job->progress = done;
    return !job->req.progress(job->req.progress_user, done);
}

bool stz_job_painted(stz_job *job, float done)
{
    if (job->pass_share > 0)
        done = job->pass_from + job->pass_share * done;
    return stz_job_progress(job,
                            0.98f * ((float)job->layers_done + done) / (float)stz_max(job->layer_count, 1));
}
