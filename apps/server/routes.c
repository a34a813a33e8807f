/* The table of routes. */
#include "routes.h"

#include "api/batch.h"
#include "api/export.h"
#include "api/job_events.h"
#include "api/job_routes.h"
#include "api/page_routes.h"
#include "api/privacy.h"
#include "api/status.h"
#include "api/style_jobs.h"
#include "api/styles.h"
#include "api/transfer.h"
#include "http/answer_later.h"

const route routes[] = {
    {"page", "GET", "/", ACCESS_OPEN, false, true, false, page_index, NULL},
    {"page_part", "GET", "/page/*", ACCESS_OPEN, false, false, false, page_part, NULL},
    {"openapi", "GET", "/openapi.json", ACCESS_OPEN, false, true, false, page_api, NULL},
    {"transfer", "POST", "/api/v1/style-transfer", ACCESS_USER, true, true, true, transfer_start,
     transfer_finish},
    {"job_post", "POST", "/api/v1/jobs", ACCESS_USER, true, true, true, jobs_post, answered_later},
    {"job", "GET", "/api/v1/jobs/*", ACCESS_USER, false, true, false, jobs_get, answered_later},
    {"job_delete", "DELETE", "/api/v1/jobs/*", ACCESS_USER, false, true, false, jobs_delete, answered_later},
    {"job_result", "GET", "/api/v1/jobs/*/result", ACCESS_USER, false, true, false, jobs_result,
     answered_later},
    {"job_events", "GET", "/api/v1/jobs/*/events", ACCESS_USER, false, true, false, jobs_events,
     answered_later},
    {"job_preview", "GET", "/api/v1/jobs/*/preview", ACCESS_USER, false, true, false, style_jobs_preview,
     answered_later},
    {"job_keep", "POST", "/api/v1/jobs/*/keep", ACCESS_USER, false, true, false, style_jobs_keep, NULL},
    {"data_export", "GET", "/api/v1/data/*", ACCESS_USER, false, true, false, privacy_export, answered_later},
    {"data_erase", "DELETE", "/api/v1/data/*", ACCESS_USER, false, true, false, privacy_erase,
     answered_later},
    {"batch", "POST", "/api/v1/batches", ACCESS_USER, true, true, true, batch_start, answered_later},
    {"styles", "GET", "/api/v1/styles", ACCESS_OPEN, false, true, false, styles_list, NULL},
    {"style_learn", "POST", "/api/v1/styles", ACCESS_ADMIN, true, true, true, style_jobs_post,
     answered_later},
    {"style", "GET", "/api/v1/styles/*", ACCESS_OPEN, false, true, false, styles_one, NULL},
    {"style_add", "POST", "/api/v1/styles/*", ACCESS_ADMIN, true, true, true, styles_add, styles_added},
    {"style_remove", "DELETE", "/api/v1/styles/*", ACCESS_ADMIN, false, true, false, styles_remove, NULL},
    {"preview", "GET", "/api/v1/styles/*/preview", ACCESS_OPEN, false, true, false, styles_preview, NULL},
    {"session", "GET", "/api/v1/session", ACCESS_OPEN, false, true, false, status_session, NULL},
    {"info", "GET", "/api/v1/info", ACCESS_OPERATOR, false, true, false, status_info, NULL},
    {"health", "GET", "/health", ACCESS_OPEN, false, false, false, status_health, NULL},
    {"live", "GET", "/health/live", ACCESS_OPEN, false, false, false, status_live, NULL},
    {"ready", "GET", "/health/ready", ACCESS_OPEN, false, false, false, status_ready, NULL},
    {"v2", "GET", "/v2", ACCESS_OPEN, false, true, false, status_server, NULL},
    {"v2_live", "GET", "/v2/health/live", ACCESS_OPEN, false, false, false, status_live, NULL},
    {"v2_ready", "GET", "/v2/health/ready", ACCESS_OPEN, false, false, false, status_ready, NULL},
    {"v2_model", "GET", "/v2/models/*", ACCESS_OPEN, false, true, false, models_one, NULL},
    {"v2_model_ready", "GET", "/v2/models/*/ready", ACCESS_OPEN, false, true, false, models_ready, NULL},
    {"metrics", "GET", "/metrics", ACCESS_OPERATOR, false, false, false, status_metrics, NULL},
};
const int route_count = APP_LEN(routes);
