"""An address of its own for the operator; traces that pass through."""
import re
import subprocess

import httpx
import pytest
from conftest import BINARY, PATIENCE


def operators(server):
    """A client of the second address."""
    line = server.wait_for_log("for the operator on")
    return httpx.Client(base_url=f"http://127.0.0.1:{line['message'].rsplit(' ', 1)[1]}", timeout=PATIENCE)


def test_what_is_the_operators_is_there_and_only_there(start, photo, artwork):
    s = start("--admin-listen", "127.0.0.1:0")
    with operators(s) as admin:
        assert admin.get("/metrics").status_code == admin.get("/api/v1/info").status_code == 200
        for path in ("/metrics", "/api/v1/info"):
            assert s.client.get(path).json()["code"] == "not_found"
        new = {"style_image": artwork}
        assert s.client.post("/api/v1/styles/mine", files=new).status_code == 405  # of GET it knows
        assert admin.post("/api/v1/styles/mine", files=new).status_code in (200, 201)
        assert s.paint(photo, style_id="mine").status_code == 200  # what it was for
        for path in ("/", "/openapi.json", "/api/v1/styles", "/v2", "/api/v1/jobs/x"):
            assert admin.get(path).status_code in (404, 405), path
        assert admin.post("/api/v1/style-transfer", files={"content_image": photo}).status_code == 404
        for client in (admin, s.client):
            assert client.get("/health").status_code == client.get("/health/ready").status_code == 200
    assert s.client.get("/api/v1/session").json()["learns_styles"] is False


def test_both_addresses_are_checked(start, tmp_path):
    for wrong, said in (("nowhere", "admin-listen is \"nowhere\"; allowed: ADDRESS:PORT"),
                        ("0.0.0.0:0", "0.0.0.0:0 can be reached by others")):
        for command in ([], ["check"]):
            done = subprocess.run([BINARY, *command, "--listen", "127.0.0.1:0", "--admin-listen", wrong, "--state-dir", str(tmp_path)],
                                  capture_output=True, text=True, timeout=PATIENCE, check=False)
            assert done.returncode != 0 and said in done.stderr, done.stderr
    first = start()
    done = subprocess.run([BINARY, "--listen", "127.0.0.1:0", "--admin-listen", f"127.0.0.1:{first.port}", "--state-dir", str(tmp_path)],
                          capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode != 0 and f"cannot listen on 127.0.0.1:{first.port}: " in done.stderr


def test_without_it_there_is_one_address(server):
    assert server.client.get("/metrics").status_code == 200


@pytest.mark.parametrize("parent,traced", [("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", True),
                                           ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331", False), (None, False)])
def test_traces_stand_in_the_log(server, parent, traced):
    answer = server.client.get("/api/v1/styles", headers={"traceparent": parent} if parent else {})
    line = server.wait(lambda: next((one for one in server.log() if one.get("request_id") == answer.headers["x-request-id"]), None))
    assert ("trace_id" in line) == traced
    if traced:
        assert (line["trace_id"], line["parent_span_id"]) == (parent[3:35], parent[36:52])
        assert re.fullmatch("[0-9a-f]{16}", line["span_id"]) and line["span_id"] != parent[36:52]
