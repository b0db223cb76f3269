"""Whether the committed messages are those of the contract."""

from pathlib import Path

import grpc_tools
import pytest
from google.protobuf import descriptor_pb2
from grpc_tools import protoc

from billing_client._gen.billing.v1 import account_pb2, balance_pb2, error_pb2, price_pb2
from billing_client._gen.billing_client import rpc_pb2

HERE = Path(__file__).resolve().parent.parent
CONTRACT = HERE.parent.parent / "proto"
COMMITTED = [account_pb2, balance_pb2, error_pb2, price_pb2, rpc_pb2]


@pytest.mark.skipif(not CONTRACT.is_dir(), reason="the contract is in the repository, not in the package")
@pytest.mark.parametrize("module", COMMITTED, ids=lambda module: module.DESCRIPTOR.name)
def test_the_generated_messages_are_those_of_the_contract(module: object, tmp_path: Path) -> None:
    descriptor = module.DESCRIPTOR  # type: ignore[attr-defined]
    well_known = Path(grpc_tools.__file__).parent / "_proto"
    paths = [f"-I{path}" for path in (CONTRACT, HERE / "proto", well_known)]
    made = tmp_path / "made"
    assert protoc.main(["protoc", *paths, f"--descriptor_set_out={made}", descriptor.name]) == 0
    [contract] = descriptor_pb2.FileDescriptorSet.FromString(made.read_bytes()).file
    committed = descriptor_pb2.FileDescriptorProto.FromString(descriptor.serialized_pb)
    # Names that the compiler derives, which its versions write or leave out.
    for file in (contract, committed):
        for message in file.message_type:
            for field in message.field:
                field.ClearField("json_name")
            for nested in message.nested_type:
                for field in nested.field:
                    field.ClearField("json_name")
    assert committed == contract, "run generate.py"


def test_the_package_takes_no_name_but_its_own() -> None:
    for module in COMMITTED:
        assert module.__name__.startswith("billing_client._gen.")
