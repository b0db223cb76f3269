"""Guards the calls of a tool backend: asks before, holds the amount, and charges what the call took."""

from billing_client._call import Charged
from billing_client._end import End, Store
from billing_client.asgi import BillingMiddleware, GuardedRequest
from billing_client.async_billing import AsyncBilling, AsyncCall
from billing_client.billing import Billing, Call
from billing_client.refusals import (
    BillingUnavailable,
    CallRepeated,
    Denied,
    HoldEnded,
    InvalidRequest,
    KeyReused,
    Refused,
    ReportError,
    RequestTooLarge,
    Unauthenticated,
)
from billing_client.settings import Settings, SettingsError

__version__ = "0.1.0"

__all__ = [
    "AsyncBilling",
    "AsyncCall",
    "Billing",
    "BillingMiddleware",
    "BillingUnavailable",
    "Call",
    "CallRepeated",
    "Charged",
    "Denied",
    "End",
    "GuardedRequest",
    "HoldEnded",
    "InvalidRequest",
    "KeyReused",
    "Refused",
    "ReportError",
    "RequestTooLarge",
    "Settings",
    "SettingsError",
    "Store",
    "Unauthenticated",
]
