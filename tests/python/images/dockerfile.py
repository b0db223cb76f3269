"""What deploy/Dockerfile and .dockerignore say, as far as it can be read without building."""

import re
import tomllib
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]
# What was asked of the images, in bytes.
LARGEST = {"billing-core": 40_000_000, "billing-gateway": 45_000_000}
# And of the one that serves the pages alone, most of which is nginx.
LARGEST_PAGES = 90_000_000


def check_dockerfile():
    text = (REPOSITORY / "deploy/Dockerfile").read_text()
    workspace = tomllib.loads((REPOSITORY / "Cargo.toml").read_text())["workspace"]
    toolchain = tomllib.loads((REPOSITORY / "rust-toolchain.toml").read_text())["toolchain"]["channel"]
    stages = {name: base for base, name in re.findall(r"^FROM (\S+) AS (\S+)$", text, re.MULTILINE)}
    own = set(stages) | {"scratch", "${RUST}", "${NODE}", "${NGINX}"}
    assert set(stages.values()) <= own, stages
    assert stages["core"] == stages["gateway"] == "scratch", stages
    # Each base is pinned by its digest.
    bases = re.findall(r"^ARG (RUST|NODE|NGINX)=[a-z]+:[\w.-]+@sha256:[0-9a-f]{64}$", text, re.MULTILINE)
    assert bases == ["RUST", "NODE", "NGINX"], bases
    # The compiler's is Debian's, and has the compiler of the repository.
    base = re.search(r"^ARG RUST=rust:([\d.]+)-slim-bookworm@sha256:[0-9a-f]{64}$", text, re.MULTILINE)
    assert base and base[1] == toolchain, base
    assert f"RUSTUP_TOOLCHAIN={toolchain} " in text
    versions = re.findall(r"^ARG VERSION=(.+)$", text, re.MULTILINE)
    assert versions == [workspace["package"]["version"]] * 3, versions
    # What else is copied into an image than its root.
    pages = ["COPY --from=web /rootfs /"]
    for service, more in (("core", []), ("gateway", pages)):
        stage = text.split(f"FROM scratch AS {service}\n")[1].split("\nFROM ")[0]
        assert "\nUSER 65532:65532\n" in stage and f'ENTRYPOINT ["/billing-{service}"]' in stage, service
        own = f"COPY --from=build /rootfs/billing-{service} /"
        assert "\nRUN " not in stage and re.findall(r"^COPY .+$", stage, re.MULTILINE) == [own, *more], service
        assert f'billing.sbom="/usr/share/sbom/billing-{service}.cdx.json"' in stage, service
    instructions = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    assert "sandbox" not in instructions
    check_context(instructions, workspace["members"])


def check_context(instructions, members):
    """Manifests of all members reach the build, for the lock file; code only of what an image runs."""
    ignore = (REPOSITORY / ".dockerignore").read_text().splitlines()
    sent = {line[1:] for line in ignore if line.startswith("!")}
    assert ignore[1] == "*", "everything else is left out first"
    manifests = {f"{member}/Cargo.toml" for member in members if member not in sent}
    assert manifests == {name for name in sent if name.endswith("/Cargo.toml")}, manifests
    code = {member for member in members if member in sent}
    assert code == {"billing-core", "billing-gateway", "proto", "telemetry"}, code
    copied = {
        name
        for names in re.findall(r"^COPY (?!--from)(.+) \S+$", instructions, re.MULTILINE)
        for name in names.split()
        if name != "."
    }
    outside = {name for name in copied if not any(name == part or name.startswith(f"{part}/") for part in sent)}
    assert not outside and code | {"web"} <= copied, (outside, copied)
