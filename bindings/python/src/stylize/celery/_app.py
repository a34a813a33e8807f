"""The Celery application and its configuration."""

from celery import Celery

from . import _settings as settings
from ._worker import KeepAlive, WarmUp

app = Celery("stylize", broker=settings.BROKER, backend=settings.BACKEND)
app.conf.update(
    task_default_queue=settings.QUEUE,
    task_routes={"stylize.*": {"queue": settings.QUEUE}},
    task_serializer="json",
    result_serializer="json",
    accept_content=["json"],
    # A task is over when its result is stored, not when a worker took it.
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    # A task that is given out again finds its result; left out instead, a tile whose worker went just after storing
    # its result would not be counted among those that the picture waits for.
    worker_deduplicate_successful_tasks=False,
    task_track_started=True,
    # Long tasks: no worker hoards what another could begin.
    worker_prefetch_multiplier=1,
    task_soft_time_limit=settings.SOFT_TIME_LIMIT,
    task_time_limit=settings.TIME_LIMIT,
    # A worker may load its networks before it is expected to answer.
    worker_proc_alive_timeout=60,
    # What is in work when Redis goes is finished and stored when it is back. Cancelling it instead ends in REVOKED
    # if Redis, which holds the results too, is still away: an accepted task would be lost.
    worker_cancel_long_running_tasks_on_connection_loss=False,
    result_backend_always_retry=True,
    result_backend_max_sleep_between_retries_ms=2000,
    broker_connection_retry_on_startup=True,
    # KeepAlive renews the claim of those that work, so that a lost worker is noticed soon.
    broker_transport_options={
        "visibility_timeout": settings.VISIBILITY_TIMEOUT,
        "unacked_mutex_expire": max(1, int(settings.VISIBILITY_TIMEOUT / 2)),
        "unacked_restore_interval": max(0.5, settings.VISIBILITY_TIMEOUT / 8),
        "unacked_restore_throttle": 1,
    },
)
app.steps["worker"].add(WarmUp)
app.steps["consumer"].add(KeepAlive)
