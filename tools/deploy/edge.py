"""The shipped configurations of the proxies, with other addresses and folders put in place of the example's."""
import os
import pathlib
import re
import shutil
import subprocess

SOURCE = pathlib.Path(__file__).resolve().parents[2]


def binary(name):
    """Where the program is; daemons are often not on the path of users."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")


def certificate(folder):
    """stylize.pem and stylize.key, for nginx, and both.pem, for haproxy."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-keyout", folder / "stylize.key", "-out", folder / "stylize.pem", "-days", "2", "-subj",
                    "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
                   check=True, capture_output=True)
    both = (folder / "stylize.pem").read_bytes() + (folder / "stylize.key").read_bytes()
    (folder / "both.pem").write_bytes(both)


def put(text, old, new, count=1):
    """Every change to a shipped file must find what it changes."""
    assert text.count(old) == count, f"{old!r} stands {text.count(old)} times in the shipped configuration"
    return text.replace(old, new)


def write_servers(folder, servers):
    """Servers as "ADDRESS:PORT" or "ADDRESS:PORT down", with the parameters of the example."""
    example = (SOURCE / "deploy/nginx/stylize-servers.list").read_text()
    lines = re.findall(r"^server 10\.0\.0\.\d+:8080 (.*);$", example, re.M)
    assert len(lines) == len(servers) == 3
    (folder / "servers.list").write_text(
        "".join(f"server {s.split()[0]} {line} {' '.join(s.split()[1:])};\n" for s, line in zip(servers, lines)))


def write_nginx(folder, tls, plain, servers, change=lambda text: text):
    """nginx.conf in the folder: TLS at the address `tls`, plain HTTP at `plain`."""
    write_servers(folder, servers)
    text = (SOURCE / "deploy/nginx/stylize.conf").read_text()
    text = put(text, "/etc/nginx/stylize-servers.list", str(folder / "servers.list"), 3)
    text = put(text, "/etc/nginx/tls/", f"{folder}/", 2)
    text = put(text, "/var/log/nginx/", f"{folder}/")
    text = put(text, "    listen [::]:80;\n", "")
    text = put(text, "    listen [::]:443 ssl http2;\n", "")
    text = put(text, "listen 80;", f"listen {plain};")
    text = put(text, "listen 443 ssl http2;", f"listen {tls} ssl http2;")
    (folder / "stylize.conf").write_text(change(text))
    user = "user root;" if os.geteuid() == 0 else ""
    temp = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (folder / "nginx.conf").write_text(
        f"{user} daemon off; pid {folder}/pid; error_log {folder}/error.log info; worker_processes 2;"
        f" events {{ worker_connections 512; }} http {{ {temp} include {folder}/stylize.conf; }}")


def write_haproxy(folder, tls, plain, servers, change=lambda text: text):
    """haproxy.cfg in the folder; its socket for commands is folder/admin."""
    text = (SOURCE / "deploy/haproxy/haproxy.cfg").read_text()
    for line in ("    log /dev/log local0\n", "    user haproxy\n", "    group haproxy\n"):
        text = put(text, line, "")
    text = put(text, "/run/haproxy/admin.sock mode 660", f"{folder}/admin mode 600")
    text = put(text, "/etc/haproxy/tls/stylize.pem", f"{folder}/both.pem")
    text = put(text, "bind :80\n", f"bind {plain}\n")
    text = put(text, "bind :443 ", f"bind {tls} ")
    for server, example in zip(servers, ("10.0.0.11:8080", "10.0.0.12:8080", "10.0.0.13:8080")):
        text = put(text, example, server, 3)
    (folder / "haproxy.cfg").write_text(change(text))
