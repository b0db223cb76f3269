from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class LimitPeriod(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LIMIT_PERIOD_UNSPECIFIED: _ClassVar[LimitPeriod]
    LIMIT_PERIOD_DAY: _ClassVar[LimitPeriod]
    LIMIT_PERIOD_MONTH: _ClassVar[LimitPeriod]

class UnpricedToolPolicy(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    UNPRICED_TOOL_POLICY_UNSPECIFIED: _ClassVar[UnpricedToolPolicy]
    UNPRICED_TOOL_POLICY_DENY: _ClassVar[UnpricedToolPolicy]
    UNPRICED_TOOL_POLICY_FREE: _ClassVar[UnpricedToolPolicy]
LIMIT_PERIOD_UNSPECIFIED: LimitPeriod
LIMIT_PERIOD_DAY: LimitPeriod
LIMIT_PERIOD_MONTH: LimitPeriod
UNPRICED_TOOL_POLICY_UNSPECIFIED: UnpricedToolPolicy
UNPRICED_TOOL_POLICY_DENY: UnpricedToolPolicy
UNPRICED_TOOL_POLICY_FREE: UnpricedToolPolicy

class AccountRef(_message.Message):
    __slots__ = ("tenant_id", "user_id")
    TENANT_ID_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    tenant_id: str
    user_id: str
    def __init__(self, tenant_id: _Optional[str] = ..., user_id: _Optional[str] = ...) -> None: ...

class Balance(_message.Message):
    __slots__ = ("currency", "settled_micros", "held_micros", "available_micros", "debt_micros")
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    SETTLED_MICROS_FIELD_NUMBER: _ClassVar[int]
    HELD_MICROS_FIELD_NUMBER: _ClassVar[int]
    AVAILABLE_MICROS_FIELD_NUMBER: _ClassVar[int]
    DEBT_MICROS_FIELD_NUMBER: _ClassVar[int]
    currency: str
    settled_micros: int
    held_micros: int
    available_micros: int
    debt_micros: int
    def __init__(self, currency: _Optional[str] = ..., settled_micros: _Optional[int] = ..., held_micros: _Optional[int] = ..., available_micros: _Optional[int] = ..., debt_micros: _Optional[int] = ...) -> None: ...

class LimitStatus(_message.Message):
    __slots__ = ("period", "limit_micros", "used_micros", "remaining_micros", "resets_at")
    PERIOD_FIELD_NUMBER: _ClassVar[int]
    LIMIT_MICROS_FIELD_NUMBER: _ClassVar[int]
    USED_MICROS_FIELD_NUMBER: _ClassVar[int]
    REMAINING_MICROS_FIELD_NUMBER: _ClassVar[int]
    RESETS_AT_FIELD_NUMBER: _ClassVar[int]
    period: LimitPeriod
    limit_micros: int
    used_micros: int
    remaining_micros: int
    resets_at: _timestamp_pb2.Timestamp
    def __init__(self, period: _Optional[_Union[LimitPeriod, str]] = ..., limit_micros: _Optional[int] = ..., used_micros: _Optional[int] = ..., remaining_micros: _Optional[int] = ..., resets_at: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Account(_message.Message):
    __slots__ = ("account", "account_id", "balance", "limits", "time_zone", "billing_enabled", "suspended", "low_balance_threshold_micros", "total_spent_micros", "request_count", "last_request_at", "exists", "preferences", "has_email", "low_balance")
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    BALANCE_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    TIME_ZONE_FIELD_NUMBER: _ClassVar[int]
    BILLING_ENABLED_FIELD_NUMBER: _ClassVar[int]
    SUSPENDED_FIELD_NUMBER: _ClassVar[int]
    LOW_BALANCE_THRESHOLD_MICROS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_SPENT_MICROS_FIELD_NUMBER: _ClassVar[int]
    REQUEST_COUNT_FIELD_NUMBER: _ClassVar[int]
    LAST_REQUEST_AT_FIELD_NUMBER: _ClassVar[int]
    EXISTS_FIELD_NUMBER: _ClassVar[int]
    PREFERENCES_FIELD_NUMBER: _ClassVar[int]
    HAS_EMAIL_FIELD_NUMBER: _ClassVar[int]
    LOW_BALANCE_FIELD_NUMBER: _ClassVar[int]
    account: AccountRef
    account_id: str
    balance: Balance
    limits: _containers.RepeatedCompositeFieldContainer[LimitStatus]
    time_zone: str
    billing_enabled: bool
    suspended: bool
    low_balance_threshold_micros: int
    total_spent_micros: int
    request_count: int
    last_request_at: _timestamp_pb2.Timestamp
    exists: bool
    preferences: Preferences
    has_email: bool
    low_balance: bool
    def __init__(self, account: _Optional[_Union[AccountRef, _Mapping]] = ..., account_id: _Optional[str] = ..., balance: _Optional[_Union[Balance, _Mapping]] = ..., limits: _Optional[_Iterable[_Union[LimitStatus, _Mapping]]] = ..., time_zone: _Optional[str] = ..., billing_enabled: bool = ..., suspended: bool = ..., low_balance_threshold_micros: _Optional[int] = ..., total_spent_micros: _Optional[int] = ..., request_count: _Optional[int] = ..., last_request_at: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., exists: bool = ..., preferences: _Optional[_Union[Preferences, _Mapping]] = ..., has_email: bool = ..., low_balance: bool = ...) -> None: ...

class Contact(_message.Message):
    __slots__ = ("email", "name")
    EMAIL_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    email: str
    name: str
    def __init__(self, email: _Optional[str] = ..., name: _Optional[str] = ...) -> None: ...

class Preferences(_message.Message):
    __slots__ = ("locale", "mail_payments", "mail_low_balance", "mail_payment_failures")
    LOCALE_FIELD_NUMBER: _ClassVar[int]
    MAIL_PAYMENTS_FIELD_NUMBER: _ClassVar[int]
    MAIL_LOW_BALANCE_FIELD_NUMBER: _ClassVar[int]
    MAIL_PAYMENT_FAILURES_FIELD_NUMBER: _ClassVar[int]
    locale: str
    mail_payments: bool
    mail_low_balance: bool
    mail_payment_failures: bool
    def __init__(self, locale: _Optional[str] = ..., mail_payments: bool = ..., mail_low_balance: bool = ..., mail_payment_failures: bool = ...) -> None: ...

class AmountSetting(_message.Message):
    __slots__ = ("amount_micros",)
    AMOUNT_MICROS_FIELD_NUMBER: _ClassVar[int]
    amount_micros: int
    def __init__(self, amount_micros: _Optional[int] = ...) -> None: ...

class GetAccountRequest(_message.Message):
    __slots__ = ("account",)
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    account: AccountRef
    def __init__(self, account: _Optional[_Union[AccountRef, _Mapping]] = ...) -> None: ...

class GetAccountResponse(_message.Message):
    __slots__ = ("account", "payments_off", "payments_off_reason")
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    PAYMENTS_OFF_FIELD_NUMBER: _ClassVar[int]
    PAYMENTS_OFF_REASON_FIELD_NUMBER: _ClassVar[int]
    account: Account
    payments_off: bool
    payments_off_reason: str
    def __init__(self, account: _Optional[_Union[Account, _Mapping]] = ..., payments_off: bool = ..., payments_off_reason: _Optional[str] = ...) -> None: ...

class UpdateSettingsRequest(_message.Message):
    __slots__ = ("account", "daily_limit", "monthly_limit", "low_balance_threshold", "time_zone", "locale", "mail_payments", "mail_low_balance", "contact", "mail_payment_failures", "reason", "actor")
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    DAILY_LIMIT_FIELD_NUMBER: _ClassVar[int]
    MONTHLY_LIMIT_FIELD_NUMBER: _ClassVar[int]
    LOW_BALANCE_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    TIME_ZONE_FIELD_NUMBER: _ClassVar[int]
    LOCALE_FIELD_NUMBER: _ClassVar[int]
    MAIL_PAYMENTS_FIELD_NUMBER: _ClassVar[int]
    MAIL_LOW_BALANCE_FIELD_NUMBER: _ClassVar[int]
    CONTACT_FIELD_NUMBER: _ClassVar[int]
    MAIL_PAYMENT_FAILURES_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    account: AccountRef
    daily_limit: AmountSetting
    monthly_limit: AmountSetting
    low_balance_threshold: AmountSetting
    time_zone: str
    locale: str
    mail_payments: bool
    mail_low_balance: bool
    contact: Contact
    mail_payment_failures: bool
    reason: str
    actor: str
    def __init__(self, account: _Optional[_Union[AccountRef, _Mapping]] = ..., daily_limit: _Optional[_Union[AmountSetting, _Mapping]] = ..., monthly_limit: _Optional[_Union[AmountSetting, _Mapping]] = ..., low_balance_threshold: _Optional[_Union[AmountSetting, _Mapping]] = ..., time_zone: _Optional[str] = ..., locale: _Optional[str] = ..., mail_payments: bool = ..., mail_low_balance: bool = ..., contact: _Optional[_Union[Contact, _Mapping]] = ..., mail_payment_failures: bool = ..., reason: _Optional[str] = ..., actor: _Optional[str] = ...) -> None: ...

class UpdateSettingsResponse(_message.Message):
    __slots__ = ("account",)
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    account: Account
    def __init__(self, account: _Optional[_Union[Account, _Mapping]] = ...) -> None: ...

class SendTestMailRequest(_message.Message):
    __slots__ = ("account", "contact")
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    CONTACT_FIELD_NUMBER: _ClassVar[int]
    account: AccountRef
    contact: Contact
    def __init__(self, account: _Optional[_Union[AccountRef, _Mapping]] = ..., contact: _Optional[_Union[Contact, _Mapping]] = ...) -> None: ...

class SendTestMailResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class UnsubscribeRequest(_message.Message):
    __slots__ = ("token",)
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    token: str
    def __init__(self, token: _Optional[str] = ...) -> None: ...

class UnsubscribeResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class SuspendAccountRequest(_message.Message):
    __slots__ = ("account", "reason", "actor")
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    account: AccountRef
    reason: str
    actor: str
    def __init__(self, account: _Optional[_Union[AccountRef, _Mapping]] = ..., reason: _Optional[str] = ..., actor: _Optional[str] = ...) -> None: ...

class SuspendAccountResponse(_message.Message):
    __slots__ = ("account",)
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    account: Account
    def __init__(self, account: _Optional[_Union[Account, _Mapping]] = ...) -> None: ...

class ResumeAccountRequest(_message.Message):
    __slots__ = ("account", "reason", "actor")
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    account: AccountRef
    reason: str
    actor: str
    def __init__(self, account: _Optional[_Union[AccountRef, _Mapping]] = ..., reason: _Optional[str] = ..., actor: _Optional[str] = ...) -> None: ...

class ResumeAccountResponse(_message.Message):
    __slots__ = ("account",)
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    account: Account
    def __init__(self, account: _Optional[_Union[Account, _Mapping]] = ...) -> None: ...

class SetBillingEnabledRequest(_message.Message):
    __slots__ = ("account", "billing_enabled", "reason", "actor")
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    BILLING_ENABLED_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    account: AccountRef
    billing_enabled: bool
    reason: str
    actor: str
    def __init__(self, account: _Optional[_Union[AccountRef, _Mapping]] = ..., billing_enabled: bool = ..., reason: _Optional[str] = ..., actor: _Optional[str] = ...) -> None: ...

class SetBillingEnabledResponse(_message.Message):
    __slots__ = ("account",)
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    account: Account
    def __init__(self, account: _Optional[_Union[Account, _Mapping]] = ...) -> None: ...

class GrantCreditRequest(_message.Message):
    __slots__ = ("account", "idempotency_key", "amount_micros", "reason", "actor")
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    IDEMPOTENCY_KEY_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_MICROS_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    account: AccountRef
    idempotency_key: str
    amount_micros: int
    reason: str
    actor: str
    def __init__(self, account: _Optional[_Union[AccountRef, _Mapping]] = ..., idempotency_key: _Optional[str] = ..., amount_micros: _Optional[int] = ..., reason: _Optional[str] = ..., actor: _Optional[str] = ...) -> None: ...

class GrantCreditResponse(_message.Message):
    __slots__ = ("entry_id", "balance", "replayed", "settled_before_micros", "settled_after_micros")
    ENTRY_ID_FIELD_NUMBER: _ClassVar[int]
    BALANCE_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    SETTLED_BEFORE_MICROS_FIELD_NUMBER: _ClassVar[int]
    SETTLED_AFTER_MICROS_FIELD_NUMBER: _ClassVar[int]
    entry_id: str
    balance: Balance
    replayed: bool
    settled_before_micros: int
    settled_after_micros: int
    def __init__(self, entry_id: _Optional[str] = ..., balance: _Optional[_Union[Balance, _Mapping]] = ..., replayed: bool = ..., settled_before_micros: _Optional[int] = ..., settled_after_micros: _Optional[int] = ...) -> None: ...

class AdjustBalanceRequest(_message.Message):
    __slots__ = ("account", "idempotency_key", "amount_micros", "reason", "actor")
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    IDEMPOTENCY_KEY_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_MICROS_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    account: AccountRef
    idempotency_key: str
    amount_micros: int
    reason: str
    actor: str
    def __init__(self, account: _Optional[_Union[AccountRef, _Mapping]] = ..., idempotency_key: _Optional[str] = ..., amount_micros: _Optional[int] = ..., reason: _Optional[str] = ..., actor: _Optional[str] = ...) -> None: ...

class AdjustBalanceResponse(_message.Message):
    __slots__ = ("entry_id", "balance", "replayed", "settled_before_micros", "settled_after_micros")
    ENTRY_ID_FIELD_NUMBER: _ClassVar[int]
    BALANCE_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    SETTLED_BEFORE_MICROS_FIELD_NUMBER: _ClassVar[int]
    SETTLED_AFTER_MICROS_FIELD_NUMBER: _ClassVar[int]
    entry_id: str
    balance: Balance
    replayed: bool
    settled_before_micros: int
    settled_after_micros: int
    def __init__(self, entry_id: _Optional[str] = ..., balance: _Optional[_Union[Balance, _Mapping]] = ..., replayed: bool = ..., settled_before_micros: _Optional[int] = ..., settled_after_micros: _Optional[int] = ...) -> None: ...

class Tenant(_message.Message):
    __slots__ = ("tenant_id", "welcome_grant_micros", "unpriced_tools", "default_daily_limit_micros", "default_monthly_limit_micros", "topup_url")
    TENANT_ID_FIELD_NUMBER: _ClassVar[int]
    WELCOME_GRANT_MICROS_FIELD_NUMBER: _ClassVar[int]
    UNPRICED_TOOLS_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_DAILY_LIMIT_MICROS_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_MONTHLY_LIMIT_MICROS_FIELD_NUMBER: _ClassVar[int]
    TOPUP_URL_FIELD_NUMBER: _ClassVar[int]
    tenant_id: str
    welcome_grant_micros: int
    unpriced_tools: UnpricedToolPolicy
    default_daily_limit_micros: int
    default_monthly_limit_micros: int
    topup_url: str
    def __init__(self, tenant_id: _Optional[str] = ..., welcome_grant_micros: _Optional[int] = ..., unpriced_tools: _Optional[_Union[UnpricedToolPolicy, str]] = ..., default_daily_limit_micros: _Optional[int] = ..., default_monthly_limit_micros: _Optional[int] = ..., topup_url: _Optional[str] = ...) -> None: ...

class GetTenantRequest(_message.Message):
    __slots__ = ("tenant_id",)
    TENANT_ID_FIELD_NUMBER: _ClassVar[int]
    tenant_id: str
    def __init__(self, tenant_id: _Optional[str] = ...) -> None: ...

class GetTenantResponse(_message.Message):
    __slots__ = ("tenant",)
    TENANT_FIELD_NUMBER: _ClassVar[int]
    tenant: Tenant
    def __init__(self, tenant: _Optional[_Union[Tenant, _Mapping]] = ...) -> None: ...

class SetTenantRequest(_message.Message):
    __slots__ = ("tenant", "reason", "actor")
    TENANT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    tenant: Tenant
    reason: str
    actor: str
    def __init__(self, tenant: _Optional[_Union[Tenant, _Mapping]] = ..., reason: _Optional[str] = ..., actor: _Optional[str] = ...) -> None: ...

class SetTenantResponse(_message.Message):
    __slots__ = ("tenant",)
    TENANT_FIELD_NUMBER: _ClassVar[int]
    tenant: Tenant
    def __init__(self, tenant: _Optional[_Union[Tenant, _Mapping]] = ...) -> None: ...
