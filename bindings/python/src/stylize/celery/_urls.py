"""Pictures by URL: file, http, https, s3, data."""

import base64
import binascii
import contextlib
import functools
import http.client
import os
import pathlib
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from typing import Any

from .._errors import FileError, InvalidError, LimitError, NotFoundError, TransferError, UnsupportedError
from . import _settings as settings

_PASSING = {408, 425, 429, 500, 502, 503, 504}
_MISSING = {"404", "NoSuchKey", "NoSuchBucket", "NotFound"}


def shown(url: str) -> str:
    """A URL for messages: without passwords, queries, and what a data URL carries."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme == "data":
        return "data:..."
    host = parts.netloc.rpartition("@")[2]
    return urllib.parse.urlunsplit((parts.scheme, host, parts.path, "", ""))


def fetch(url: str, limit: int = settings.MAX_BYTES) -> bytes:
    """The contents; NotFoundError if there is nothing, TransferError for what may pass."""
    scheme = _scheme(url)
    if scheme == "data":
        data = _data(url)
    elif scheme == "file":
        data = _read_file(_path(url), limit)
    elif scheme == "s3":
        data = _s3_get(url, limit)
    else:
        data = _http(url, "GET", limit)
    if len(data) > limit:
        raise LimitError(f"{shown(url)} has more than {limit} bytes")
    return data


def store(url: str, data: bytes, mime: str) -> None:
    """Writes the whole or nothing."""
    scheme = _scheme(url)
    if scheme == "file":
        _write_file(_path(url), data)
    elif scheme == "s3":
        _s3_put(url, data, mime)
    elif scheme in ("http", "https"):
        _http(url, "PUT", 1 << 20, data, mime)
    else:
        raise InvalidError(f"nothing can be written to {shown(url)}")


def find(url: str) -> bytes | None:
    """The contents of a result, or None if there is nothing."""
    try:
        return fetch(url, 1 << 31)
    except NotFoundError:
        return None


def remove(url: str) -> None:
    """Takes away what store wrote, where that can be done; over HTTP it stays."""
    scheme = _scheme(url)
    if scheme == "file":
        path = _path(url)
        with contextlib.suppress(OSError):
            path.unlink()
            path.parent.rmdir()  # if it was the last
    elif scheme == "s3" and (client := _s3(os.getpid())) is not None:
        bucket, key = _s3_place(url)
        with _s3_errors(url):
            client.delete_object(Bucket=bucket, Key=key)


def _scheme(url: str) -> str:
    if not isinstance(url, str):
        raise InvalidError(f"a URL is needed, not {type(url).__name__}")
    scheme = urllib.parse.urlsplit(url).scheme.lower()
    if scheme not in ("file", "http", "https", "s3", "data"):
        raise InvalidError(f'"{shown(url)[:100]}" is no URL of file, http, https, s3 or data')
    return scheme


def _data(url: str) -> bytes:
    head, comma, body = url.partition(",")
    if not comma or not head.endswith(";base64"):
        raise InvalidError("a data URL must be of the form data:image/jpeg;base64,...")
    if len(body) > settings.MAX_DATA_URL * 4 // 3 + 4:
        raise LimitError(f"a data URL may hold {settings.MAX_DATA_URL} bytes; store the picture and pass its URL")
    try:
        return base64.b64decode(urllib.parse.unquote(body), validate=True)
    except binascii.Error as e:
        raise InvalidError(f"a data URL is damaged: {e}") from None


# ------------------------------------------------------------ files


def _path(url: str) -> pathlib.Path:
    parts = urllib.parse.urlsplit(url)
    if parts.netloc not in ("", "localhost"):
        raise InvalidError(f'"{shown(url)}" names the host {parts.netloc}; file:///path is needed')
    try:
        path = pathlib.Path(urllib.parse.unquote(parts.path)).resolve()
    except ValueError as e:
        raise InvalidError(f"{shown(url)}: {e}") from None
    if settings.FILES and not path.is_relative_to(pathlib.Path(settings.FILES).resolve()):
        raise InvalidError(f"{shown(url)} lies outside the folder that STYLIZE_FILES allows")
    return path


def _read_file(path: pathlib.Path, limit: int) -> bytes:
    try:
        with open(path, "rb") as f:
            return f.read(limit + 1)
    except FileNotFoundError:
        raise NotFoundError(f"there is no file {path}") from None
    except OSError as e:
        raise FileError(f"cannot read {path}: {e.strerror}") from None


def _write_file(path: pathlib.Path, data: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name[:40]}.", dir=path.parent)
        try:
            with open(handle, "wb") as f:
                f.write(data)
            os.chmod(temporary, 0o644)
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise
    except OSError as e:
        raise FileError(f"cannot write {path}: {e.strerror}") from None


# ------------------------------------------------------------ HTTP


def _http(url: str, method: str, limit: int, body: bytes | None = None, mime: str = "") -> bytes:
    if "@" in urllib.parse.urlsplit(url).netloc:
        raise InvalidError(f"{shown(url)} carries a password; a signed URL does without")
    headers = {"Content-Type": mime} if mime else {}
    request = urllib.request.Request(url, data=body, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=settings.HTTP_TIMEOUT) as answer:
            data: bytes = answer.read(limit + 1)
            return data
    except urllib.error.HTTPError as e:
        if e.code in (404, 410):
            raise NotFoundError(f"{shown(url)}: {e.code} {e.reason}") from None
        kind = TransferError if e.code in _PASSING else FileError
        raise kind(f"{method} {shown(url)}: {e.code} {e.reason}") from None
    except (http.client.InvalidURL, ValueError):
        raise InvalidError(f"{shown(url)[:100]} is no usable URL") from None
    except (OSError, http.client.HTTPException) as e:
        raise TransferError(f"{method} {shown(url)}: {e}") from None


# ------------------------------------------------------------ S3


@functools.lru_cache(maxsize=1)
def _s3(_pid: int) -> Any:
    """A boto3 client of this process; None without boto3."""
    try:
        import boto3
        from botocore.config import Config
    except ImportError:
        return None
    timeout = settings.HTTP_TIMEOUT
    config = Config(connect_timeout=timeout, read_timeout=timeout, s3={"addressing_style": "path"})
    return boto3.client("s3", endpoint_url=settings.S3_ENDPOINT, config=config)


def _s3_place(url: str) -> tuple[str, str]:
    parts = urllib.parse.urlsplit(url)
    key = urllib.parse.unquote(parts.path.removeprefix("/"))
    if not parts.netloc or not key:
        raise InvalidError(f'"{shown(url)}" is not of the form s3://bucket/key')
    return parts.netloc, key


@contextlib.contextmanager
def _s3_errors(url: str) -> Iterator[None]:
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

    try:
        yield
    except ClientError as e:
        code = str(e.response.get("Error", {}).get("Code", ""))
        status = e.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if code in _MISSING or status == 404:
            raise NotFoundError(f"{shown(url)}: {code}") from None
        kind = TransferError if status in _PASSING else FileError
        raise kind(f"{shown(url)}: {code} {status}") from None
    except NoCredentialsError as e:
        raise FileError(f"{shown(url)}: {e}") from None
    except (BotoCoreError, OSError) as e:
        raise TransferError(f"{shown(url)}: {e}") from None


def _plain(url: str) -> str:
    """The address at an endpoint that asks for no signature."""
    bucket, key = _s3_place(url)
    if not settings.S3_ENDPOINT:
        raise UnsupportedError("s3:// needs boto3 (pip install 'stylize[s3]'), or STYLIZE_S3_ENDPOINT unsigned")
    return f"{settings.S3_ENDPOINT.rstrip('/')}/{bucket}/{urllib.parse.quote(key)}"


def _s3_get(url: str, limit: int) -> bytes:
    client = _s3(os.getpid())
    if client is None:
        return _http(_plain(url), "GET", limit)
    bucket, key = _s3_place(url)
    with _s3_errors(url):
        body = client.get_object(Bucket=bucket, Key=key)["Body"]
        data: bytes = body.read(limit + 1)
        return data


def _s3_put(url: str, data: bytes, mime: str) -> None:
    client = _s3(os.getpid())
    if client is None:
        _http(_plain(url), "PUT", 1 << 20, data, mime)
        return
    bucket, key = _s3_place(url)
    with _s3_errors(url):
        client.put_object(Bucket=bucket, Key=key, Body=data, ContentType=mime)
