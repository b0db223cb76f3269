"""Settings: arguments, or the environment. `repr` shows no secret."""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit

_T = TypeVar("_T")

_ENVIRONMENT = {
    "core_url": "BILLING_CORE_URL",
    "token": "BILLING_TOOLS_TOKEN",
    "tenant": "BILLING_TENANT",
    "ca_file": "BILLING_CORE_CA",
    "topup_url": "BILLING_TOPUP_URL",
}
_NEEDED = {
    "core_url": "the address of the billing core, http:// or https://",
    "token": "a service token of the role tools",
    "tenant": "whose users call",
}


class SettingsError(ValueError):
    """A setting that is missing or cannot work. The text begins with its name in the environment."""

    def __init__(self, setting: str, why: str) -> None:
        super().__init__(f"{_ENVIRONMENT.get(setting, setting)} {why}")


@dataclass(frozen=True)
class Settings:
    """All settings; the README says what each does. Times are seconds, amounts micros of a dollar."""

    core_url: str
    token: str = field(repr=False)
    tenant: str
    ca_file: str | None = None
    topup_url: str | None = None
    decision_deadline: float = 2.0
    ending_deadline: float = 5.0
    hold_ttl: float = 60.0
    allow_up_to_micros: int = 0
    unpriced: Literal[503, 402] = 503
    without_user: Literal["refuse", "pass"] = "refuse"
    repeats: Literal["work", "refuse"] = "work"
    backlog_max: int = 10_000
    # Read from core_url and ca_file.
    target: str = field(init=False, repr=False, default="")
    roots: bytes | None = field(init=False, repr=False, default=None)
    secure: bool = field(init=False, repr=False, default=False)

    def __post_init__(self) -> None:
        for name in _NEEDED:
            if not isinstance(getattr(self, name), str):
                raise SettingsError(name, "must be text")
        secure, target = _target(self.core_url)
        object.__setattr__(self, "secure", secure)
        object.__setattr__(self, "target", target)
        if secure:
            object.__setattr__(self, "roots", _roots(self.ca_file))
        elif self.ca_file is not None:
            raise SettingsError("ca_file", "is set, but BILLING_CORE_URL is not https://")
        if self.topup_url is not None and not _is_web_address(self.topup_url):
            raise SettingsError("topup_url", "must be a URL that begins with http:// or https://")
        if not (self.token.isascii() and self.token.isprintable() and " " not in self.token):
            raise SettingsError("token", "holds characters that no header can carry")
        if not 1 <= len(self.tenant.encode()) <= 128:
            raise SettingsError("tenant", "must have 1 to 128 bytes")
        for name in ("decision_deadline", "ending_deadline"):
            _number(name, getattr(self, name), 0.001, 86_400)
        _number("hold_ttl", self.hold_ttl, 1, 86_400)
        _integer("allow_up_to_micros", self.allow_up_to_micros, 0)
        _integer("backlog_max", self.backlog_max, 0)
        _one_of("unpriced", self.unpriced, (503, 402))
        _one_of("without_user", self.without_user, ("refuse", "pass"))
        _one_of("repeats", self.repeats, ("work", "refuse"))

    @classmethod
    def read(cls, environment: Mapping[str, str] | None = None, **given: Any) -> Settings:
        """A value that is given and is not None, else the environment, else the default. SettingsError."""
        environment = os.environ if environment is None else environment
        known = {setting.name for setting in fields(cls) if setting.init}
        for name in given:
            if name not in known:
                raise SettingsError(name, "is no setting")
        values = {name: value for name, value in given.items() if value is not None}
        for name, variable in _ENVIRONMENT.items():
            if name not in values and environment.get(variable):
                values[name] = environment[variable]
        for name, why in _NEEDED.items():
            if not values.get(name):
                raise SettingsError(name, f"is not set: {why}")
        return cls(**values)


def _target(url: str) -> tuple[bool, str]:
    """Whether with TLS, and the host and port in the way that gRPC takes them."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise SettingsError("core_url", "is not a URL") from None
    if parts.scheme not in ("http", "https") or not host:
        raise SettingsError("core_url", "must begin with http:// or https:// and name a host")
    if parts.path not in ("", "/") or parts.query or parts.fragment or parts.username:
        raise SettingsError("core_url", "must have nothing but a host and a port")
    host = f"[{host}]" if ":" in host else host
    secure = parts.scheme == "https"
    return secure, f"dns:///{host}:{port or (443 if secure else 80)}"


def _is_web_address(url: object) -> bool:
    try:
        parts = urlsplit(url) if isinstance(url, str) else None
        return parts is not None and parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False


def _roots(ca_file: str | None) -> bytes | None:
    """PEM of the authorities: of the file, else the system's; None: those that gRPC brings along."""
    path = ca_file or os.environ.get("SSL_CERT_FILE") or ssl.get_default_verify_paths().cafile
    try:
        if path is None:
            return None
        with open(path, "rb") as file:
            pem = file.read()
    except OSError as error:
        if ca_file is None:
            return None
        raise SettingsError("ca_file", f"cannot be read: {error.strerror}") from None
    if b"-----BEGIN CERTIFICATE-----" not in pem:
        raise SettingsError("ca_file", "holds no certificate in PEM")
    return pem


def _number(name: str, value: object, least: float, most: float) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value <= most:
        raise SettingsError(name, f"must be {least} to {most} seconds")


def _integer(name: str, value: object, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value < 2**63:
        raise SettingsError(name, f"must be an integer of at least {least}")


def _one_of(name: str, value: _T, choices: tuple[_T, ...]) -> None:
    if isinstance(value, bool) or value not in choices:
        raise SettingsError(name, "must be " + " or ".join(str(choice) for choice in choices))


