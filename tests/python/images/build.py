"""The images, built by Docker from deploy/Dockerfile and looked at.

    python3 build.py [PROGRAM]      docker, or one that takes the same commands"""

import json
import subprocess
import sys

from dockerfile import LARGEST, LARGEST_PAGES, REPOSITORY, check_dockerfile

USER = "65532:65532"
# As the compose file runs them.
CONFINED = ["--rm", "--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--network=none"]


def main():
    docker = sys.argv[1] if len(sys.argv) > 1 else "docker"
    check_dockerfile()
    for program, largest in LARGEST.items():
        target = program.removeprefix("billing-")
        tag = f"{program}:test"
        build = ["build", "--file", "deploy/Dockerfile", "--target", target, "--tag", tag, "."]
        subprocess.run([docker, *build], cwd=REPOSITORY, check=True)
        image = json.loads(output(docker, "image", "inspect", tag))[0]
        print(f"images: {tag}: {image['Size'] / 1e6:.1f} MB")
        assert image["Size"] <= largest, f"{tag} has {image['Size']} bytes"
        configuration = image["Config"]
        assert configuration["User"] == USER and configuration["Entrypoint"] == [f"/{program}"], configuration
        assert configuration["Labels"]["org.opencontainers.image.title"] == program, configuration["Labels"]
        assert program in output(docker, "run", *CONFINED, tag, "--version")
        for other in ("/bin/sh", "/billing-sandbox"):
            started = subprocess.run([docker, "run", *CONFINED, f"--entrypoint={other}", tag], capture_output=True)
            assert started.returncode != 0, f"{tag} starts {other}"
    build_pages(docker)


def build_pages(docker):
    """nginx, whose entry point fills the configuration in."""
    tag = "billing-pages:test"
    build = ["build", "--file", "deploy/Dockerfile", "--target", "pages", "--tag", tag, "."]
    subprocess.run([docker, *build], cwd=REPOSITORY, check=True)
    image = json.loads(output(docker, "image", "inspect", tag))[0]
    print(f"images: {tag}: {image['Size'] / 1e6:.1f} MB")
    assert image["Size"] <= LARGEST_PAGES, f"{tag} has {image['Size']} bytes"
    assert image["Config"]["User"] == "101:101", image["Config"]
    address = "--env=BILLING_API_URL=https://billing.example.org"
    subprocess.run([docker, "run", *CONFINED, "--tmpfs=/tmp", address, tag, "nginx", "-t"], check=True)


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    main()
