"""The lines of apps/server/README.md do as they stand there."""
import re
import subprocess

import pytest
from conftest import PATIENCE, SOURCE, Server

TEXT = (SOURCE / "apps/server/README.md").read_text(encoding="utf-8")
BLOCKS = [b for b in re.findall(r"```sh\n(.*?)```", TEXT, re.S) if "curl" in b]
ADDRESS = "http://127.0.0.1:8080"
NAMES = r"-o (\S+)"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("readme")
    s = Server(folder, "--rate-limit", "0", "--style-dir", str(folder / "styles"))
    yield s
    assert s.stop() == 0


def test_it_has_lines():
    assert len(BLOCKS) >= 9 and all(ADDRESS in b for b in BLOCKS)


@pytest.mark.heavy
@pytest.mark.parametrize("block", BLOCKS, ids=[b.splitlines()[0][:40] for b in BLOCKS])
def test_lines_work_as_printed(server, tmp_path, block):
    (tmp_path / "examples").symlink_to(SOURCE / "examples")
    done = subprocess.run(["bash", "-e", "-o", "pipefail", "-c", block.replace(ADDRESS, server.url)], cwd=tmp_path,
                          capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stderr
    assert "error" not in done.stdout.replace("error.json", "")
    for name in re.findall(NAMES, block):
        assert (tmp_path / name).stat().st_size > 100
