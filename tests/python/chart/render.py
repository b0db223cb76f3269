"""Renders the chart by Helm itself, and finds its way in what comes out."""

import copy
import re
from pathlib import Path

import helm_python as helm
import yaml

ROOT = Path(__file__).resolve().parents[3]
PATH = ROOT / "helm/billing"
CHART = helm.Chart.load(PATH)
TRIAL, FULL = (
    yaml.safe_load((PATH / f"ci/{name}-values.yaml").read_text()) for name in ("trial", "full")
)


def over(values, more):
    """`values` with `more` over it."""
    merged = copy.deepcopy(values)
    for key, value in more.items():
        nested = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = over(merged[key], value) if nested else value
    return merged


def texts(values, *, upgrade=False, name="prod"):
    """Each file of templates as it comes out."""
    return CHART.render(
        values, name=name, namespace="money", is_install=not upgrade, is_upgrade=upgrade
    )


def objects(values, **how):
    """All objects of a release."""
    files = texts(values, **how)
    found = [
        entry
        for path, text in files.items()
        if path.endswith(".yaml")
        for entry in yaml.safe_load_all(text)
        if entry
    ]
    assert found, "nothing is rendered"
    return found


def refused(values):
    """What Helm says of values that it does not render."""
    try:
        texts(values)
    except helm.HelmError as error:
        return str(error)
    raise AssertionError("it is rendered")


def of_kind(kind, among):
    return [entry for entry in among if entry["kind"] == kind]


def title(entry):
    return f"{entry['kind']}/{entry['metadata']['name']}"


def pods(among):
    """Of each object that makes pods: its title, and their labels, annotations and spec."""
    for entry in among:
        match entry["kind"]:
            case "Pod":
                template = entry
            case "Deployment" | "Job":
                template = entry["spec"]["template"]
            case "CronJob":
                template = entry["spec"]["jobTemplate"]["spec"]["template"]
            case _:
                continue
        yield title(entry), template["metadata"], template["spec"]


def containers(among):
    for name, _, spec in pods(among):
        for container in spec["containers"] + spec.get("initContainers", []):
            yield name, container


def component(metadata):
    return metadata["labels"]["app.kubernetes.io/component"]


def selects(selector, labels):
    """Whether a label selector of Kubernetes takes what has these labels."""
    if any(labels.get(name) != value for name, value in selector.get("matchLabels", {}).items()):
        return False
    for wanted in selector.get("matchExpressions", []):
        assert wanted["operator"] == "In", wanted
        if labels.get(wanted["key"]) not in wanted["values"]:
            return False
    return True


def settings_of(*folders):
    """The names of all settings that the source of a service knows."""
    sources = [path for folder in folders for path in (ROOT / folder).rglob("*.rs")]
    return {
        name
        for path in sources
        for name in re.findall(r'env = "([A-Z0-9_]+)"', path.read_text(encoding="utf-8"))
    }
