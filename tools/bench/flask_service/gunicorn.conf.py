"""gunicorn's settings; address, workers and threads come from the environment."""

import os

bind = os.environ["SERVICE_LISTEN"]
workers = int(os.environ.get("SERVICE_WORKERS", "1"))
worker_class = "gevent"
worker_connections = 2000
backlog = 2048
keepalive = 75
timeout = 600  # a full queue is no reason to end a worker
graceful_timeout = 1
loglevel = "warning"
