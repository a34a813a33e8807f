"""Containers, manifests, rules and the dashboard: by the checkers of their formats, and against the server itself."""
import functools
import itertools
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import httpx
import pytest
import yaml

import proxy

SOURCE = pathlib.Path(os.environ["STYLIZE_SOURCE"])
DEPLOY = SOURCE / "deploy"
MANIFESTS = sorted((DEPLOY / "kubernetes").glob("*/*.yaml"))
sys.path.insert(0, str(SOURCE / "tools/deploy"))


def run(*command, **more):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, **more)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def needs(name):
    return pytest.mark.skipif(not shutil.which(name), reason=f"{name} is not installed")


def documents(path):
    return [d for d in yaml.safe_load_all(path.read_text()) if d]


@functools.lru_cache
def resources():
    """All of Kubernetes' resources by kind and name."""
    found = [d for path in MANIFESTS if path.name != "kustomization.yaml" for d in documents(path)]
    return {(d["kind"], d["metadata"]["name"]): d for d in found}


def pods():
    return {name: d["spec"]["template"] for (kind, name), d in resources().items() if kind in ("Deployment", "StatefulSet")}


def selected(labels):
    return {name for name, pod in pods().items() if labels.items() <= pod["metadata"]["labels"].items()}


# Containers

def test_dockerfile():
    run("hadolint", "-c", DEPLOY / "container/hadolint.yaml", DEPLOY / "container/Dockerfile")
    out = run("checkov", "--skip-download", "--quiet", "--compact", "--framework", "dockerfile", "-f",
              DEPLOY / "container/Dockerfile")
    assert int(re.search(r"Passed checks: (\d+)", out)[1]) > 0


def test_the_stages_of_the_dockerfile_are_there():
    import container
    stages = container.parse(container.DOCKERFILE.read_text())
    assert list(stages)[-1] == "server"
    for stage in stages.values():
        assert stage.base in stages or stage.base in ("debian:bookworm-slim", "scratch")
        for word, rest in stage.lines:
            source = re.match(r"--from=(\S+)", rest)
            if word == "COPY" and source:
                assert source[1] in stages
    for line in (DEPLOY / "container/Dockerfile.dockerignore").read_text().splitlines():
        if line.startswith("!"):
            assert (SOURCE / line[1:]).exists(), line


def test_what_the_images_are_built_from_is_let_through(tmp_path):
    """CMake's word for it, with only those files: it reads each folder, and names each file that it installs."""
    import container
    for name in container.sources():
        (tmp_path / "src" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "src" / name).symlink_to(SOURCE / name)
    run("cmake", "-S", tmp_path / "src", "-B", tmp_path / "build", "-DSTYLIZE_TORCH=OFF", "-DSTYLIZE_BUILD_TESTS=OFF")
    installed = set()
    for script in (tmp_path / "build").rglob("cmake_install.cmake"):
        installed |= set(re.findall(rf'"({re.escape(str(tmp_path))}/src/[^"]+)"', script.read_text()))
    optional = {str(tmp_path / "src/docs/stylize.1")}
    assert installed and [name for name in sorted(installed - optional) if not pathlib.Path(name).exists()] == []


def test_composition():
    path = DEPLOY / "compose/compose.yaml"
    run("check-jsonschema", "--builtin-schema", "vendor.compose-spec", path)
    top = documents(path)[0]
    for name, service in top["services"].items():
        assert ":" in service["image"] or "build" in service, f"{name}: an image without a version"
        assert service["read_only"] and service["cap_drop"] == ["ALL"], name
        assert service["deploy"]["resources"]["limits"]["memory"], name
        for other, how in service.get("depends_on", {}).items():
            if how["condition"] == "service_healthy" and "build" not in top["services"][other]:
                assert "healthcheck" in top["services"][other], f"{name} waits for {other}, which has no health"
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith(".") and source != "./tls":
                assert (path.parent / source).exists(), f"{name}: {source}"
            elif not source.startswith((".", "/")):
                assert source in top["volumes"], f"{name}: {source}"


def test_secrets_of_the_composition(tmp_path):
    shutil.copy(DEPLOY / "compose/secrets.sh", tmp_path)
    run("sh", tmp_path / "secrets.sh")
    secret = (tmp_path / ".env").read_text().strip().split("=")[1]
    keys = json.loads((tmp_path / "secrets/s3.json").read_text())["identities"][0]["credentials"][0]
    assert len(secret) == 64 and keys["secretKey"] == secret
    assert (tmp_path / "tls/stylize.key").stat().st_mode & 0o077 == 0
    assert subprocess.run(["sh", tmp_path / "secrets.sh"], capture_output=True).returncode == 1
    assert secret in (tmp_path / ".env").read_text()


def options():
    """The variables of the server, by its help, and of the worker, by its document."""
    text = run(os.environ["STYLIZE_SERVER"], "--help")
    server = {"STYLIZE_" + name.upper().replace("-", "_") for name in re.findall(r"^  --([a-z-]+)", text, re.M)}
    worker = set(re.findall(r"`(STYLIZE_\w+)`", (SOURCE / "docs/celery.md").read_text()))
    assert len(server) > 50 and len(worker) > 5
    return server, worker


def test_variables_are_options(tmp_path):
    """Variables that nobody knows are not noticed by the programs."""
    import container
    server, worker = options()
    services = documents(DEPLOY / "compose/compose.yaml")[0]["services"]
    settings = set(resources()["ConfigMap", "stylize"]["data"])
    stages = container.parse(container.DOCKERFILE.read_text())
    given = [(name, set(services[name]["environment"]), known) for name, known in (("server", server), ("worker", worker))]
    given += [("settings.yaml", settings, server | worker)]
    given += [(name, set(re.findall(r"(STYLIZE_\w+)=", " ".join(rest for word, rest in stages[name].lines if word == "ENV"))),
               server) for name in ("server", "cuda")]
    for where, names, known in given:
        unknown = {n for n in names if n.startswith("STYLIZE_")} - known - {"STYLIZE_S3_ENDPOINT", "STYLIZE_STORAGE_ENDPOINT"}
        assert not unknown, f"{where}: {unknown}"
        assert any(n.startswith("STYLIZE_") for n in names), where
    assert "STYLIZE_S3_ENDPOINT" in worker and "STYLIZE_STORAGE_ENDPOINT" in server
    # And their values are allowed.
    (tmp_path / "credentials").write_text("[default]\naws_access_key_id = a\naws_secret_access_key = b\n")
    for environment in (services["server"]["environment"], resources()["ConfigMap", "stylize"]["data"]):
        values = {k: str(v) for k, v in environment.items() if k in server} | {"AWS_ACCESS_KEY_ID": "a",
                                                                              "AWS_SECRET_ACCESS_KEY": "b"}
        if "STYLIZE_STORAGE_KEYS" in values:
            values["STYLIZE_STORAGE_KEYS"] = str(tmp_path / "credentials")
        done = subprocess.run([os.environ["STYLIZE_SERVER"], "check", "--state-dir", tmp_path / "state"],
                              env=os.environ | values, capture_output=True, text=True)
        # 1: it would start, and the services of the example are not here.
        assert done.returncode in (0, 1) and "would start" in done.stdout + done.stderr, done.stdout + done.stderr


# Kubernetes

@pytest.mark.parametrize("path", [p for p in MANIFESTS if p.name != "kustomization.yaml"],
                         ids=lambda p: f"{p.parent.name}/{p.name}")
def test_manifest_fits_its_schema(path):
    import kubernetes_validate
    for d in documents(path):
        kubernetes_validate.validate(d, "1.31", strict=True)


def test_a_wrong_manifest_would_be_found():
    import kubernetes_validate
    wrong = json.loads(json.dumps(resources()["Deployment", "server"]))
    wrong["spec"]["template"]["spec"]["containers"][0]["readinesProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, "1.31", strict=True)


def test_manifests_are_safe():
    out = run("checkov", "--skip-download", "--quiet", "--compact", "--config-file", DEPLOY / "kubernetes/checkov.yaml",
              "-d", DEPLOY / "kubernetes")
    assert int(re.search(r"Passed checks: (\d+)", out)[1]) > 300


@needs("kubectl")
@pytest.mark.parametrize("name", ["base", "gpu"])
def test_kustomization(name):
    built = list(yaml.safe_load_all(run("kubectl", "kustomize", DEPLOY / "kubernetes" / name)))
    images = [c["image"] for d in built if d["kind"] in ("Deployment", "StatefulSet")
              for c in d["spec"]["template"]["spec"]["containers"]]
    assert len(images) == (5 if name == "gpu" else 4) and all(":" in image for image in images)


def test_what_manifests_name_exists():
    for (kind, name), d in resources().items():
        spec = d.get("spec", {})
        if kind == "HorizontalPodAutoscaler":
            assert (spec["scaleTargetRef"]["kind"], spec["scaleTargetRef"]["name"]) in resources()
        if kind in ("PodDisruptionBudget",):
            assert selected(spec["selector"]["matchLabels"]), name
        if kind == "Service" and "selector" in spec:
            chosen = selected(spec["selector"])
            assert chosen, name
            for port, pod in itertools.product(spec["ports"], chosen):
                ports = [p["name"] for c in pods()[pod]["spec"]["containers"] for p in c["ports"]]
                assert port["targetPort"] in ports
        if kind == "Ingress":
            for path in (p for rule in spec["rules"] for p in rule["http"]["paths"]):
                assert ("Service", path["backend"]["service"]["name"]) in resources()
        if kind in ("Deployment", "StatefulSet"):
            assert spec["selector"]["matchLabels"].items() <= spec["template"]["metadata"]["labels"].items()
            for container in spec["template"]["spec"]["containers"]:
                assert {"readinessProbe", "livenessProbe", "resources"} <= container.keys(), name
                for source in container.get("envFrom", []):
                    if "configMapRef" in source:
                        assert ("ConfigMap", source["configMapRef"]["name"]) in resources()
    # The two kinds of servers are one service, and no deployment takes the pods of the other.
    assert selected(resources()["Service", "server"]["spec"]["selector"]) == {"server", "server-gpu"}
    assert selected(resources()["Deployment", "server"]["spec"]["selector"]["matchLabels"]) == {"server"}
    listed = {name for path in MANIFESTS if path.name == "kustomization.yaml" for name in documents(path)[0]["resources"]}
    assert {p.name for p in MANIFESTS if p.name != "kustomization.yaml"} <= listed


# Metrics

@needs("promtool")
def test_rules():
    run("promtool", "check", "config", DEPLOY / "prometheus/prometheus.yml")
    out = run("promtool", "test", "rules", SOURCE / "tests/deploy/alerts_test.yml")
    assert "SUCCESS" in out


def test_every_alert_is_seen_to_fire():
    alerts = {rule["alert"] for group in documents(DEPLOY / "prometheus/alerts.yml")[0]["groups"] for rule in group["rules"]}
    fired = {case["alertname"] for test in documents(SOURCE / "tests/deploy/alerts_test.yml")[0]["tests"]
             for case in test.get("alert_rule_test", []) if case.get("exp_alerts")}
    assert alerts == fired
    explained = (SOURCE / "docs/deployment.md").read_text()
    assert [a for a in alerts if f"`{a}`" not in explained] == []


def dashboard_queries():
    board = json.loads((DEPLOY / "grafana/stylize.json").read_text())
    queries = [t["expr"] for p in board["panels"] for t in p.get("targets", [])]
    queries += [a["expr"] for a in board["annotations"]["list"]]
    queries += [re.search(r"label_values\((.*), \w+\)", v["query"]["query"])[1] for v in board["templating"]["list"]
                if v["type"] == "query"]
    assert len(queries) > 30
    return [q.replace("$__rate_interval", "1m").replace("$instance", ".*") for q in queries]


def rule_queries():
    groups = [g for name in ("rules.yml", "alerts.yml") for g in documents(DEPLOY / "prometheus" / name)[0]["groups"]]
    return [rule["expr"] for g in groups for rule in g["rules"]]


def adapter_queries():
    return [rule["metricsQuery"].replace("<<.LabelMatchers>>", 'pod="a"').replace("<<.GroupBy>>", "pod")
            for rule in documents(DEPLOY / "kubernetes/prometheus-adapter.yaml")[0]["rules"]]


@needs("promtool")
def test_queries_are_promql(tmp_path):
    rules = [{"record": f"q{n}", "expr": q} for n, q in enumerate(dashboard_queries() + adapter_queries())]
    (tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "all", "rules": rules}]}))
    run("promtool", "check", "rules", tmp_path / "rules.yml")


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """Names that a server exports after some traffic, with the labels and values each was seen with."""
    folder = tmp_path_factory.mktemp("server")
    away = f"redis://127.0.0.1:{proxy.free_port()}"  # what is said of a service is said while it is away, too
    server = proxy.Server(folder, "--threads", "1", "--redis", away, "--storage", f"file://{folder}/shared")
    photo = (SOURCE / "examples/data/photo.jpg").read_bytes()
    for _ in range(2):
        assert server.paint(photo).status_code == 200
    assert server.paint(b"no picture").status_code in (400, 415)
    assert server.add_job(photo).status_code == 202
    text = server.client.get("/metrics", timeout=proxy.PATIENCE).text
    assert server.stop() == 0
    return samples(text)


def samples(text):
    found = {}
    for line in text.splitlines():
        if match := re.match(r"# TYPE (\S+) histogram", line):
            for suffix in ("_bucket", "_sum", "_count"):
                found.setdefault(match[1] + suffix, {})
        elif match := re.match(r"# TYPE (\S+) ", line):
            found.setdefault(match[1], {})
        elif match := re.match(r"(\w+)(?:\{(.*)\})? \S+$", line):
            for label, value in re.findall(r'(\w+)="([^"]*)"', match[2] or ""):
                found[match[1]].setdefault(label, set()).add(value)
    return found


# What Prometheus and Kubernetes add to each series.
ADDED = {"job", "instance", "namespace", "pod"}


def test_metrics_that_are_asked_for_are_exported(exported):
    recorded = {rule["record"] for g in documents(DEPLOY / "prometheus/rules.yml")[0]["groups"] for rule in g["rules"]}
    asked = set()
    for query in dashboard_queries() + rule_queries() + adapter_queries():
        for name, labels in re.findall(r"\b((?:stylize|process)[_:][\w:]+)(?:\{([^}]*)\})?", query):
            if ":" in name:
                assert name in recorded, f"{name} is recorded nowhere: {query}"
                continue
            asked.add(name)
            assert name in exported, f"the server has no {name}: {query}"
            for label, how, value in re.findall(r'(\w+)(=~|!=|=)"([^"]*)"', labels):
                if label in ADDED:
                    continue
                assert label in exported[name], f"{name} has no label {label}: {query}"
                if how == "=" and label != "code":
                    assert value in exported[name][label], f"{name} has no {label} {value}: {query}"
                if how == "=~" and label == "reason":
                    assert set(value.split("|")) <= exported[name][label]
        for names in re.findall(r"\bby \(([^)]*)\)", query):
            for label in filter(None, map(str.strip, names.split(","))):
                assert label in ADDED or any(label in exported.get(name, {}) for name in
                                             re.findall(r"\bstylize_\w+", query)) or "{" not in query, query
    assert len(asked) > 25


def test_autoscalers_ask_for_a_metric_of_the_adapter():
    offered = {rule["name"]["as"] for rule in documents(DEPLOY / "kubernetes/prometheus-adapter.yaml")[0]["rules"]}
    asked = {m["pods"]["metric"]["name"] for (kind, _), d in resources().items() if kind == "HorizontalPodAutoscaler"
             for m in d["spec"]["metrics"] if m["type"] == "Pods"}
    assert asked and asked <= offered


@needs("prometheus-node-exporter")
def test_metrics_of_the_machine_are_exported():
    port = proxy.free_port()
    process = subprocess.Popen(["prometheus-node-exporter", f"--web.listen-address=127.0.0.1:{port}"],
                               stderr=subprocess.DEVNULL)
    try:
        def ask():
            try:
                return httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=proxy.PATIENCE).text
            except httpx.TransportError:
                return None
        text = proxy.wait(ask)
    finally:
        process.terminate()
        process.wait()
    for query in dashboard_queries() + rule_queries():
        for name in re.findall(r"\bnode_\w+", query):
            assert re.search(rf"^{name}\b", text, re.M) or ("filesystem" in name and not os.path.exists("/dev/root")), name
