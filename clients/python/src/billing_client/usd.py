"""Amounts as text. An amount is an integer of micros of a dollar and never passes through a float."""

from __future__ import annotations

_MICROS = 1_000_000


def digits(micros: int, decimals: int = 0) -> str:
    """Sign, whole dollars, and as many decimals as it needs, at least `decimals`: `0.25`, `10`."""
    sign = "-" if micros < 0 else ""
    whole, fraction = divmod(abs(micros), _MICROS)
    text = f"{fraction:06d}".rstrip("0").ljust(decimals, "0")
    return f"{sign}{whole}.{text}" if text else f"{sign}{whole}"


def shown(micros: int) -> str:
    """As people see it, with at least the cents: `$0.50`, `-$1.234567`."""
    sign = "-" if micros < 0 else ""
    return f"{sign}${digits(abs(micros), 2)}"
