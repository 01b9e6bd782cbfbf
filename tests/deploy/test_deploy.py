"""Everything that docs/deploy names exists: files follow their schemas, commands and variables follow the code."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import jsonschema
import kubernetes_validate
import pytest
import yaml
from django.conf import settings
from django.core.management import get_commands, load_command_class

from rendering.fleet import warmpool
from rendering.fleet.scaling import POOLS
from studio import limits
from studio.api.renders.routes import LONGEST_WAIT
from studio.checks import production_is_complete
from studio.library import uploads

ROOT = Path(settings.BASE_DIR)
DEPLOY = ROOT / "docs" / "deploy"
KUBERNETES = sorted((DEPLOY / "kubernetes").glob("*.yaml"))
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
OBJECTS = [found for path in KUBERNETES for found in yaml.safe_load_all(path.read_text()) if found]
SETTINGS = (ROOT / "studio" / "settings.py").read_text()
KNOWN = set(re.findall(r'(?:env|flag|number|secret)\("([A-Z0-9_]+)"', SETTINGS))
EXPLICIT = {"PYTHONUNBUFFERED", "NVIDIA_VISIBLE_DEVICES", "NVIDIA_DRIVER_CAPABILITIES"}


def pods():
    """(name, container) of every Kubernetes object that runs one."""
    for found in OBJECTS:
        if found["kind"] in ("Deployment", "Job"):
            for container in found["spec"]["template"]["spec"]["containers"]:
                yield found["metadata"]["name"], container


def commands():
    """(where, arguments) of every command line in the manifests and Dockerfiles."""
    for name, service in COMPOSE["services"].items():
        yield f"compose {name}", service.get("command", [])
    for name, container in pods():
        yield f"kubernetes {name}", container.get("command", [])
    for path in DEPLOY.glob("Dockerfile.*"):
        yield path.name, json.loads(re.search(r"^CMD (.*)$", path.read_text(), re.M)[1])
        for line in re.findall(r"python manage\.py [^&\n]*", path.read_text()):
            yield path.name, shlex.split(line.replace("\\", ""))
    for path in (*DEPLOY.glob("*.md"), *DEPLOY.glob("*.sh")):
        for line in re.findall(r"(?:python )?manage\.py ([a-z_]+[^`\n)\\]*)", path.read_text()):
            yield path.name, ["python", "manage.py", *shlex.split(line, comments=True)]


def managed():
    """(where, command, arguments) of every command line that goes through manage.py."""
    for where, words in commands():
        lines = [words]
        if words[:2] == ["sh", "-c"]:
            lines = [shlex.split(line) for line in words[2].split("&&")]
        for line in lines:
            if "manage.py" in line:
                at = line.index("manage.py")
                yield where, line[at + 1], line[at + 2 :]


def test_compose_follows_its_schema():
    schema = json.loads((Path(__file__).parent / "compose-spec.json").read_text())
    jsonschema.Draft7Validator(schema).validate(COMPOSE)


def test_kubernetes_objects_follow_their_schemas():
    for found in OBJECTS:
        if not found["apiVersion"].startswith("keda.sh/"):
            kubernetes_validate.validate(found, "1.34", strict=True)


def test_the_schemas_refuse_an_unknown_field():
    service = {"services": {"web": {"image": "x", "comand": ["y"]}}}
    schema = json.loads((Path(__file__).parent / "compose-spec.json").read_text())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft7Validator(schema).validate(service)
    broken = json.loads(json.dumps(next(o for o in OBJECTS if o["kind"] == "Deployment")))
    broken["spec"]["replica"] = 2
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, "1.34", strict=True)


def test_keda_scales_each_pool_by_a_number_that_the_site_answers(db):
    """The objects of KEDA have the parts that its documentation of the metrics-api trigger names."""
    plan = warmpool.plan()
    scaled = [found for found in OBJECTS if found["kind"] == "ScaledObject"]
    authentication = next(found for found in OBJECTS if found["kind"] == "TriggerAuthentication")
    assert {found["apiVersion"] for found in (*scaled, authentication)} == {"keda.sh/v1alpha1"}
    parameter = authentication["spec"]["secretTargetRef"][0]
    assert parameter == {"parameter": "token", "name": "secrets", "key": "METRICS_TOKEN"}
    deployments = {
        found["metadata"]["name"]: found for found in OBJECTS if found["kind"] == "Deployment"
    }
    assert len(scaled) == len(POOLS)
    for found in scaled:
        spec = found["spec"]
        assert spec["minReplicaCount"] >= 1
        trigger = spec["triggers"][0]
        assert set(trigger) == {"type", "metadata", "authenticationRef"}
        assert trigger["type"] == "metrics-api"
        assert trigger["metadata"]["authMode"] == "bearer"
        assert trigger["authenticationRef"]["name"] == authentication["metadata"]["name"]
        assert trigger["metadata"]["url"].endswith(":8000/fleet")
        host = trigger["metadata"]["url"].split("/")[2].split(":")[0]
        config = next(o for o in OBJECTS if o["kind"] == "ConfigMap")["data"]
        assert host in config["ALLOWED_HOSTS"].split(",")
        value = plan
        for part in trigger["metadata"]["valueLocation"].split("."):
            value = value[part]
        assert isinstance(value, int)
        worker = deployments[spec["scaleTargetRef"]["name"]]
        command = worker["spec"]["template"]["spec"]["containers"][0]["command"]
        assert command[command.index("--slots") + 1] == trigger["metadata"]["targetValue"]
        pool = trigger["metadata"]["valueLocation"].split(".")[1]
        assert tuple(command[command.index("--classes") + 1].split(",")) == POOLS[pool]


def test_the_autoscaler_reads_a_metric_that_exists(db):
    scaler = next(found for found in OBJECTS if found["kind"] == "HorizontalPodAutoscaler")
    metric = scaler["spec"]["metrics"][0]["external"]["metric"]
    samples = {(sample.name, tuple(sample.labels.items())) for sample in warmpool.samples()}
    assert (metric["name"], tuple(metric["selector"]["matchLabels"].items())) in samples


def test_every_command_and_option_in_the_documents_exists():
    known, count = get_commands(), 0
    for where, name, arguments in managed():
        assert name in known, f"{where}: manage.py {name}"
        app = known[name]
        command = app if not isinstance(app, str) else load_command_class(app, name)
        parser = command.create_parser("manage.py", name)
        parser.exit_on_error = False
        options = [word for word in arguments if "$" not in word and "<" not in word]
        try:
            parser.parse_args(options)
        except SystemExit:
            pytest.fail(f"{where}: manage.py {name} {' '.join(arguments)}")
        except Exception as problem:
            pytest.fail(f"{where}: manage.py {name} {' '.join(arguments)}: {problem}")
        count += 1
    assert count > 15


def test_workers_name_engines_and_classes_that_exist():
    from studio.management.commands.worker import ENGINES, LANES, _names

    for _, name, arguments in managed():
        for option, known in (("--engines", ENGINES), ("--classes", LANES)):
            if name == "worker" and option in arguments:
                assert _names(option[2:], arguments[arguments.index(option) + 1], known)


def test_every_variable_of_the_deployment_is_read_by_the_settings():
    named = {"compose": set(COMPOSE["x-settings"])}
    for found in OBJECTS:
        if found["kind"] == "ConfigMap":
            named["config"] = set(found["data"])
        if found["kind"] == "Secret" and found["metadata"]["name"] == "secrets":
            named["secrets"] = set(found["stringData"])
    for path in DEPLOY.glob("Dockerfile.*"):
        text = re.sub(r"\\\n", " ", path.read_text())
        for line in re.findall(r"^(?:ENV|RUN) (.*)$", text, re.M):
            named.setdefault(path.name, set()).update(re.findall(r"\b([A-Z][A-Z0-9_]+)=", line))
    for path in (*DEPLOY.glob("*.md"), *DEPLOY.glob("*.sh")):
        named[path.name] = set(re.findall(r"`([A-Z][A-Z0-9]*_[A-Z0-9_]+)`", path.read_text()))
    for where, names in named.items():
        unknown = {name.removesuffix("_FILE") for name in names} - KNOWN - EXPLICIT
        assert not unknown, f"{where}: {unknown}"
    assert named["compose"] - {"C2PA_DIR"} <= named["config"] | named["secrets"] | {
        "S3_ENDPOINT",
        "S3_PUBLIC_ENDPOINT",
    }


def test_the_variables_of_compose_are_all_that_production_needs():
    values = {name: re.sub(r"\$\{[^}]*\}", "x", v) for name, v in COMPOSE["x-settings"].items()}
    values |= {"SITE_URL": "https://x.example", "SECRET_KEY": "production-" + "k3y" * 20}
    values |= {"S3_PUBLIC_ENDPOINT": "https://files.x.example", "PATH": os.environ["PATH"]}
    values |= {"CSRF_TRUSTED_ORIGINS": "https://x.example", "DATA_DIR": os.environ["DATA_DIR"]}
    values |= {"TRUSTED_PROXIES": "1"}
    done = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT,
        env=values,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def test_production_requires_the_number_of_proxies_in_front(settings):
    settings.EMBEDDED, settings.TRUSTED_PROXIES_SET = False, False
    assert "TRUSTED_PROXIES is not set." in [error.msg for error in production_is_complete()]


def test_the_ingress_and_its_documents_allow_the_largest_request_of_the_site():
    most = limits.ASSET // 1_000_000
    ingress = next(found for found in OBJECTS if found["kind"] == "Ingress")
    options = ingress["metadata"]["annotations"]
    assert options["nginx.ingress.kubernetes.io/proxy-body-size"] == f"{most}m"
    assert int(options["nginx.ingress.kubernetes.io/proxy-read-timeout"]) > LONGEST_WAIT
    assert f"takes requests of {most} MB" in (DEPLOY / "compose.yaml").read_text()
    text = (DEPLOY / "README.md").read_text()
    assert f"requests of {most} MB" in text
    assert f"music has {uploads.LARGEST['music'] // 1_000_000} MB" in text
    assert f"pictures {uploads.LARGEST['image'] // 1_000_000} MB" in text


def test_dockerfiles_copy_existing_files_and_compose_builds_each_of_them():
    for path in DEPLOY.glob("Dockerfile.*"):
        for line in re.findall(r"^COPY (.*)$", path.read_text(), re.M):
            for source in line.split()[:-1]:
                assert (ROOT / source).exists(), f"{path.name}: {source}"
    built = {s["build"]["dockerfile"] for s in COMPOSE["services"].values() if "build" in s}
    assert built == {f"docs/deploy/{path.name}" for path in DEPLOY.glob("Dockerfile.*")}


def test_probes_ask_addresses_that_are_answered(client, db):
    from studio.urls import urlpatterns

    site = {f"/{pattern.pattern}" for pattern in urlpatterns}
    for name, container in pods():
        for kind in ("startupProbe", "livenessProbe", "readinessProbe"):
            if kind not in container:
                continue
            if name == "web" and kind != "readinessProbe":  # alive also while the database is away
                assert container[kind]["tcpSocket"] == {"port": 8000}
                continue
            probe = container[kind]["httpGet"]
            if name == "web":
                assert probe["path"] in site
            else:
                assert probe["path"] in ("/healthz", "/readyz")
                command = container["command"]
                assert command[command.index("--health") + 1] == f"0.0.0.0:{probe['port']}"


def test_worker_pods_get_longer_to_end_than_a_line_needs():
    """A line in hand gets its grace and a few seconds to stop; pods get longer than that."""
    from studio.management.commands.worker import LONGEST_GRACE

    for found in OBJECTS:
        if found["kind"] == "Deployment" and found["metadata"]["name"].startswith("worker"):
            seconds = found["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
            assert seconds > LONGEST_GRACE + 5


@pytest.mark.parametrize("wanted", ["", "0"])
def test_onnxruntime_sends_telemetry_only_where_it_is_switched_on(wanted):
    """When telemetry is on, onnxruntime complains here that it cannot store the identifier of the machine."""
    environment = {"PATH": os.environ["PATH"], "HOME": os.devnull}
    environment |= {"ORT_DISABLE_TELEMETRY": wanted} if wanted else {}
    # Any call that loads a network; this one loads the network that compares voices.
    call = "from rendering.voices import speakers; speakers._net()"
    done = subprocess.run(
        [sys.executable, "-c", call], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert ("telemetry" in done.stderr) == bool(wanted)
