from billing_client._gen.billing.v1 import account_pb2 as _account_pb2
from billing_client._gen.billing.v1 import price_pb2 as _price_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Decision(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DECISION_UNSPECIFIED: _ClassVar[Decision]
    DECISION_ALLOWED: _ClassVar[Decision]
    DECISION_TOOL_NOT_PRICED: _ClassVar[Decision]
    DECISION_ACCOUNT_SUSPENDED: _ClassVar[Decision]
    DECISION_INSUFFICIENT_BALANCE: _ClassVar[Decision]
    DECISION_DAILY_LIMIT_EXCEEDED: _ClassVar[Decision]
    DECISION_MONTHLY_LIMIT_EXCEEDED: _ClassVar[Decision]

class OveragePolicy(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OVERAGE_POLICY_UNSPECIFIED: _ClassVar[OveragePolicy]
    OVERAGE_POLICY_REJECT: _ClassVar[OveragePolicy]
    OVERAGE_POLICY_UP_TO_AVAILABLE: _ClassVar[OveragePolicy]
    OVERAGE_POLICY_ALLOW_DEBT: _ClassVar[OveragePolicy]

class HoldState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    HOLD_STATE_UNSPECIFIED: _ClassVar[HoldState]
    HOLD_STATE_PLACED: _ClassVar[HoldState]
    HOLD_STATE_CAPTURED: _ClassVar[HoldState]
    HOLD_STATE_RELEASED: _ClassVar[HoldState]
    HOLD_STATE_EXPIRED: _ClassVar[HoldState]

class EntryKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ENTRY_KIND_UNSPECIFIED: _ClassVar[EntryKind]
    ENTRY_KIND_TOP_UP: _ClassVar[EntryKind]
    ENTRY_KIND_CHARGE: _ClassVar[EntryKind]
    ENTRY_KIND_REFUND: _ClassVar[EntryKind]
    ENTRY_KIND_GRANT: _ClassVar[EntryKind]
    ENTRY_KIND_ADJUSTMENT: _ClassVar[EntryKind]
    ENTRY_KIND_PAYMENT_REVERSAL: _ClassVar[EntryKind]
    ENTRY_KIND_DISPUTE: _ClassVar[EntryKind]
    ENTRY_KIND_DISPUTE_WON: _ClassVar[EntryKind]
DECISION_UNSPECIFIED: Decision
DECISION_ALLOWED: Decision
DECISION_TOOL_NOT_PRICED: Decision
DECISION_ACCOUNT_SUSPENDED: Decision
DECISION_INSUFFICIENT_BALANCE: Decision
DECISION_DAILY_LIMIT_EXCEEDED: Decision
DECISION_MONTHLY_LIMIT_EXCEEDED: Decision
OVERAGE_POLICY_UNSPECIFIED: OveragePolicy
OVERAGE_POLICY_REJECT: OveragePolicy
OVERAGE_POLICY_UP_TO_AVAILABLE: OveragePolicy
OVERAGE_POLICY_ALLOW_DEBT: OveragePolicy
HOLD_STATE_UNSPECIFIED: HoldState
HOLD_STATE_PLACED: HoldState
HOLD_STATE_CAPTURED: HoldState
HOLD_STATE_RELEASED: HoldState
HOLD_STATE_EXPIRED: HoldState
ENTRY_KIND_UNSPECIFIED: EntryKind
ENTRY_KIND_TOP_UP: EntryKind
ENTRY_KIND_CHARGE: EntryKind
ENTRY_KIND_REFUND: EntryKind
ENTRY_KIND_GRANT: EntryKind
ENTRY_KIND_ADJUSTMENT: EntryKind
ENTRY_KIND_PAYMENT_REVERSAL: EntryKind
ENTRY_KIND_DISPUTE: EntryKind
ENTRY_KIND_DISPUTE_WON: EntryKind

class Cost(_message.Message):
    __slots__ = ("amount_micros", "tool")
    AMOUNT_MICROS_FIELD_NUMBER: _ClassVar[int]
    TOOL_FIELD_NUMBER: _ClassVar[int]
    amount_micros: int
    tool: _price_pb2.ToolUsage
    def __init__(self, amount_micros: _Optional[int] = ..., tool: _Optional[_Union[_price_pb2.ToolUsage, _Mapping]] = ...) -> None: ...

class Hold(_message.Message):
    __slots__ = ("hold_id", "amount_micros", "expires_at", "state")
    HOLD_ID_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_MICROS_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    hold_id: str
    amount_micros: int
    expires_at: _timestamp_pb2.Timestamp
    state: HoldState
    def __init__(self, hold_id: _Optional[str] = ..., amount_micros: _Optional[int] = ..., expires_at: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., state: _Optional[_Union[HoldState, str]] = ...) -> None: ...

class CheckBalanceRequest(_message.Message):
    __slots__ = ("account", "cost")
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    COST_FIELD_NUMBER: _ClassVar[int]
    account: _account_pb2.AccountRef
    cost: Cost
    def __init__(self, account: _Optional[_Union[_account_pb2.AccountRef, _Mapping]] = ..., cost: _Optional[_Union[Cost, _Mapping]] = ...) -> None: ...

class CheckBalanceResponse(_message.Message):
    __slots__ = ("decision", "enforced", "required_micros", "balance", "shortfall_micros", "limits", "billing_enabled", "price_version", "topup_url", "retry_after", "above_limit")
    DECISION_FIELD_NUMBER: _ClassVar[int]
    ENFORCED_FIELD_NUMBER: _ClassVar[int]
    REQUIRED_MICROS_FIELD_NUMBER: _ClassVar[int]
    BALANCE_FIELD_NUMBER: _ClassVar[int]
    SHORTFALL_MICROS_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    BILLING_ENABLED_FIELD_NUMBER: _ClassVar[int]
    PRICE_VERSION_FIELD_NUMBER: _ClassVar[int]
    TOPUP_URL_FIELD_NUMBER: _ClassVar[int]
    RETRY_AFTER_FIELD_NUMBER: _ClassVar[int]
    ABOVE_LIMIT_FIELD_NUMBER: _ClassVar[int]
    decision: Decision
    enforced: bool
    required_micros: int
    balance: _account_pb2.Balance
    shortfall_micros: int
    limits: _containers.RepeatedCompositeFieldContainer[_account_pb2.LimitStatus]
    billing_enabled: bool
    price_version: int
    topup_url: str
    retry_after: _duration_pb2.Duration
    above_limit: bool
    def __init__(self, decision: _Optional[_Union[Decision, str]] = ..., enforced: bool = ..., required_micros: _Optional[int] = ..., balance: _Optional[_Union[_account_pb2.Balance, _Mapping]] = ..., shortfall_micros: _Optional[int] = ..., limits: _Optional[_Iterable[_Union[_account_pb2.LimitStatus, _Mapping]]] = ..., billing_enabled: bool = ..., price_version: _Optional[int] = ..., topup_url: _Optional[str] = ..., retry_after: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., above_limit: bool = ...) -> None: ...

class PlaceHoldRequest(_message.Message):
    __slots__ = ("account", "idempotency_key", "cost", "ttl", "request_id", "dry_run")
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    IDEMPOTENCY_KEY_FIELD_NUMBER: _ClassVar[int]
    COST_FIELD_NUMBER: _ClassVar[int]
    TTL_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    account: _account_pb2.AccountRef
    idempotency_key: str
    cost: Cost
    ttl: _duration_pb2.Duration
    request_id: str
    dry_run: bool
    def __init__(self, account: _Optional[_Union[_account_pb2.AccountRef, _Mapping]] = ..., idempotency_key: _Optional[str] = ..., cost: _Optional[_Union[Cost, _Mapping]] = ..., ttl: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., request_id: _Optional[str] = ..., dry_run: bool = ...) -> None: ...

class PlaceHoldResponse(_message.Message):
    __slots__ = ("decision", "enforced", "required_micros", "balance", "shortfall_micros", "limits", "billing_enabled", "price_version", "topup_url", "retry_after", "hold", "replayed", "above_limit")
    DECISION_FIELD_NUMBER: _ClassVar[int]
    ENFORCED_FIELD_NUMBER: _ClassVar[int]
    REQUIRED_MICROS_FIELD_NUMBER: _ClassVar[int]
    BALANCE_FIELD_NUMBER: _ClassVar[int]
    SHORTFALL_MICROS_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    BILLING_ENABLED_FIELD_NUMBER: _ClassVar[int]
    PRICE_VERSION_FIELD_NUMBER: _ClassVar[int]
    TOPUP_URL_FIELD_NUMBER: _ClassVar[int]
    RETRY_AFTER_FIELD_NUMBER: _ClassVar[int]
    HOLD_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    ABOVE_LIMIT_FIELD_NUMBER: _ClassVar[int]
    decision: Decision
    enforced: bool
    required_micros: int
    balance: _account_pb2.Balance
    shortfall_micros: int
    limits: _containers.RepeatedCompositeFieldContainer[_account_pb2.LimitStatus]
    billing_enabled: bool
    price_version: int
    topup_url: str
    retry_after: _duration_pb2.Duration
    hold: Hold
    replayed: bool
    above_limit: bool
    def __init__(self, decision: _Optional[_Union[Decision, str]] = ..., enforced: bool = ..., required_micros: _Optional[int] = ..., balance: _Optional[_Union[_account_pb2.Balance, _Mapping]] = ..., shortfall_micros: _Optional[int] = ..., limits: _Optional[_Iterable[_Union[_account_pb2.LimitStatus, _Mapping]]] = ..., billing_enabled: bool = ..., price_version: _Optional[int] = ..., topup_url: _Optional[str] = ..., retry_after: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., hold: _Optional[_Union[Hold, _Mapping]] = ..., replayed: bool = ..., above_limit: bool = ...) -> None: ...

class CaptureHoldRequest(_message.Message):
    __slots__ = ("account", "hold_id", "cost", "overage_policy", "description", "metadata", "settle_expired")
    class MetadataEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    HOLD_ID_FIELD_NUMBER: _ClassVar[int]
    COST_FIELD_NUMBER: _ClassVar[int]
    OVERAGE_POLICY_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    SETTLE_EXPIRED_FIELD_NUMBER: _ClassVar[int]
    account: _account_pb2.AccountRef
    hold_id: str
    cost: Cost
    overage_policy: OveragePolicy
    description: str
    metadata: _containers.ScalarMap[str, str]
    settle_expired: bool
    def __init__(self, account: _Optional[_Union[_account_pb2.AccountRef, _Mapping]] = ..., hold_id: _Optional[str] = ..., cost: _Optional[_Union[Cost, _Mapping]] = ..., overage_policy: _Optional[_Union[OveragePolicy, str]] = ..., description: _Optional[str] = ..., metadata: _Optional[_Mapping[str, str]] = ..., settle_expired: bool = ...) -> None: ...

class CaptureHoldResponse(_message.Message):
    __slots__ = ("charged_micros", "released_micros", "debt_micros", "entry_id", "balance", "hold")
    CHARGED_MICROS_FIELD_NUMBER: _ClassVar[int]
    RELEASED_MICROS_FIELD_NUMBER: _ClassVar[int]
    DEBT_MICROS_FIELD_NUMBER: _ClassVar[int]
    ENTRY_ID_FIELD_NUMBER: _ClassVar[int]
    BALANCE_FIELD_NUMBER: _ClassVar[int]
    HOLD_FIELD_NUMBER: _ClassVar[int]
    charged_micros: int
    released_micros: int
    debt_micros: int
    entry_id: str
    balance: _account_pb2.Balance
    hold: Hold
    def __init__(self, charged_micros: _Optional[int] = ..., released_micros: _Optional[int] = ..., debt_micros: _Optional[int] = ..., entry_id: _Optional[str] = ..., balance: _Optional[_Union[_account_pb2.Balance, _Mapping]] = ..., hold: _Optional[_Union[Hold, _Mapping]] = ...) -> None: ...

class ReleaseHoldRequest(_message.Message):
    __slots__ = ("account", "hold_id")
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    HOLD_ID_FIELD_NUMBER: _ClassVar[int]
    account: _account_pb2.AccountRef
    hold_id: str
    def __init__(self, account: _Optional[_Union[_account_pb2.AccountRef, _Mapping]] = ..., hold_id: _Optional[str] = ...) -> None: ...

class ReleaseHoldResponse(_message.Message):
    __slots__ = ("hold", "balance")
    HOLD_FIELD_NUMBER: _ClassVar[int]
    BALANCE_FIELD_NUMBER: _ClassVar[int]
    hold: Hold
    balance: _account_pb2.Balance
    def __init__(self, hold: _Optional[_Union[Hold, _Mapping]] = ..., balance: _Optional[_Union[_account_pb2.Balance, _Mapping]] = ...) -> None: ...

class ExtendHoldRequest(_message.Message):
    __slots__ = ("account", "hold_id", "ttl")
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    HOLD_ID_FIELD_NUMBER: _ClassVar[int]
    TTL_FIELD_NUMBER: _ClassVar[int]
    account: _account_pb2.AccountRef
    hold_id: str
    ttl: _duration_pb2.Duration
    def __init__(self, account: _Optional[_Union[_account_pb2.AccountRef, _Mapping]] = ..., hold_id: _Optional[str] = ..., ttl: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class ExtendHoldResponse(_message.Message):
    __slots__ = ("hold", "balance")
    HOLD_FIELD_NUMBER: _ClassVar[int]
    BALANCE_FIELD_NUMBER: _ClassVar[int]
    hold: Hold
    balance: _account_pb2.Balance
    def __init__(self, hold: _Optional[_Union[Hold, _Mapping]] = ..., balance: _Optional[_Union[_account_pb2.Balance, _Mapping]] = ...) -> None: ...

class ChargeRequest(_message.Message):
    __slots__ = ("account", "idempotency_key", "cost", "overage_policy", "request_id", "description", "metadata")
    class MetadataEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    IDEMPOTENCY_KEY_FIELD_NUMBER: _ClassVar[int]
    COST_FIELD_NUMBER: _ClassVar[int]
    OVERAGE_POLICY_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    account: _account_pb2.AccountRef
    idempotency_key: str
    cost: Cost
    overage_policy: OveragePolicy
    request_id: str
    description: str
    metadata: _containers.ScalarMap[str, str]
    def __init__(self, account: _Optional[_Union[_account_pb2.AccountRef, _Mapping]] = ..., idempotency_key: _Optional[str] = ..., cost: _Optional[_Union[Cost, _Mapping]] = ..., overage_policy: _Optional[_Union[OveragePolicy, str]] = ..., request_id: _Optional[str] = ..., description: _Optional[str] = ..., metadata: _Optional[_Mapping[str, str]] = ...) -> None: ...

class ChargeResponse(_message.Message):
    __slots__ = ("decision", "enforced", "required_micros", "balance", "shortfall_micros", "limits", "billing_enabled", "price_version", "topup_url", "retry_after", "charged_micros", "entry_id", "replayed", "above_limit")
    DECISION_FIELD_NUMBER: _ClassVar[int]
    ENFORCED_FIELD_NUMBER: _ClassVar[int]
    REQUIRED_MICROS_FIELD_NUMBER: _ClassVar[int]
    BALANCE_FIELD_NUMBER: _ClassVar[int]
    SHORTFALL_MICROS_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    BILLING_ENABLED_FIELD_NUMBER: _ClassVar[int]
    PRICE_VERSION_FIELD_NUMBER: _ClassVar[int]
    TOPUP_URL_FIELD_NUMBER: _ClassVar[int]
    RETRY_AFTER_FIELD_NUMBER: _ClassVar[int]
    CHARGED_MICROS_FIELD_NUMBER: _ClassVar[int]
    ENTRY_ID_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    ABOVE_LIMIT_FIELD_NUMBER: _ClassVar[int]
    decision: Decision
    enforced: bool
    required_micros: int
    balance: _account_pb2.Balance
    shortfall_micros: int
    limits: _containers.RepeatedCompositeFieldContainer[_account_pb2.LimitStatus]
    billing_enabled: bool
    price_version: int
    topup_url: str
    retry_after: _duration_pb2.Duration
    charged_micros: int
    entry_id: str
    replayed: bool
    above_limit: bool
    def __init__(self, decision: _Optional[_Union[Decision, str]] = ..., enforced: bool = ..., required_micros: _Optional[int] = ..., balance: _Optional[_Union[_account_pb2.Balance, _Mapping]] = ..., shortfall_micros: _Optional[int] = ..., limits: _Optional[_Iterable[_Union[_account_pb2.LimitStatus, _Mapping]]] = ..., billing_enabled: bool = ..., price_version: _Optional[int] = ..., topup_url: _Optional[str] = ..., retry_after: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., charged_micros: _Optional[int] = ..., entry_id: _Optional[str] = ..., replayed: bool = ..., above_limit: bool = ...) -> None: ...

class RefundChargeRequest(_message.Message):
    __slots__ = ("account", "idempotency_key", "entry_id", "amount_micros", "reason", "actor")
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    IDEMPOTENCY_KEY_FIELD_NUMBER: _ClassVar[int]
    ENTRY_ID_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_MICROS_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    account: _account_pb2.AccountRef
    idempotency_key: str
    entry_id: str
    amount_micros: int
    reason: str
    actor: str
    def __init__(self, account: _Optional[_Union[_account_pb2.AccountRef, _Mapping]] = ..., idempotency_key: _Optional[str] = ..., entry_id: _Optional[str] = ..., amount_micros: _Optional[int] = ..., reason: _Optional[str] = ..., actor: _Optional[str] = ...) -> None: ...

class RefundChargeResponse(_message.Message):
    __slots__ = ("entry_id", "refunded_micros", "balance", "replayed")
    ENTRY_ID_FIELD_NUMBER: _ClassVar[int]
    REFUNDED_MICROS_FIELD_NUMBER: _ClassVar[int]
    BALANCE_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    entry_id: str
    refunded_micros: int
    balance: _account_pb2.Balance
    replayed: bool
    def __init__(self, entry_id: _Optional[str] = ..., refunded_micros: _Optional[int] = ..., balance: _Optional[_Union[_account_pb2.Balance, _Mapping]] = ..., replayed: bool = ...) -> None: ...

class GetBalanceRequest(_message.Message):
    __slots__ = ("account",)
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    account: _account_pb2.AccountRef
    def __init__(self, account: _Optional[_Union[_account_pb2.AccountRef, _Mapping]] = ...) -> None: ...

class GetBalanceResponse(_message.Message):
    __slots__ = ("balance", "limits", "billing_enabled", "suspended", "total_spent_micros", "request_count", "last_request_at", "time_zone", "low_balance_threshold_micros", "low_balance", "payments_off", "payments_off_reason")
    BALANCE_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    BILLING_ENABLED_FIELD_NUMBER: _ClassVar[int]
    SUSPENDED_FIELD_NUMBER: _ClassVar[int]
    TOTAL_SPENT_MICROS_FIELD_NUMBER: _ClassVar[int]
    REQUEST_COUNT_FIELD_NUMBER: _ClassVar[int]
    LAST_REQUEST_AT_FIELD_NUMBER: _ClassVar[int]
    TIME_ZONE_FIELD_NUMBER: _ClassVar[int]
    LOW_BALANCE_THRESHOLD_MICROS_FIELD_NUMBER: _ClassVar[int]
    LOW_BALANCE_FIELD_NUMBER: _ClassVar[int]
    PAYMENTS_OFF_FIELD_NUMBER: _ClassVar[int]
    PAYMENTS_OFF_REASON_FIELD_NUMBER: _ClassVar[int]
    balance: _account_pb2.Balance
    limits: _containers.RepeatedCompositeFieldContainer[_account_pb2.LimitStatus]
    billing_enabled: bool
    suspended: bool
    total_spent_micros: int
    request_count: int
    last_request_at: _timestamp_pb2.Timestamp
    time_zone: str
    low_balance_threshold_micros: int
    low_balance: bool
    payments_off: bool
    payments_off_reason: str
    def __init__(self, balance: _Optional[_Union[_account_pb2.Balance, _Mapping]] = ..., limits: _Optional[_Iterable[_Union[_account_pb2.LimitStatus, _Mapping]]] = ..., billing_enabled: bool = ..., suspended: bool = ..., total_spent_micros: _Optional[int] = ..., request_count: _Optional[int] = ..., last_request_at: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., time_zone: _Optional[str] = ..., low_balance_threshold_micros: _Optional[int] = ..., low_balance: bool = ..., payments_off: bool = ..., payments_off_reason: _Optional[str] = ...) -> None: ...

class Entry(_message.Message):
    __slots__ = ("entry_id", "kind", "amount_micros", "balance_after_micros", "counterparty", "created_at", "request_id", "tool", "price_version", "hold_id", "refunds_entry_id", "description", "metadata", "reason", "actor", "payment_id", "payment_provider", "paid_minor", "paid_currency", "unenforced")
    class MetadataEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    ENTRY_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_MICROS_FIELD_NUMBER: _ClassVar[int]
    BALANCE_AFTER_MICROS_FIELD_NUMBER: _ClassVar[int]
    COUNTERPARTY_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    TOOL_FIELD_NUMBER: _ClassVar[int]
    PRICE_VERSION_FIELD_NUMBER: _ClassVar[int]
    HOLD_ID_FIELD_NUMBER: _ClassVar[int]
    REFUNDS_ENTRY_ID_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    PAYMENT_ID_FIELD_NUMBER: _ClassVar[int]
    PAYMENT_PROVIDER_FIELD_NUMBER: _ClassVar[int]
    PAID_MINOR_FIELD_NUMBER: _ClassVar[int]
    PAID_CURRENCY_FIELD_NUMBER: _ClassVar[int]
    UNENFORCED_FIELD_NUMBER: _ClassVar[int]
    entry_id: str
    kind: EntryKind
    amount_micros: int
    balance_after_micros: int
    counterparty: str
    created_at: _timestamp_pb2.Timestamp
    request_id: str
    tool: str
    price_version: int
    hold_id: str
    refunds_entry_id: str
    description: str
    metadata: _containers.ScalarMap[str, str]
    reason: str
    actor: str
    payment_id: str
    payment_provider: str
    paid_minor: int
    paid_currency: str
    unenforced: bool
    def __init__(self, entry_id: _Optional[str] = ..., kind: _Optional[_Union[EntryKind, str]] = ..., amount_micros: _Optional[int] = ..., balance_after_micros: _Optional[int] = ..., counterparty: _Optional[str] = ..., created_at: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., request_id: _Optional[str] = ..., tool: _Optional[str] = ..., price_version: _Optional[int] = ..., hold_id: _Optional[str] = ..., refunds_entry_id: _Optional[str] = ..., description: _Optional[str] = ..., metadata: _Optional[_Mapping[str, str]] = ..., reason: _Optional[str] = ..., actor: _Optional[str] = ..., payment_id: _Optional[str] = ..., payment_provider: _Optional[str] = ..., paid_minor: _Optional[int] = ..., paid_currency: _Optional[str] = ..., unenforced: bool = ...) -> None: ...

class ListEntriesRequest(_message.Message):
    __slots__ = ("account", "page_size", "page_token", "kind", "tool", "to", "skip", "kinds")
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    TOOL_FIELD_NUMBER: _ClassVar[int]
    FROM_FIELD_NUMBER: _ClassVar[int]
    TO_FIELD_NUMBER: _ClassVar[int]
    SKIP_FIELD_NUMBER: _ClassVar[int]
    KINDS_FIELD_NUMBER: _ClassVar[int]
    account: _account_pb2.AccountRef
    page_size: int
    page_token: str
    kind: EntryKind
    tool: str
    to: _timestamp_pb2.Timestamp
    skip: int
    kinds: _containers.RepeatedScalarFieldContainer[EntryKind]
    def __init__(self, account: _Optional[_Union[_account_pb2.AccountRef, _Mapping]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., kind: _Optional[_Union[EntryKind, str]] = ..., tool: _Optional[str] = ..., to: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., skip: _Optional[int] = ..., kinds: _Optional[_Iterable[_Union[EntryKind, str]]] = ..., **kwargs) -> None: ...

class ListEntriesResponse(_message.Message):
    __slots__ = ("entries", "next_page_token")
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    entries: _containers.RepeatedCompositeFieldContainer[Entry]
    next_page_token: str
    def __init__(self, entries: _Optional[_Iterable[_Union[Entry, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ListHoldsRequest(_message.Message):
    __slots__ = ("account", "page_size", "page_token")
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    account: _account_pb2.AccountRef
    page_size: int
    page_token: str
    def __init__(self, account: _Optional[_Union[_account_pb2.AccountRef, _Mapping]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class PlacedHold(_message.Message):
    __slots__ = ("hold", "placed_at", "tool", "price_version", "request_id")
    HOLD_FIELD_NUMBER: _ClassVar[int]
    PLACED_AT_FIELD_NUMBER: _ClassVar[int]
    TOOL_FIELD_NUMBER: _ClassVar[int]
    PRICE_VERSION_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    hold: Hold
    placed_at: _timestamp_pb2.Timestamp
    tool: str
    price_version: int
    request_id: str
    def __init__(self, hold: _Optional[_Union[Hold, _Mapping]] = ..., placed_at: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., tool: _Optional[str] = ..., price_version: _Optional[int] = ..., request_id: _Optional[str] = ...) -> None: ...

class ListHoldsResponse(_message.Message):
    __slots__ = ("holds", "next_page_token")
    HOLDS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    holds: _containers.RepeatedCompositeFieldContainer[PlacedHold]
    next_page_token: str
    def __init__(self, holds: _Optional[_Iterable[_Union[PlacedHold, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class GetUsageRequest(_message.Message):
    __slots__ = ("account", "to")
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    FROM_FIELD_NUMBER: _ClassVar[int]
    TO_FIELD_NUMBER: _ClassVar[int]
    account: _account_pb2.AccountRef
    to: _timestamp_pb2.Timestamp
    def __init__(self, account: _Optional[_Union[_account_pb2.AccountRef, _Mapping]] = ..., to: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., **kwargs) -> None: ...

class DayUsage(_message.Message):
    __slots__ = ("date", "spent_micros", "charge_count")
    DATE_FIELD_NUMBER: _ClassVar[int]
    SPENT_MICROS_FIELD_NUMBER: _ClassVar[int]
    CHARGE_COUNT_FIELD_NUMBER: _ClassVar[int]
    date: str
    spent_micros: int
    charge_count: int
    def __init__(self, date: _Optional[str] = ..., spent_micros: _Optional[int] = ..., charge_count: _Optional[int] = ...) -> None: ...

class ToolUsageSum(_message.Message):
    __slots__ = ("tool", "spent_micros", "charge_count")
    TOOL_FIELD_NUMBER: _ClassVar[int]
    SPENT_MICROS_FIELD_NUMBER: _ClassVar[int]
    CHARGE_COUNT_FIELD_NUMBER: _ClassVar[int]
    tool: str
    spent_micros: int
    charge_count: int
    def __init__(self, tool: _Optional[str] = ..., spent_micros: _Optional[int] = ..., charge_count: _Optional[int] = ...) -> None: ...

class GetUsageResponse(_message.Message):
    __slots__ = ("days", "tools", "time_zone")
    DAYS_FIELD_NUMBER: _ClassVar[int]
    TOOLS_FIELD_NUMBER: _ClassVar[int]
    TIME_ZONE_FIELD_NUMBER: _ClassVar[int]
    days: _containers.RepeatedCompositeFieldContainer[DayUsage]
    tools: _containers.RepeatedCompositeFieldContainer[ToolUsageSum]
    time_zone: str
    def __init__(self, days: _Optional[_Iterable[_Union[DayUsage, _Mapping]]] = ..., tools: _Optional[_Iterable[_Union[ToolUsageSum, _Mapping]]] = ..., time_zone: _Optional[str] = ...) -> None: ...
