"""TLS: what is spoken, and certificates that change."""
import shutil
import signal
import ssl
import subprocess

import pytest
from conftest import PATIENCE, make_certificate, run

pytestmark = pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")


def flags(folder):
    return ["--tls-cert", str(folder / "cert.pem"), "--tls-key", str(folder / "key.pem")]


def make_rsa(folder):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=rsa", "-days", "2",
                    "-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")], check=True,
                   capture_output=True)


def speaks(s, *options):
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{s.port}", *options], input="",
                          capture_output=True, text=True, timeout=PATIENCE, check=False)
    return "Cipher is (NONE)" not in done.stdout and "Cipher is" in done.stdout


def test_only_forward_secrecy_and_authenticated_encryption(start, tmp_path):
    make_rsa(tmp_path)
    s = start(*flags(tmp_path), scheme="https")
    for suite in ("ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-CHACHA20-POLY1305"):
        assert speaks(s, "-tls1_2", "-cipher", suite + ":@SECLEVEL=0"), suite
    for suite in ("AES128-GCM-SHA256", "AES256-SHA", "ECDHE-RSA-AES128-SHA", "ECDHE-RSA-AES256-SHA",
                  "ECDHE-RSA-AES128-SHA256", "AES128-CCM"):
        assert not speaks(s, "-tls1_2", "-cipher", suite + ":@SECLEVEL=0"), suite
    for suite in ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"):
        assert speaks(s, "-tls1_3", "-ciphersuites", suite), suite


def test_priorities_are_an_option(start, tmp_path):
    make_rsa(tmp_path)
    s = start(*flags(tmp_path), "--tls-priorities", "NORMAL:-VERS-ALL:+VERS-TLS1.3", scheme="https")
    assert speaks(s, "-tls1_3") and not speaks(s, "-tls1_2")
    done = run("check", *flags(tmp_path), "--tls-priorities", "NORMAL:+NONSENSE")
    assert done.returncode == 2 and "NONSENSE" in done.stderr and "tls-priorities" in done.stderr


def test_a_certificate_may_change_any_number_of_times(start, tmp_path):
    make_certificate(tmp_path, "first")
    s = start(*flags(tmp_path), scheme="https")
    pairs = []
    for i in range(2):
        make_certificate(tmp_path, f"number {i}")
        pairs.append(((tmp_path / "cert.pem").read_bytes(), (tmp_path / "key.pem").read_bytes()))
    for i in range(80):  # each another one than before
        (tmp_path / "cert.pem").write_bytes(pairs[i % 2][0])
        (tmp_path / "key.pem").write_bytes(pairs[i % 2][1])
        logged = s.log_path.stat().st_size
        s.process.send_signal(signal.SIGHUP)
        s.wait_for_log("certificate were read again", logged)
    assert ssl.get_server_certificate(("127.0.0.1", s.port)).strip() == pairs[1][0].decode().strip()
    assert s.client.get("/health").status_code == 200
