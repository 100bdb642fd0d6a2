"""compose.yaml and the Kubernetes files agree with the image and the app; neither is run here."""

import re

import pytest
import yaml

from tests.conftest import ROOT
from webapp import limits
from webapp.app import create_app
from webapp.http import batch_files
from webapp.settings import Settings

UNITS = ("inkling", "inkling-worker")
IMAGE = (ROOT / "Containerfile").read_text()
KNOWN = {f"INKLING_{name.upper()}" for name in Settings.__struct_fields__}


@pytest.fixture(scope="module")
def resources() -> list[dict]:
    files = sorted((ROOT / "deploy" / "kubernetes").glob("*.yaml"))
    return [each for file in files for each in yaml.safe_load_all(file.read_text())]


def containers(resources: list[dict]) -> list[dict]:
    pods = [each["spec"]["template"]["spec"] for each in resources if each["kind"] == "Deployment"]
    return [container for pod in pods for container in pod["containers"]]


def variables() -> dict[str, str]:
    """What the image's ENV sets."""
    block = re.search(r"^ENV (.*?[^\\])$", IMAGE, re.MULTILINE | re.DOTALL)[1]
    return dict(each.split("=", 1) for each in block.replace("\\\n", " ").split())


def test_each_kind_is_there_once_or_more(resources):
    kinds = [each["kind"] for each in resources]
    assert kinds.count("Deployment") == 2
    assert {"Service", "HorizontalPodAutoscaler", "Secret", "PersistentVolumeClaim"} <= set(kinds)


def test_every_variable_is_a_setting(resources):
    named = {
        name
        for each in resources
        for name in {**each.get("data", {}), **each.get("stringData", {})}
    }
    compose = (ROOT / "compose.yaml").read_text()
    named |= set(re.findall(r"^ +(INKLING_\w+):", compose, re.MULTILINE))
    named |= {name for name in variables() if name.startswith("INKLING_")}
    assert named
    assert named <= KNOWN


def test_probes_ask_what_the_app_answers(resources, tmp_path):
    client = create_app(Settings(home=str(tmp_path))).test_client()
    [web] = [each for each in containers(resources) if "ports" in each]
    assert web["ports"][0]["containerPort"] == int(variables()["PORT"])
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert client.get(web[probe]["httpGet"]["path"]).status_code == 200
    assert "/readyz" in IMAGE.partition("HEALTHCHECK")[2]


def test_all_that_is_written_is_in_two_folders_and_the_rest_is_read_only(resources):
    places = variables()
    folders = {places["INKLING_HOME"], places["TMPDIR"], places["RUNTIME_DIRECTORY"]}
    assert len(folders) == 2
    for container in containers(resources):
        assert {each["mountPath"] for each in container["volumeMounts"]} == folders
        assert container["securityContext"]["readOnlyRootFilesystem"]
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    for name in ("web", "worker"):
        service = services[name]
        mounts = {each.split(":")[1] for each in service["volumes"]}
        assert mounts | {each.split(":")[0] for each in service["tmpfs"]} == folders
        assert service["read_only"]


def test_the_batches_that_a_pod_takes_at_once_do_not_get_it_evicted(resources):
    [web] = [
        each["spec"]["template"]["spec"]
        for each in resources
        if each["kind"] == "Deployment" and each["metadata"]["name"] == "inkling-web"
    ]
    [run] = [each["emptyDir"] for each in web["volumes"] if each["name"] == "run"]
    processes = int(web["containers"][0]["resources"]["limits"]["cpu"])
    batches = processes * limits._BATCHES * batch_files.MAX_BYTES
    assert int(run["sizeLimit"].removesuffix("Gi")) << 30 >= 2 * batches  # others come beside


def test_nginx_of_compose_asks_the_site_and_starts_anew_with_it():
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    [mount] = services["nginx"]["volumes"]
    text = (ROOT / mount.split(":")[0]).read_text()
    assert set(re.findall(r"proxy_pass (\S+);", text)) == {f"http://web:{variables()['PORT']}"}
    # It looks the address up once, and a container that replaces another may have a new one.
    assert services["nginx"]["depends_on"]["web"]["restart"] is True


def test_volumes_and_secrets_are_defined(resources):
    names = {(each["kind"], each["metadata"]["name"]) for each in resources}
    for each in resources:
        if each["kind"] != "Deployment":
            continue
        pod = each["spec"]["template"]["spec"]
        for volume in pod["volumes"]:
            if claim := volume.get("persistentVolumeClaim"):
                assert ("PersistentVolumeClaim", claim["claimName"]) in names
        for source in pod["containers"][0]["envFrom"]:
            kind, reference = next(iter(source.items()))
            assert (
                {"configMapRef": "ConfigMap", "secretRef": "Secret"}[kind],
                reference["name"],
            ) in names


def test_the_upgrade_page_names_what_is_there(resources):
    page = (ROOT / "docs" / "operations.md").read_text()
    deployments = {
        each["metadata"]["name"]: each["spec"]["template"]["spec"]["containers"][0]["name"]
        for each in resources
        if each["kind"] == "Deployment"
    }
    assert set(re.findall(r"set image deployment/(\S+) (\S+)=", page)) == set(deployments.items())
    assert set(re.findall(r"rollout undo deployment/(\S+)", page)) == set(deployments)
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    [built] = re.findall(r"docker compose build --pull (.*)", page)
    assert set(built.split()) == {name for name, each in services.items() if "build" in each}


@pytest.mark.parametrize("name", UNITS)
def test_the_upgrade_page_has_the_home_and_the_program_of_the_units(name):
    unit = (ROOT / "deploy" / f"{name}.service").read_text()
    [home] = re.findall(r"INKLING_HOME=\S+", unit)
    [program] = re.findall(r"^ExecStart=(\S+)", unit, re.MULTILINE)
    [user] = re.findall(r"^User=(\S+)", unit, re.MULTILINE)
    page = (ROOT / "docs" / "operations.md").read_text()
    for command in ("backup /", "doctor"):
        assert f"# sudo -u {user} env {home} {program} {command}" in page
    assert name in re.search(r"systemctl restart (.*)", page)[1].split()


def test_both_units_read_the_settings_that_the_operations_page_names():
    units = [(ROOT / "deploy" / f"{name}.service").read_text() for name in UNITS]
    [file] = {re.search(r"^EnvironmentFile=-(\S+)$", unit, re.MULTILINE)[1] for unit in units}
    page = (ROOT / "docs" / "operations.md").read_text()
    assert f"/dev/null {file}\n" in page
    assert f"'. {file} && exec" in page


@pytest.mark.parametrize("name", UNITS)
def test_a_service_starts_until_the_database_is_there(name):
    unit = (ROOT / "deploy" / f"{name}.service").read_text()
    starts, within = 5, 10  # systemd.unit(5): StartLimitBurst, StartLimitIntervalSec
    assert starts * int(re.search(r"^RestartSec=(\d+)$", unit, re.MULTILINE)[1]) > within
    assert "postgresql.service" in re.search(r"^After=(.*)$", unit, re.MULTILINE)[1].split()
