"""The OpenAPI document against the server, by schemathesis where it is installed."""
import pathlib
import subprocess
import sys

import pytest
from conftest import PATIENCE

pytestmark = pytest.mark.heavy
TOOL = pathlib.Path(sys.executable).with_name("schemathesis")
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


@pytest.mark.skipif(not TOOL.exists(), reason="schemathesis is not installed")
def test_every_answer_is_one_that_the_document_names(server, tmp_path):
    done = subprocess.run([str(TOOL), "run", f"{server.url}/openapi.json", "--max-examples", "12", "--seed", "1",
                           "--request-timeout", str(PATIENCE), "--checks", CHECKS, "--phases", "examples,coverage,fuzzing"],
                          capture_output=True, text=True, timeout=PATIENCE, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stdout[-4000:]
