"""The contract as the running server tells it: no generated code, only gRPC reflection."""

from typing import NamedTuple

import grpc
from google.protobuf import descriptor_pool, json_format, message_factory
from google.rpc import error_details_pb2, status_pb2
from grpc_reflection.v1alpha import reflection_pb2
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)

DEADLINE_SECS = 10
REFLECTION_V1 = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"


class Refused(Exception):
    """An RPC that ended with an error, and the details that the error carries."""

    def __init__(self, error):
        self.code = error.code().name
        self.reason = None
        self.domain = None
        self.metadata = {}
        self.fields = []
        trailers = {name: value for name, value in error.trailing_metadata() or ()}
        details = status_pb2.Status.FromString(trailers.get("grpc-status-details-bin", b""))
        for detail in details.details:
            info = error_details_pb2.ErrorInfo()
            bad_request = error_details_pb2.BadRequest()
            if detail.Unpack(info):
                self.reason, self.domain = info.reason, info.domain
                self.metadata = dict(info.metadata)
            elif detail.Unpack(bad_request):
                self.fields = [violation.field for violation in bad_request.field_violations]
        super().__init__(f"{self.code} {self.reason} {self.fields}: {error.details()}")


class _Call(NamedTuple):
    """A call as interceptors pass it on: the names are grpc.ClientCallDetails's."""

    method: str
    timeout: float
    metadata: list
    credentials: object
    wait_for_ready: bool
    compression: object


class _Bearer(grpc.UnaryUnaryClientInterceptor, grpc.StreamStreamClientInterceptor):
    """Adds a service token to every call."""

    def __init__(self, token):
        self.metadata = [("authorization", f"Bearer {token}")]

    def _intercept(self, proceed, details, request):
        call = _Call(
            details.method,
            details.timeout,
            list(details.metadata or ()) + self.metadata,
            details.credentials,
            details.wait_for_ready,
            details.compression,
        )
        return proceed(call, request)

    intercept_unary_unary = _intercept
    intercept_stream_stream = _intercept


def with_token(channel, token):
    return grpc.intercept_channel(channel, _Bearer(token)) if token else channel


class Contract:
    """The server's services, found by reflection with one token and called with any."""

    def __init__(self, channel, token):
        self.channel = channel
        self.database = ProtoReflectionDescriptorDatabase(with_token(channel, token))
        self.pool = descriptor_pool.DescriptorPool(self.database)

    def services(self):
        return set(self.database.get_services())

    def call(self, token, method, **request):
        """Calls `Service.Method` of billing.v1; the request's fields are given as JSON has them."""
        service, name = method.split(".")
        described = self.pool.FindServiceByName(f"billing.v1.{service}").FindMethodByName(name)
        request_class = message_factory.GetMessageClass(described.input_type)
        response_class = message_factory.GetMessageClass(described.output_type)
        rpc = with_token(self.channel, token).unary_unary(
            f"/{described.containing_service.full_name}/{name}",
            request_serializer=request_class.SerializeToString,
            response_deserializer=response_class.FromString,
        )
        message = json_format.ParseDict(request, request_class())
        try:
            return rpc(message, timeout=DEADLINE_SECS)
        except grpc.RpcError as error:
            raise Refused(error) from error


def name_of(message, field):
    """The name of an enum field's value."""
    kind = message.DESCRIPTOR.fields_by_name[field].enum_type
    return kind.values_by_number[getattr(message, field)].name


def services_by_v1(channel, token):
    """The names of the services, by the v1 protocol, whose messages are those of v1alpha."""
    rpc = with_token(channel, token).stream_stream(
        REFLECTION_V1,
        request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
        response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
    )
    request = reflection_pb2.ServerReflectionRequest(list_services="")
    try:
        answer = next(rpc(iter([request]), timeout=DEADLINE_SECS))
    except grpc.RpcError as error:
        raise Refused(error) from error
    return {service.name for service in answer.list_services_response.service}


def is_serving(channel):
    """The health of the server, asked without a token and decoded by hand: SERVING is 1."""
    rpc = channel.unary_unary("/grpc.health.v1.Health/Check")
    return rpc(b"", timeout=DEADLINE_SECS) == b"\x08\x01"
