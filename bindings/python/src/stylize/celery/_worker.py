"""What a worker does besides tasks: one Stylizer a process, and a sign of life for its tasks."""

import os
import time
from typing import Any

from celery import bootsteps, signals
from celery.utils.log import get_logger

from .._library import version
from .._stylizer import Stylizer
from . import _settings as settings

logger = get_logger(__name__)

_threads: int | None = None
_own: tuple[int, Stylizer] | None = None


def stylizer() -> Stylizer:
    """The Stylizer of this process, made at the first call: after the fork, never before."""
    global _own
    if _own is None or _own[0] != os.getpid():
        options = {"threads": _threads, **settings.STYLIZER}
        _own = os.getpid(), Stylizer(**options)
    return _own[1]


def warm_up(**_: Any) -> None:
    started = time.monotonic()
    if settings.WARM_UP != "none":
        stylizer().warm_up(None if settings.WARM_UP == "all" else settings.WARM_UP)
    logger.info("libstylize %s is ready in process %d, %.2f s", version(), os.getpid(), time.monotonic() - started)


def close(**_: Any) -> None:
    global _own
    if _own is not None and _own[0] == os.getpid():
        _own[1].close(cancel=True)
    _own = None


class WarmUp(bootsteps.StartStopStep):  # type: ignore[misc]
    """Makes the Stylizer and loads its networks before the first task comes.

    With the prefork pool in each child, otherwise in the worker itself. The processes share the
    cores out among themselves.
    """

    requires = {"celery.worker.components:Pool"}

    def __init__(self, worker: Any, **options: Any) -> None:
        super().__init__(worker, **options)
        global _threads
        self.forks = worker.pool_cls.__module__.endswith("prefork")
        if self.forks:
            _threads = max(1, len(os.sched_getaffinity(0)) // max(1, worker.concurrency))
            signals.worker_process_init.connect(warm_up)
            signals.worker_process_shutdown.connect(close)

    def start(self, worker: Any) -> None:
        if not self.forks:
            warm_up()

    def stop(self, worker: Any) -> None:
        if not self.forks:
            close()


class KeepAlive(bootsteps.StartStopStep):  # type: ignore[misc]
    """Renews the claim on the messages that are being worked on.

    Redis has no connection that breaks with the worker: a message that nobody acknowledged for
    visibility_timeout is given to another. With this, the timeout is not the longest time that a task
    may take, but the time after which a lost worker is noticed.
    """

    requires = {"celery.worker.consumer.tasks:Tasks"}

    def __init__(self, consumer: Any, **options: Any) -> None:
        super().__init__(consumer, **options)
        self.timer: Any = None

    def start(self, consumer: Any) -> None:
        qos = consumer.task_consumer.channel.qos
        if hasattr(qos, "unacked_index_key"):
            self.timer = consumer.timer.call_repeatedly(settings.VISIBILITY_TIMEOUT / 4, self.renew, (qos,))

    def stop(self, consumer: Any) -> None:
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None

    @staticmethod
    def renew(qos: Any) -> None:
        now = time.time()
        tags = {tag: now for tag in qos._delivered}
        if not tags:
            return
        try:
            with qos.pipe_or_acquire() as pipe:
                pipe.zadd(qos.unacked_index_key, tags, xx=True).execute()
        except qos.channel.connection_errors as e:
            logger.warning("the claim on %d tasks was not renewed: %s", len(tags), e)
