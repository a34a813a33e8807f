"""What was accepted is painted, however many threads there are and however little room."""
import io
import threading
import zipfile

import pytest
from conftest import PATIENCE

STATES = ("done", "failed", "cancelled")


@pytest.mark.heavy
@pytest.mark.parametrize("threads", ["16", "64"])
def test_accepted_jobs_and_batches_wait_for_room(start, photo, threads):
    """Pixels of two pictures have room; jobs and batches start as many as there are threads."""
    s = start("--threads", threads, "--max-decoded-bytes", "10M", "--cache-memory", "0", "--rate-limit", "0")
    answers = []

    def batch(first):
        answers.append(s.client.post("/api/v1/batches", files=[("content_image", photo + bytes([i])) for i in range(12)],
                                     data={"style_id": "scream", "output_size": str(400 + first)}, timeout=PATIENCE))
    jobs = []
    for i in range(30):
        made = s.add_job(photo, output_size=str(300 + 4 * i))
        assert made.status_code == 202
        jobs.append(made.json()["id"])
    batches = [threading.Thread(target=batch, args=[4 * i]) for i in range(2)]
    for b in batches:
        b.start()
    for b in batches:
        b.join()

    def states():
        return [s.client.get(f"/api/v1/jobs/{job}").json()["state"] for job in jobs]
    s.wait(lambda: all(state in STATES for state in states()))
    assert states() == ["done"] * 30
    for answer in answers:
        with zipfile.ZipFile(io.BytesIO(answer.content)) as z:
            assert z.namelist() == [f"{i:04}.jpg" for i in range(1, 13)]
    s.wait(lambda: s.metric("stylize_queue_depth") == 0)
    assert s.metric("stylize_decoded_bytes") == 0 and s.metric("stylize_waiting_for_room") == 0
    assert s.metric('stylize_rejected_total{reason="memory"}') == 0


def test_a_picture_that_never_has_room_is_refused_at_once(start, photo):
    s = start("--max-decoded-bytes", "2M")
    assert s.add_job(photo).status_code == 413
