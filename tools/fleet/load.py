"""Clients of the fleet: some ask for paintings, some hand in jobs, as programs do that want their pictures:
what was refused or broken off is sent again with the same Idempotency-Key."""
import hashlib
import json
import pathlib
import random
import threading
import time
import uuid

import urllib3

SOURCE = pathlib.Path(__file__).resolve().parents[2]
STYLES = ("starry_night", "scream", "udnie", "great_wave", "mondrian", "wheat_field")
PATIENCE = 60  # seconds that a client goes on asking


class Wish:
    """What a picture is asked for; equal wishes have equal bytes."""

    photos = {name: (SOURCE / "examples/data" / name).read_bytes() for name in ("photo.jpg", "artwork.jpg")}

    def __init__(self, random_, popular):
        # Some pictures are asked for again and again, most of them once or twice.
        number = random_.randrange(30) if popular else random_.randrange(10**6)
        chosen = random.Random(number)
        self.photo = chosen.choice(sorted(self.photos))
        self.fields = {"style_id": chosen.choice(STYLES), "output_size": str(chosen.choice((128, 160, 192, 256))),
                       "strength": f"{chosen.randrange(1, 101) / 100}"}
        self.key = (self.photo, *self.fields.values())

    def form(self):
        return {"content_image": ("photo.jpg", self.photos[self.photo], "image/jpeg"), **self.fields}


def pool():
    urllib3.disable_warnings()
    return urllib3.PoolManager(cert_reqs="CERT_NONE", retries=False, timeout=urllib3.Timeout(connect=5, read=150))


class Book:
    """What all clients saw, for the reckoning."""

    def __init__(self):
        self.lock = threading.Lock()
        self.began = time.monotonic()
        self.answers = []  # (kind, seconds since the begin, seconds it took, sendings)
        self.sendings = {}  # how a single sending ended: status or the name of an error
        self.hashes = {}  # key of a wish: set of hashes
        self.wishes = {}
        self.lost, self.jobs_accepted = [], 0

    def sent(self, how):
        with self.lock:
            self.sendings[how] = self.sendings.get(how, 0) + 1

    def painted(self, kind, wish, picture, began, sendings):
        now = time.monotonic()
        with self.lock:
            self.answers.append((kind, now - self.began, now - began, sendings))
            self.hashes.setdefault(wish.key, set()).add(hashlib.sha256(picture).hexdigest())
            self.wishes[wish.key] = wish


class Client(threading.Thread):
    def __init__(self, kind, url, book, end, pause, seed):
        super().__init__(daemon=True)
        self.kind, self.url, self.book, self.end, self.pause = kind, url, book, end, pause
        self.random = random.Random(seed)
        self.http = pool()
        self.last = None  # what the last sending brought

    def run(self):
        while time.monotonic() < self.end:
            wish = Wish(self.random, self.random.random() < 0.5)
            (self.paint if self.kind == "paint" else self.job)(wish)
            time.sleep(self.random.expovariate(1 / self.pause))

    def send(self, method, path, good, **more):
        """Until it is answered well or patience ends; gives the answer, or None, and how often it was sent."""
        began, sendings = time.monotonic(), 0
        while time.monotonic() - began < PATIENCE:
            sendings += 1
            try:
                answer = self.http.request(method, self.url + path, **more)
                self.book.sent(answer.status)
                self.last = answer.data[:200]
                if answer.status in good:
                    return answer, sendings
                if answer.status not in (409, 429, 502, 503, 504):
                    return answer, sendings
                time.sleep(min(2, float(answer.headers.get("Retry-After", 1))))
            except urllib3.exceptions.HTTPError as error:
                self.book.sent(type(error).__name__)
                self.last = str(error)
                time.sleep(0.5)
        return None, sendings

    def lose(self, what, wish, answer):
        """Nobody answers for this wish any more."""
        with self.book.lock:
            self.book.lost.append(f"{what} {wish.key}: " + (
                f"{answer.status} {answer.data[:200]!r}" if answer else f"no answer, last {self.last!r}"))

    def paint(self, wish):
        began = time.monotonic()
        answer, sendings = self.send("POST", "/api/v1/style-transfer", (200,), fields=wish.form(),
                                     headers={"Accept": "image/jpeg", "Idempotency-Key": str(uuid.uuid4())})
        if answer and answer.status == 200:
            self.book.painted("paint", wish, answer.data, began, sendings)
        else:
            self.lose("painting", wish, answer)

    def job(self, wish):
        began = time.monotonic()
        answer, sendings = self.send("POST", "/api/v1/jobs", (202,), fields=wish.form(),
                                     headers={"Idempotency-Key": str(uuid.uuid4())})
        if not answer or answer.status != 202:
            self.lose("job not accepted", wish, answer)
            return
        with self.book.lock:
            self.book.jobs_accepted += 1
        path = "/api/v1/jobs/" + json.loads(answer.data)["id"]
        state, asked = "queued", time.monotonic()
        while state in ("queued", "running") and time.monotonic() - asked < 2 * PATIENCE:
            time.sleep(0.2)
            answer, _ = self.send("GET", path, (200,))
            if not answer or answer.status != 200:
                break
            state = json.loads(answer.data)["state"]
        if state == "done":
            answer, _ = self.send("GET", path + "/result", (200,), headers={"Accept": "image/jpeg"})
        if state == "done" and answer and answer.status == 200:
            self.book.painted("job", wish, answer.data, began, sendings)
            # Servers keep a number of jobs only; who has his picture makes room.
            self.send("DELETE", path, (204, 404))
        else:
            self.lose(f"accepted job {path} is {state}", wish, answer)
