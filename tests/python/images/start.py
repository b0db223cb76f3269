"""The images' contents, assembled by the steps of deploy/Dockerfile and started without Docker: each
service in a root of its own that nobody can write to, as user 65532, in a network that has only names and
loopback. PostgreSQL is set up by deploy/postgres/init.sh, as in the compose file.

    python3 start.py --core PATH --gateway PATH --database URL [--web FOLDER] [--sizes]

Needs root. --sizes judges sizes too, of programs that were built for release."""

import argparse
import base64
import fcntl
import hashlib
import hmac
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from pathlib import Path

from dockerfile import LARGEST, REPOSITORY, check_dockerfile

USER = 65532
LIBRARIES = {"ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1", "libc.so.6", "libgcc_s.so.1", "libm.so.6"}
OTHERS = {
    "/etc/group",
    "/etc/nsswitch.conf",
    "/etc/passwd",
    "/etc/ssl/certs/ca-certificates.crt",
    "/usr/share/doc/LICENSE",
    "/usr/share/doc/ca-certificates/copyright",
    "/usr/share/doc/libc6/copyright",
    "/usr/share/doc/libgcc-s1/copyright",
}
PATIENCE_SECS = 60


def main():
    options = arguments()
    if options.folder is not None:
        return inside(options)
    isolated = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    if subprocess.run([*isolated, "true"]).returncode != 0:
        print("images: SKIPPED: this machine lets nobody make namespaces", file=sys.stderr)
        return 0
    check_dockerfile()
    # Removed out here, where what is mounted into it cannot be seen.
    with tempfile.TemporaryDirectory(prefix="billing-images-") as folder:
        # The services reach it as somebody else.
        os.chmod(folder, 0o755)
        return subprocess.run([*isolated, sys.executable, *sys.argv, "--folder", folder]).returncode


def inside(options):
    roots = {}
    for program in (options.core, options.gateway):
        root = assemble(program, options.folder)
        check_files(root)
        check_bill(root)
        if options.web is not None and root.name == "billing-gateway":
            # Where the image has the pages.
            shutil.copytree(options.web, root / "web")
        check_size(root, options.sizes)
        roots[root.name] = root
    start_all(roots, options.database)
    return 0


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--core", type=Path, required=True)
    parser.add_argument("--gateway", type=Path, required=True)
    parser.add_argument("--database", required=True)
    parser.add_argument("--web", type=Path, help="the pages, as npm run build has made them")
    parser.add_argument("--sizes", action="store_true")
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


# The files.


def assemble(program, folder):
    """By the scripts that the Dockerfile runs."""
    named = folder / "programs" / program.name
    named.parent.mkdir(exist_ok=True)
    named.symlink_to(program.resolve())
    steps = REPOSITORY / "deploy/image"
    with open(f"{named}.cdx.json", "w") as bill:
        subprocess.run([steps / "sbom.sh", program.name], cwd=REPOSITORY, stdout=bill, check=True)
    root = folder / program.name
    subprocess.run([steps / "rootfs.sh", named, root], cwd=REPOSITORY, check=True)
    return root


def check_size(root, sizes):
    size = sum(path.stat().st_size for path in root.rglob("*") if not path.is_dir())
    print(f"images: {root.name}: {size / 1e6:.1f} MB")
    if sizes:
        assert size <= LARGEST[root.name], f"{root.name} has {size} bytes"


def check_files(root):
    files = {f"/{path.relative_to(root)}": path for path in root.rglob("*") if not path.is_dir()}
    expected = OTHERS | {f"/{root.name}", f"/usr/share/sbom/{root.name}.cdx.json"}
    libraries = {name for name in files if name.split("/")[-1] in LIBRARIES}
    assert set(files) - libraries == expected, f"{root.name}: {set(files) ^ expected}"
    runnable = {name for name, path in files.items() if os.access(path, os.X_OK) or path.stat().st_mode & 0o111}
    assert runnable - libraries == {f"/{root.name}"}, runnable
    modes = {name: oct(path.stat().st_mode) for name, path in files.items() if path.stat().st_mode & 0o022}
    assert not modes, f"others may write: {modes}"
    times = {path.lstat().st_mtime for path in root.rglob("*")}
    assert times == {0}, f"times that differ from build to build: {times}"


def check_bill(root):
    """It names crates of the lock file with their checksums, and nothing that no image may have."""
    bill = json.loads((root / f"usr/share/sbom/{root.name}.cdx.json").read_text())
    assert bill["bomFormat"] == "CycloneDX" and bill["metadata"]["component"]["name"] == root.name
    lock = (REPOSITORY / "Cargo.lock").read_text()
    names = {part["name"]: part for part in bill["components"]}
    assert {"tokio", "rustls", "tonic", "billing-proto", "libc6", "ca-certificates"} <= set(names), sorted(names)
    for part in bill["components"]:
        if part["purl"].startswith("pkg:cargo/") and not part["name"].startswith("billing-"):
            assert part["hashes"][0]["content"] in lock, part
    unwanted = {"billing-sandbox", "billing-testkit", "billing-stage", "aws-lc-sys", "openssl-sys"}
    assert not unwanted & set(names), unwanted & set(names)


# The surroundings that a container's runtime gives.


def start_all(roots, superuser_url):
    set_loopback_up()
    names = Names()
    for root in roots.values():
        surround(root, superuser_url)
    database = initialise(superuser_url)
    core = roots["billing-core"]
    owner = {"BILLING_OWNER_DATABASE_URL": database("billing_owner")}
    for _again in range(2):
        migrated = run(core, owner, ["migrate", "up"]).wait(PATIENCE_SECS)
        assert migrated == 0, f"migrate up ended with {migrated}"
    token, secret = "gateway-token-of-the-images", b"a secret of the images' test, long enough"
    admitted = hashlib.sha256(token.encode()).hexdigest()
    environment = {
        "DATABASE_URL": database("billing_core"),
        "BILLING_GRPC_ADDR": "0.0.0.0:50051",
        "BILLING_ADMIN_ADDR": "0.0.0.0:9051",
        "BILLING_SERVICE_TOKENS": f"gateway:*:{admitted}",
        # Reads the authorities of TLS.
        "SMTP_HOST": "mail",
        "EMAIL_FROM": "billing@example.org",
    }
    private = run(core, environment)
    await_answers(private, "http://127.0.0.1:9051/livez", "http://127.0.0.1:9051/readyz")
    environment = {
        "BILLING_GATEWAY_ADDR": "0.0.0.0:8080",
        "BILLING_GATEWAY_ADMIN_ADDR": "0.0.0.0:9080",
        "BILLING_CORE_URL": "http://core:50051",
        "BILLING_CORE_TOKEN": token,
        "BILLING_DEFAULT_TENANT": "acme",
        "JWT_SECRET": secret.decode(),
        "STRIPE_SECRET_KEY": "sk_test_of_the_images",
        "STRIPE_WEBHOOK_SECRET": "whsec_of_the_images_as_long_as_stripes",
        "BILLING_RATE_SOURCE": "none",
    }
    has_pages = (roots["billing-gateway"] / "web").is_dir()
    if has_pages:
        environment["BILLING_WEB_DIR"] = "/web"
    public = run(roots["billing-gateway"], environment)
    await_answers(public, "http://127.0.0.1:9080/livez", "http://127.0.0.1:9080/readyz")
    # Public, and asks the core.
    await_answers(public, "http://127.0.0.1:8080/ready")
    if has_pages:
        await_answers(public, "http://127.0.0.1:8080/app/", "http://127.0.0.1:8080/support")
    assert "core" in names.asked, f"the core was found without DNS: {names.asked}"
    check_zones(jwt_of("olena", secret))
    for service in (public, private):
        check_rights(service)
        service.send_signal(signal.SIGTERM)
        status = service.wait(PATIENCE_SECS)
        assert status == 0, f"{service.args[-1]} ended with {status}"
    print("images: both services started, answered and stopped in their images' files")


def set_loopback_up():
    set_flags, up_and_running = 0x8914, 0x41
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, set_flags, struct.pack("16sH14x", b"lo", up_and_running))


def surround(root, superuser_url):
    """/proc, the name server's address and the database's socket, and then nothing can be written."""
    for folder in ("proc", "run/postgresql"):
        (root / folder).mkdir(parents=True)
    (root / "etc/resolv.conf").write_text("nameserver 127.0.0.1\n")
    sockets = urllib.parse.parse_qs(urllib.parse.urlparse(superuser_url).query)["host"][0]
    here = root / "run/postgresql/.s.PGSQL.5432"
    here.touch()
    mount("--bind", Path(sockets) / ".s.PGSQL.5432", here)
    mount("--types", "proc", "proc", root / "proc")
    mount("--rbind", root, root)
    mount("--options", "remount,bind,ro,nosuid,nodev", root)
    try:
        (root / "tmp").mkdir()
    except OSError:
        return
    raise AssertionError("the root can be written to")


def mount(*arguments):
    subprocess.run(["mount", *arguments], check=True)


class Names:
    """A name server that knows one name, and who was asked for."""

    def __init__(self):
        self.asked = set()
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 53))
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            question, client = self.socket.recvfrom(512)
            end = question.index(b"\0", 12)
            labels, at = [], 12
            while at < end:
                labels.append(question[at + 1 : at + 1 + question[at]].decode())
                at += 1 + question[at]
            self.asked.add(".".join(labels))
            known = labels == ["core"]
            wants_address = question[end + 1 : end + 3] == b"\0\1"
            answers = 1 if known and wants_address else 0
            # Recursion available; no error, or no such name.
            flags = b"\x81\x80" if known else b"\x81\x83"
            head = question[:2] + flags + b"\0\1" + bytes([0, answers]) + b"\0\0\0\0"
            answer = b"\xc0\x0c\0\1\0\1\0\0\0\0\0\4" + socket.inet_aton("127.0.0.1")
            self.socket.sendto(head + question[12 : end + 5] + answer * answers, client)


def initialise(superuser_url):
    """The database and its roles as the compose file's PostgreSQL makes them."""
    url = urllib.parse.urlparse(superuser_url)
    sockets = urllib.parse.parse_qs(url.query)["host"][0]
    environment = {
        "PATH": os.environ["PATH"],
        "PGHOST": sockets,
        "PGPORT": "5432",
        "POSTGRES_USER": url.username,
        "BILLING_OWNER_PASSWORD": "owner's $password",
        "BILLING_CORE_PASSWORD": "core's \"password",
    }
    subprocess.run([REPOSITORY / "deploy/postgres/init.sh"], env=environment, check=True)
    return lambda role: f"postgres://{role}@localhost:5432/billing?host=/run/postgresql"


# The services.


def run(root, environment, arguments=()):
    chroot = ["setpriv", "--no-new-privs", "chroot", f"--userspec={USER}:{USER}", "--groups="]
    return subprocess.Popen(
        [*chroot, root, f"/{root.name}", *arguments],
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "BILLING_LOG": "warn", **environment},
        stdin=subprocess.DEVNULL,
    )


def check_rights(service):
    status = Path(f"/proc/{service.pid}/status").read_text()
    facts = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert set(facts["Uid"].split()) == set(facts["Gid"].split()) == {str(USER)}, facts["Uid"]
    assert facts["Groups"].strip() == "" and int(facts["CapEff"], 16) == 0, facts
    assert facts["NoNewPrivs"] == "1", facts


def check_zones(jwt):
    """A zone is looked up in the program's own data: there is no other in the image."""
    zone = "Europe/Kyiv"
    ask("/api/billing/settings", jwt, {"time_zone": zone})
    balance = ask("/api/billing/balance", jwt)["billing"]
    assert balance["time_zone"] == zone, balance


def jwt_of(user, secret):
    def encode(part):
        return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=")

    signed = encode({"alg": "HS256", "typ": "JWT"}) + b"." + encode({"userId": user, "exp": int(time.time()) + 600})
    tag = hmac.new(secret, signed, hashlib.sha256).digest()
    return (signed + b"." + base64.urlsafe_b64encode(tag).rstrip(b"=")).decode()


def ask(path, jwt, change=None):
    request = urllib.request.Request(
        f"http://127.0.0.1:8080{path}",
        method="GET" if change is None else "PUT",
        data=None if change is None else json.dumps(change).encode(),
        headers={"authorization": f"Bearer {jwt}", "content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def await_answers(service, *urls):
    """Until each says 200."""
    until = time.monotonic() + PATIENCE_SECS
    for url in urls:
        while True:
            try:
                with urllib.request.urlopen(url, timeout=5):
                    break
            except OSError as refused:
                ended = service.poll()
                assert ended is None, f"{service.args[-1]} ended with {ended}"
                assert time.monotonic() < until, f"{url}: {refused}"
            time.sleep(0.05)


if __name__ == "__main__":
    sys.exit(main())
