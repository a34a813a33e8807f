"""Celery tasks that paint: `celery -A stylize.celery worker -Q stylize`. See docs/celery.md.

    from stylize.celery import async_style_transfer

    path = async_style_transfer.delay("photo.jpg", "artwork.jpg", 1024).get()
"""

from ._app import app
from ._keys import data_url
from ._shared import paint_shared
from ._tasks import async_style_transfer, paint

__all__ = ["app", "async_style_transfer", "data_url", "paint", "paint_shared"]
