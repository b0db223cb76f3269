"""Generates the messages under src/billing_client/_gen from the contract in /proto.

    python -m venv /tmp/generate && /tmp/generate/bin/pip install -r requirements-generate.txt
    /tmp/generate/bin/python generate.py

It runs with an old grpcio-tools on purpose: code of one protobuf version works with that version and
later ones, so the version here is the lower bound that pyproject.toml declares. tests/test_generated.py
says when what is committed is no longer what the contract says.
"""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).resolve().parent
CONTRACT = HERE.parent.parent / "proto"
OWN = HERE / "proto"
OUT = HERE / "src" / "billing_client" / "_gen"
TOOLS = "1.62.3"

# All that balance.proto needs, and the reasons of refusals.
FILES = [
    "billing/v1/account.proto",
    "billing/v1/balance.proto",
    "billing/v1/error.proto",
    "billing/v1/price.proto",
    "billing_client/rpc.proto",
]

POOL = '''"""A pool of descriptors of this package's own.

A program may have generated the same contract itself, in another version: one pool cannot hold both.
"""

from google.protobuf import descriptor_pool, duration_pb2, message_factory, timestamp_pb2

POOL = descriptor_pool.DescriptorPool()
for _known in (duration_pb2, timestamp_pb2):
    POOL.AddSerializedFile(_known.DESCRIPTOR.serialized_pb)
    for _name in _known.DESCRIPTOR.message_types_by_name:
        message_factory.GetMessageClass(POOL.FindMessageTypeByName("google.protobuf." + _name))
'''


def protoc(*arguments: str) -> None:
    """Runs the compiler of grpcio-tools. Exits where it fails."""
    import grpc_tools
    from grpc_tools import protoc as compiler

    well_known = Path(grpc_tools.__file__).parent / "_proto"
    paths = [f"-I{CONTRACT}", f"-I{OWN}", f"-I{well_known}"]
    if compiler.main(["protoc", *paths, *arguments, *FILES]) != 0:
        sys.exit("protoc failed")


def inside(text: str) -> str:
    """The same module as a part of billing_client._gen, with the package's own pool."""
    text = re.sub(r"^from (billing\S*) import", r"from billing_client._gen.\1 import", text, flags=re.M)
    text = text.replace(
        "from google.protobuf import descriptor_pool as _descriptor_pool",
        "from billing_client._gen._pool import POOL as _pool",
    )
    return text.replace("_descriptor_pool.Default()", "_pool")


def main() -> None:
    if version("grpcio-tools") != TOOLS:
        sys.exit(f"generate with grpcio-tools=={TOOLS}: see requirements-generate.txt")
    with tempfile.TemporaryDirectory() as directory:
        made = Path(directory)
        protoc(f"--python_out={made}", f"--pyi_out={made}")
        shutil.rmtree(OUT, ignore_errors=True)
        for source in sorted([*made.rglob("*.py"), *made.rglob("*.pyi")]):
            target = OUT / source.relative_to(made)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(inside(source.read_text(encoding="utf-8")), encoding="utf-8")
    for folder in [OUT, *(path for path in OUT.rglob("*") if path.is_dir())]:
        (folder / "__init__.py").write_text("", encoding="utf-8")
    (OUT / "_pool.py").write_text(POOL, encoding="utf-8")


if __name__ == "__main__":
    main()
