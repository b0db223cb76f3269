"""Common to the decorators of both clients."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

# A value, or a function of the guarded function's arguments.
Given: TypeAlias = Any


class Guard:
    """The arguments of `guarded`, read for each call."""

    def __init__(self, function: Callable[..., Any], tool: Given, given: Mapping[str, Given]) -> None:
        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise TypeError("a generator works after it has returned: guard it with `billing.call`")
        self._given = {"tool": function.__name__ if tool is None else tool, **given}
        parameters = inspect.signature(function).parameters
        self.takes_call = "call" in parameters

    def read(self, arguments: tuple[Any, ...], named: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments of `billing.call`."""
        return {
            name: given(*arguments, **named) if callable(given) else given for name, given in self._given.items()
        }

    def wraps(self, function: Callable[..., Any], guarded: Callable[..., Any]) -> Callable[..., Any]:
        """As `functools.wraps`, but nobody who looks at the signature sees the parameter `call`."""
        functools.update_wrapper(guarded, function)
        if self.takes_call:
            signature = inspect.signature(function)
            shown = [value for name, value in signature.parameters.items() if name != "call"]
            guarded.__signature__ = signature.replace(parameters=shown)  # type: ignore[attr-defined]
            guarded.__annotations__ = {
                name: value for name, value in function.__annotations__.items() if name != "call"
            }
            # Who follows this finds the parameter again.
            del guarded.__wrapped__  # type: ignore[attr-defined]
        return guarded
