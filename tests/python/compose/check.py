"""deploy/compose.yaml and deploy/.env.example, read by Docker Compose and held against our own rules.

    python3 check.py FOLDER      where what is fetched is kept
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import program

REPOSITORY = Path(__file__).resolve().parents[3]
DEPLOY = REPOSITORY / "deploy"
OURS = {"migrate", "core", "gateway"}
PROFILES = ("database", "monitoring")

# Every name of the plans: a setting, or a comment that says what became of it.
PLANNED = """
    STRIPE_SECRET_KEY STRIPE_PUBLISHABLE_KEY STRIPE_WEBHOOK_SECRET STRIPE_SUCCESS_URL STRIPE_CANCEL_URL
    FONDY_MERCHANT_ID FONDY_SECRET_KEY FONDY_API_URL
    EMAIL_FROM EMAIL_FROM_NAME SMTP_HOST SMTP_PORT SMTP_SECURE SMTP_USER SMTP_PASS
    FRONTEND_URL BACKEND_URL DATABASE_URL NODE_ENV
""".split()
# Compose's own.
OF_COMPOSE = {"COMPOSE_PROFILES"}
# Folders of the operator, not of the repository.
OPERATORS = {"/etc/nginx/tls", "/var/www/acme"}

DEPENDENCIES = {
    "postgres": {},
    "migrate": {"postgres": "service_healthy"},
    "core": {"migrate": "service_completed_successfully"},
    "gateway": {"core": "service_started"},
    "nginx": {"gateway": "service_started"},
    "prometheus": {},
    "grafana": {"prometheus": "service_started"},
}
NETWORKS = {
    "postgres": {"database"},
    "migrate": {"database", "services"},
    "core": {"database", "services", "monitoring"},
    "gateway": {"services", "edge", "monitoring"},
    "nginx": {"edge"},
    "prometheus": {"monitoring"},
    "grafana": {"monitoring"},
}
# Which secret is known to whom.
SECRETS = {
    "POSTGRES_PASSWORD": {"postgres"},
    "BILLING_OWNER_PASSWORD": {"postgres", "migrate"},
    "BILLING_CORE_PASSWORD": {"postgres", "core"},
    "BILLING_SERVICE_TOKENS": {"core"},
    "BILLING_CORE_TOKEN": {"gateway"},
    "BILLING_CORE_ADMIN_TOKEN": {"gateway"},
    "JWT_SECRET": {"gateway"},
    "STRIPE_SECRET_KEY": {"gateway"},
    "STRIPE_WEBHOOK_SECRET": {"gateway"},
    "FONDY_SECRET_KEY": {"gateway"},
    "SMTP_PASS": {"core"},
    "BILLING_UNSUBSCRIBE_KEYS": {"core"},
    "GRAFANA_ADMIN_PASSWORD": {"grafana"},
}


def main():
    compose = program.find(Path(sys.argv[1]))
    example = (DEPLOY / ".env.example").read_text()
    check_example(example)
    if compose is None:
        print("compose: SKIPPED: no Docker Compose 2 is installed, and the pinned one is for Linux on x86-64")
        return
    raw = compose.config(DEPLOY / "compose.yaml", "", PROFILES, raw=True)["services"]
    check_names(example, raw)
    check_settings_are_known(raw)
    check_refusals(compose, example)
    whole = compose.config(DEPLOY / "compose.yaml", filled(example), PROFILES)
    services = whole["services"]
    check_wiring(whole)
    check_secrets(compose, example)
    for name, service in services.items():
        check_confinement(name, service)
        check_mounts(name, service)
        check_ports(name, service)
    check_grace(services)
    few = filled(example).replace("COMPOSE_PROFILES=database,monitoring", "")
    few = compose.config(DEPLOY / "compose.yaml", few)["services"]
    assert set(few) == OURS | {"nginx"}, f"without profiles, {sorted(few)} are started"
    check_prometheus()
    print(f"compose: {len(services)} services and {len(settings_of(example))} settings fit")


# .env.example.


def settings_of(example):
    """Each name with its value, the optional ones too."""
    return dict(re.findall(r"^#?([A-Z][A-Z0-9_]*)=(.*)$", example, re.MULTILINE))


def filled(example):
    """As an operator fills it in: what must be set is, everything optional too."""
    lines = []
    for name, value in settings_of(example).items():
        lines.append(f"{name}={value or f'filled-{name.lower()}'}")
    return "\n".join(lines)


def required_of(example):
    """What has no value and is no option."""
    return re.findall(r"^([A-Z][A-Z0-9_]*)=$", example, re.MULTILINE)


def check_example(example):
    lines = example.splitlines()
    names = [name for line in lines for name in re.findall(r"^#?([A-Z][A-Z0-9_]*)=", line)]
    assert len(names) == len(set(names)), "a name stands twice"
    for before, line in zip(lines, lines[1:]):
        if re.match(r"#?[A-Z][A-Z0-9_]*=", line):
            assert before.startswith("# ") and before.endswith((".", ")", ";")), f"no comment above {line}"
    version = re.search(r'^version = "(.+)"$', (REPOSITORY / "Cargo.toml").read_text(), re.MULTILINE)[1]
    assert settings_of(example)["BILLING_VERSION"] == version, version
    missing = [name for name in PLANNED if not re.search(rf"\b{name}\b", example)]
    assert not missing, f".env.example says nothing of {missing}"


def check_names(example, raw):
    """What the compose file asks for is what the example has."""
    asked = set(re.findall(r"\$\{([A-Z0-9_]+)", (DEPLOY / "compose.yaml").read_text()))
    for service in raw.values():
        asked |= {name for name, value in (service.get("environment") or {}).items() if value is None}
    example = set(settings_of(example)) - OF_COMPOSE
    assert asked == example, f"only in one of compose.yaml and .env.example: {sorted(asked ^ example)}"


def check_settings_are_known(raw):
    """Each name that a service of ours is given is one that its source reads."""
    for name in OURS:
        crates = ["billing-gateway" if name == "gateway" else "billing-core", "telemetry"]
        known = set()
        for crate in crates:
            for source in (REPOSITORY / crate / "src").rglob("*.rs"):
                known |= set(re.findall(r'\benv = "([A-Z0-9_]+)"', source.read_text()))
        unknown = set(raw[name]["environment"]) - known
        assert not unknown, f"{name} knows no {sorted(unknown)}"


# What Compose makes of both.


def check_refusals(compose, example):
    """Without a value that only the operator knows, Compose refuses with its name."""
    required = required_of(example)
    assert {"POSTGRES_PASSWORD", "BILLING_CORE_TOKEN", "FRONTEND_URL"} <= set(required), required
    # The gateway itself says whose tokens it wants: by secret or by keys.
    for name in set(required) - {"JWT_SECRET"} | {"BILLING_VERSION", "BILLING_DOMAIN"}:
        without = re.sub(rf"^{name}=.*$", f"{name}=", filled(example), flags=re.MULTILINE)
        try:
            compose.config(DEPLOY / "compose.yaml", without, PROFILES)
        except program.Refused as refusal:
            assert f"Set {name}" in str(refusal), refusal
        else:
            raise AssertionError(f"Compose starts without {name}")


def check_wiring(whole):
    services = whole["services"]
    depends = {
        name: {on: how["condition"] for on, how in service.get("depends_on", {}).items()}
        for name, service in services.items()
    }
    assert depends == DEPENDENCIES, depends
    networks = {name: set(service["networks"]) for name, service in services.items()}
    assert networks == NETWORKS, networks
    assert whole["networks"]["database"]["internal"]
    # It keeps the gateway's address from its start.
    assert services["nginx"]["depends_on"]["gateway"]["restart"]
    assert services["migrate"]["restart"] == "no" and services["migrate"]["command"] == ["migrate", "up"]


def check_secrets(compose, example):
    services = compose.config(DEPLOY / "compose.yaml", filled(blank_urls(example)), PROFILES)["services"]
    for secret, knowers in SECRETS.items():
        value = f"filled-{secret.lower()}"
        found = {name for name, service in services.items() if value in str(service)}
        assert found == knowers, f"{secret} is known to {sorted(found)}"


def blank_urls(example):
    """With the database of the compose file, whose URLs are made of passwords."""
    return re.sub(r"^#(DATABASE_URL|BILLING_OWNER_DATABASE_URL)=.*$", "", example, flags=re.MULTILINE)


def check_confinement(name, service):
    image = service["image"]
    if name in OURS:
        assert re.fullmatch(r"(\S+/)?billing-(core|gateway):\d+\.\d+\.\d+", image), image
    else:
        assert re.fullmatch(r"[a-z/]+:[\w.-]+@sha256:[0-9a-f]{64}", image), f"{image} is not pinned"
    assert service["cap_drop"] == ["ALL"] and "no-new-privileges:true" in service["security_opt"], name
    assert not service.get("privileged") and "cap_add" not in service or name in {"postgres", "nginx"}, name
    assert service.get("read_only") or name == "postgres", name
    assert service["restart"] == ("no" if name == "migrate" else "unless-stopped"), name
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}, name
    assert "mem_limit" in service or name in {"postgres", "migrate"}, name


def check_mounts(name, service):
    for volume in service.get("volumes", []):
        if volume["type"] == "volume" or volume["target"] in OPERATORS:
            continue
        assert volume["read_only"] and volume["type"] == "bind", f"{name}: {volume}"
        assert Path(volume["source"]).exists(), f"{name} mounts {volume['source']}, which is not there"


def check_ports(name, service):
    for port in service.get("ports", []):
        public = port.get("host_ip") != "127.0.0.1"
        assert not public or (name == "nginx" and port["target"] in (80, 443)), f"{name} publishes {port}"


def check_grace(services):
    """Docker waits for as long as an end takes: the core drains calls, and then its lanes; 10 s are left over."""
    for name, setting, drains in (("core", "BILLING_DRAIN_SECS", 2), ("gateway", "BILLING_GATEWAY_DRAIN_SECS", 1)):
        source = REPOSITORY / f"billing-{name}/src"
        found = [
            match
            for path in source.rglob("*.rs")
            for match in re.findall(rf'"{setting}"[^)]*?default_value(?:_t)? = "?(\d+)', path.read_text())
        ]
        grace = services[name]["stop_grace_period"]
        assert len(found) == 1, (name, setting, found)
        assert grace == f"{drains * int(found[0]) + 10}s", (name, found, grace)


def check_prometheus():
    """Its configuration, by its own tool."""
    if shutil.which("promtool") is None:
        print("compose: prometheus.yml SKIPPED: promtool is not installed (Debian: prometheus)", file=sys.stderr)
        return
    configuration = DEPLOY / "prometheus/prometheus.yml"
    done = subprocess.run(["promtool", "check", "config", configuration], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


if __name__ == "__main__":
    main()
