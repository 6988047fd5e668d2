"""The deployment files agree with the image, with the gateway and with one another."""

import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from gateway.app import DRAIN_SECONDS
from gateway.config.load import Configuration
from support.running import configured

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
SECRETS = {"gelato-api-key": "the-key", "gelato-api-secret": "the-secret", "admin-token": "t" * 16}


def documents(name: str) -> list[Any]:
    """Return the YAML documents of a file."""
    return list(YAML(typ="safe", pure=True).load_all(DEPLOY / name))


def instruction(name: str) -> str:
    """Return the last instruction of that name in the Dockerfile."""
    return str(re.findall(rf"^{name} (.*)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)[-1])


def loaded(text: str, mounted: str, folder: Path) -> Configuration:
    """Return the configuration, with the secrets that it reads below `mounted` in a folder of the test's."""
    names = re.findall(rf"\$\{{file:{mounted}/([\w-]+)\}}", text)
    assert names
    for name in names:
        (folder / name).write_text(SECRETS[name])
    return configured(text.replace(mounted, str(folder)), {})


@pytest.fixture
def pod() -> Any:
    """The pod of deploy/kubernetes.yaml."""
    return documents("kubernetes.yaml")[2]["spec"]["template"]["spec"]


@pytest.fixture
def sidecar(pod: Any) -> Any:
    """The gateway's container."""
    return pod["initContainers"][0]


def test_the_sidecar_s_configuration_can_be_loaded(sidecar: Any, tmp_path: Path) -> None:
    """Callers come by loopback, the kubelet's probes from outside, and the secrets are where they are mounted."""
    mounts = {mount["name"]: mount["mountPath"] for mount in sidecar["volumeMounts"]}
    configuration = loaded(documents("kubernetes.yaml")[0]["data"]["gateway.yaml"], mounts["secrets"], tmp_path)
    assert configuration.listen.host == "127.0.0.1"
    assert configuration.admin.host == "0.0.0.0"
    assert [port["containerPort"] for port in sidecar["ports"]] == [configuration.admin.port]
    assert Path(configuration.store.url.removeprefix("sqlite:")).parent == Path(mounts["journal"])
    assert mounts["configuration"] == str(Path(instruction("CMD").strip("[]").split('"')[-2]).parent)


def test_the_sidecar_is_one_and_is_given_the_time_it_needs(pod: Any, sidecar: Any) -> None:
    """A native sidecar, one replica at a time while keys are in a file, stopped after the drain at the earliest."""
    deployment = documents("kubernetes.yaml")[2]["spec"]
    assert (deployment["replicas"], deployment["strategy"]["type"]) == (1, "Recreate")
    assert sidecar["restartPolicy"] == "Always"
    assert pod["terminationGracePeriodSeconds"] >= DRAIN_SECONDS + 30
    probes = {name: sidecar[name]["httpGet"]["path"] for name in ("startupProbe", "readinessProbe", "livenessProbe")}
    assert probes == {"startupProbe": "/readyz", "readinessProbe": "/readyz", "livenessProbe": "/livez"}


def test_the_journal_outlives_the_pod(pod: Any) -> None:
    """Its volume is claimed for one pod at a time, and writable for the gateway's user."""
    (claim,) = [
        volume["persistentVolumeClaim"]["claimName"] for volume in pod["volumes"] if volume["name"] == "journal"
    ]
    claimed = documents("kubernetes.yaml")[1]
    assert (claimed["kind"], claimed["metadata"]["name"]) == ("PersistentVolumeClaim", claim)
    assert claimed["spec"]["accessModes"] == ["ReadWriteOncePod"]
    assert str(pod["securityContext"]["fsGroup"]) == instruction("USER").partition(":")[2]


def test_the_sidecar_may_do_nothing_it_need_not(pod: Any, sidecar: Any) -> None:
    """The image's own user, a read-only root, no privileges, no token of the cluster."""
    context = sidecar["securityContext"]
    assert f"{context['runAsUser']}:{context['runAsGroup']}" == instruction("USER")
    assert context["readOnlyRootFilesystem"] is True
    assert context["allowPrivilegeEscalation"] is False
    assert context["capabilities"] == {"drop": ["ALL"]}
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["automountServiceAccountToken"] is False


def test_compose_agrees_with_the_image(tmp_path: Path) -> None:
    """The configuration can be loaded, its ports are the image's, and the health check finds the admin listener."""
    (compose,) = documents("compose.yaml")
    service = compose["services"]["ordergate"]
    text = compose["configs"]["gateway"]["content"].replace("$$", "$")
    configuration = loaded(text, "/run/secrets", tmp_path)
    assert instruction("EXPOSE").split() == [str(configuration.listen.port), str(configuration.admin.port)]
    assert f"http://127.0.0.1:{configuration.admin.port}/livez" in (ROOT / "Dockerfile").read_text()
    assert service["user"] == instruction("USER")
    (volume,) = service["volumes"]
    name, _, place = volume.partition(":")
    assert list(compose["volumes"]) == [name]
    assert configuration.store.url == f"sqlite:{place}/journal.db"
    owner, group = instruction("USER").split(":")
    assert instruction("RUN") == f"install -d -o {owner} -g {group} -m 700 {place}"
    assert service["configs"][0]["target"] in instruction("CMD")
    assert sorted(service["secrets"]) == sorted(compose["secrets"]) == sorted(path.name for path in tmp_path.iterdir())
    assert int(service["stop_grace_period"].removesuffix("s")) > DRAIN_SECONDS


def test_the_unit_gives_the_gateway_time_and_does_not_repeat_a_mistake() -> None:
    """It ends after the drain, is not restarted for a wrong configuration, and hands credentials over by name."""
    unit = (DEPLOY / "ordergate.service").read_text()
    settings = dict(re.findall(r"^(\w+)=(.*)$", unit, re.MULTILINE))
    assert int(settings["TimeoutStopSec"]) > DRAIN_SECONDS
    assert settings["RestartPreventExitStatus"] == "2"
    assert f"`url: sqlite:/var/lib/{settings['StateDirectory']}/journal.db`" in unit
    handed = re.findall(r"^LoadCredential=([\w-]+):", unit, re.MULTILINE)
    assert re.findall(r"\$\{file:/run/credentials/ordergate\.service/([\w-]+)\}", unit) == handed[1:]
