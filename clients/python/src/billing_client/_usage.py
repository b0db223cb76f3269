"""The usage of a call: quantities by unit, or an amount. Exact, or an error."""

from __future__ import annotations

from collections.abc import Mapping

from billing_client._gen.billing.v1 import balance_pb2 as balance
from billing_client._gen.billing.v1 import price_pb2 as price
from billing_client.refusals import ReportError

# As the only member of a report or an estimate: the cost itself.
AMOUNT = "amount_micros"

_MOST = 2**63 - 1


def exact(tool: str, given: object) -> Mapping[str, int]:
    """A copy of `given` that later changes do not reach. ReportError, which names the tool."""
    if not isinstance(given, Mapping):
        raise ReportError(f"{tool}: quantities by unit are expected, not {type(given).__name__}")
    for unit, quantity in given.items():
        if not isinstance(unit, str) or not unit:
            raise ReportError(f"{tool}: the name of a unit must be text, not {unit!r}")
        # bool is an int of Python's, and no number of anybody's.
        if isinstance(quantity, bool) or not isinstance(quantity, int):
            raise ReportError(f"{tool}: {unit} must be an integer, not {type(quantity).__name__}")
        if not 0 <= quantity <= _MOST:
            raise ReportError(f"{tool}: {unit} must be 0 to 2^63 - 1, not {quantity}")
    if AMOUNT in given and len(given) > 1:
        raise ReportError(f"{tool}: either {AMOUNT} or quantities, not both")
    return dict(given)


def cost(tool: str, usage: Mapping[str, int]) -> balance.Cost:
    """The message for a usage that `exact` has let pass."""
    amount = usage.get(AMOUNT)
    if amount is not None:
        return balance.Cost(amount_micros=amount)
    return balance.Cost(tool=price.ToolUsage(name=tool, quantities=usage))
