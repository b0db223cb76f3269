from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ToolUsage(_message.Message):
    __slots__ = ("name", "quantities")
    class QuantitiesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    NAME_FIELD_NUMBER: _ClassVar[int]
    QUANTITIES_FIELD_NUMBER: _ClassVar[int]
    name: str
    quantities: _containers.ScalarMap[str, int]
    def __init__(self, name: _Optional[str] = ..., quantities: _Optional[_Mapping[str, int]] = ...) -> None: ...

class UnitPrice(_message.Message):
    __slots__ = ("unit", "amount_micros", "per_units")
    UNIT_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_MICROS_FIELD_NUMBER: _ClassVar[int]
    PER_UNITS_FIELD_NUMBER: _ClassVar[int]
    unit: str
    amount_micros: int
    per_units: int
    def __init__(self, unit: _Optional[str] = ..., amount_micros: _Optional[int] = ..., per_units: _Optional[int] = ...) -> None: ...

class Price(_message.Message):
    __slots__ = ("tenant_id", "tool", "version", "per_call_micros", "unit_prices", "exempt", "free_calls_per_day", "effective_at", "created_at", "cancelled_at")
    TENANT_ID_FIELD_NUMBER: _ClassVar[int]
    TOOL_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    PER_CALL_MICROS_FIELD_NUMBER: _ClassVar[int]
    UNIT_PRICES_FIELD_NUMBER: _ClassVar[int]
    EXEMPT_FIELD_NUMBER: _ClassVar[int]
    FREE_CALLS_PER_DAY_FIELD_NUMBER: _ClassVar[int]
    EFFECTIVE_AT_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    CANCELLED_AT_FIELD_NUMBER: _ClassVar[int]
    tenant_id: str
    tool: str
    version: int
    per_call_micros: int
    unit_prices: _containers.RepeatedCompositeFieldContainer[UnitPrice]
    exempt: bool
    free_calls_per_day: int
    effective_at: _timestamp_pb2.Timestamp
    created_at: _timestamp_pb2.Timestamp
    cancelled_at: _timestamp_pb2.Timestamp
    def __init__(self, tenant_id: _Optional[str] = ..., tool: _Optional[str] = ..., version: _Optional[int] = ..., per_call_micros: _Optional[int] = ..., unit_prices: _Optional[_Iterable[_Union[UnitPrice, _Mapping]]] = ..., exempt: bool = ..., free_calls_per_day: _Optional[int] = ..., effective_at: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., created_at: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., cancelled_at: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class SetPriceRequest(_message.Message):
    __slots__ = ("tenant_id", "tool", "per_call_micros", "unit_prices", "exempt", "free_calls_per_day", "effective_at", "reason", "actor")
    TENANT_ID_FIELD_NUMBER: _ClassVar[int]
    TOOL_FIELD_NUMBER: _ClassVar[int]
    PER_CALL_MICROS_FIELD_NUMBER: _ClassVar[int]
    UNIT_PRICES_FIELD_NUMBER: _ClassVar[int]
    EXEMPT_FIELD_NUMBER: _ClassVar[int]
    FREE_CALLS_PER_DAY_FIELD_NUMBER: _ClassVar[int]
    EFFECTIVE_AT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    tenant_id: str
    tool: str
    per_call_micros: int
    unit_prices: _containers.RepeatedCompositeFieldContainer[UnitPrice]
    exempt: bool
    free_calls_per_day: int
    effective_at: _timestamp_pb2.Timestamp
    reason: str
    actor: str
    def __init__(self, tenant_id: _Optional[str] = ..., tool: _Optional[str] = ..., per_call_micros: _Optional[int] = ..., unit_prices: _Optional[_Iterable[_Union[UnitPrice, _Mapping]]] = ..., exempt: bool = ..., free_calls_per_day: _Optional[int] = ..., effective_at: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., reason: _Optional[str] = ..., actor: _Optional[str] = ...) -> None: ...

class SetPriceResponse(_message.Message):
    __slots__ = ("price", "superseded", "planned", "prices")
    PRICE_FIELD_NUMBER: _ClassVar[int]
    SUPERSEDED_FIELD_NUMBER: _ClassVar[int]
    PLANNED_FIELD_NUMBER: _ClassVar[int]
    PRICES_FIELD_NUMBER: _ClassVar[int]
    price: Price
    superseded: Price
    planned: _containers.RepeatedCompositeFieldContainer[Price]
    prices: _containers.RepeatedCompositeFieldContainer[Price]
    def __init__(self, price: _Optional[_Union[Price, _Mapping]] = ..., superseded: _Optional[_Union[Price, _Mapping]] = ..., planned: _Optional[_Iterable[_Union[Price, _Mapping]]] = ..., prices: _Optional[_Iterable[_Union[Price, _Mapping]]] = ...) -> None: ...

class CancelPriceRequest(_message.Message):
    __slots__ = ("tenant_id", "tool", "version", "reason", "actor", "or_restore")
    TENANT_ID_FIELD_NUMBER: _ClassVar[int]
    TOOL_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    OR_RESTORE_FIELD_NUMBER: _ClassVar[int]
    tenant_id: str
    tool: str
    version: int
    reason: str
    actor: str
    or_restore: bool
    def __init__(self, tenant_id: _Optional[str] = ..., tool: _Optional[str] = ..., version: _Optional[int] = ..., reason: _Optional[str] = ..., actor: _Optional[str] = ..., or_restore: bool = ...) -> None: ...

class CancelPriceResponse(_message.Message):
    __slots__ = ("price", "restored", "prices")
    PRICE_FIELD_NUMBER: _ClassVar[int]
    RESTORED_FIELD_NUMBER: _ClassVar[int]
    PRICES_FIELD_NUMBER: _ClassVar[int]
    price: Price
    restored: Price
    prices: _containers.RepeatedCompositeFieldContainer[Price]
    def __init__(self, price: _Optional[_Union[Price, _Mapping]] = ..., restored: _Optional[_Union[Price, _Mapping]] = ..., prices: _Optional[_Iterable[_Union[Price, _Mapping]]] = ...) -> None: ...

class ListPricesRequest(_message.Message):
    __slots__ = ("tenant_id", "tool", "include_past")
    TENANT_ID_FIELD_NUMBER: _ClassVar[int]
    TOOL_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_PAST_FIELD_NUMBER: _ClassVar[int]
    tenant_id: str
    tool: str
    include_past: bool
    def __init__(self, tenant_id: _Optional[str] = ..., tool: _Optional[str] = ..., include_past: bool = ...) -> None: ...

class ListPricesResponse(_message.Message):
    __slots__ = ("prices",)
    PRICES_FIELD_NUMBER: _ClassVar[int]
    prices: _containers.RepeatedCompositeFieldContainer[Price]
    def __init__(self, prices: _Optional[_Iterable[_Union[Price, _Mapping]]] = ...) -> None: ...

class EstimateCostRequest(_message.Message):
    __slots__ = ("tenant_id", "tool")
    TENANT_ID_FIELD_NUMBER: _ClassVar[int]
    TOOL_FIELD_NUMBER: _ClassVar[int]
    tenant_id: str
    tool: ToolUsage
    def __init__(self, tenant_id: _Optional[str] = ..., tool: _Optional[_Union[ToolUsage, _Mapping]] = ...) -> None: ...

class EstimateCostResponse(_message.Message):
    __slots__ = ("required_micros", "price_version", "priced", "exempt")
    REQUIRED_MICROS_FIELD_NUMBER: _ClassVar[int]
    PRICE_VERSION_FIELD_NUMBER: _ClassVar[int]
    PRICED_FIELD_NUMBER: _ClassVar[int]
    EXEMPT_FIELD_NUMBER: _ClassVar[int]
    required_micros: int
    price_version: int
    priced: bool
    exempt: bool
    def __init__(self, required_micros: _Optional[int] = ..., price_version: _Optional[int] = ..., priced: bool = ..., exempt: bool = ...) -> None: ...
