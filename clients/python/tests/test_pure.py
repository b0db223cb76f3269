"""Reports, keys, traces, settings and the log."""

import logging
from typing import Any

import pytest

from billing_client import InvalidRequest, ReportError, Settings, SettingsError
from billing_client import _log
from billing_client._key import callers, fresh
from billing_client._log import Log
from billing_client._trace import trace
from billing_client._usage import cost, exact

NEEDED = {"BILLING_CORE_URL": "http://core:50051", "BILLING_TOOLS_TOKEN": "s3cret", "BILLING_TENANT": "demo"}


@pytest.mark.parametrize("wrong", [-1, 1.5, 1.0, "3", None, True, False, 2**63, [], {}])
def test_a_report_is_exact_or_an_error_that_names_the_tool(wrong: object) -> None:
    for usage in ({"query_tokens": wrong}, {"amount_micros": wrong}, wrong if wrong != {} else [wrong]):
        with pytest.raises(ReportError, match="^search: "):
            exact("search", usage)


def test_a_report_is_an_amount_or_quantities_and_any_number_up_to_the_largest() -> None:
    for usage in ({}, {"a": 0}, {"a": 2**63 - 1, "b": 0}, {"amount_micros": 0}):
        assert exact("search", usage) == usage
    with pytest.raises(ReportError, match="not both"):
        exact("search", {"amount_micros": 1, "a": 1})
    assert cost("search", {"amount_micros": 0}).WhichOneof("cost") == "amount_micros"
    assert dict(cost("search", {"a": 0}).tool.quantities) == {"a": 0}


def test_a_report_does_not_change_with_the_callers_own_dict() -> None:
    given = {"a": 1}
    taken = exact("search", given)
    given["a"] = 2
    assert taken == {"a": 1}


def test_a_callers_key_pays_for_one_question_only() -> None:
    paid = callers("k1", "search", "land law")
    assert paid == callers(b"k1", "search", b"land law")
    assert paid.startswith("tool-call:") and len(paid) == len("tool-call:") + 64
    others = [
        callers("k2", "search", "land law"),
        callers("k1", "translate", "land law"),
        callers("k1", "search", "tax laws"),
        callers("k1s", "earch", "land law"),
        callers("k1", "search", None, {"query_tokens": 3}),
    ]
    assert len({paid, *others}) == 6
    assert fresh() != fresh()
    for wrong in ("", "k" * 256, "є" * 128):
        with pytest.raises(InvalidRequest):
            callers(wrong, "search", "land law")
    assert callers("k" * 255, "search", "land law")


def test_a_valid_traceparent_is_sent_on_and_any_other_is_replaced() -> None:
    ids = "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331"
    for sent, passed in [
        (f"00-{ids}-01", f"00-{ids}-01"),
        (f"00-{ids}-00", f"00-{ids}-00"),
        (f"cc-{ids}-03-later", f"00-{ids}-01"),
    ]:
        assert trace(sent) == (passed, ids[:32])
    for wrong in [
        None,
        "",
        f"00-{ids}-01-more",
        f"ff-{ids}-01",
        f"00-{ids.upper()}-01",
        f"00-{'0' * 32}-b7ad6b7169203331-01",
        f"00-{ids[:33]}{'0' * 16}-01",
        f"00-{ids}-01\n",
    ]:
        traceparent, trace_id = trace(wrong)
        assert trace_id not in (ids[:32], "0" * 32)
        assert trace(traceparent) == (traceparent, trace_id)


def test_settings_come_from_the_arguments_or_the_environment_and_show_no_secret() -> None:
    settings = Settings.read(NEEDED)
    assert (settings.target, settings.tenant, settings.hold_ttl) == ("dns:///core:50051", "demo", 60.0)
    assert "s3cret" not in repr(settings)
    assert Settings.read(NEEDED, tenant="other", topup_url=None).tenant == "other"
    assert Settings.read(NEEDED | {"BILLING_CORE_URL": "http://[::1]:1/"}).target == "dns:///[::1]:1"


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"core_url": "core:50051"}, "BILLING_CORE_URL must"),
        ({"core_url": "http://core/path"}, "BILLING_CORE_URL must"),
        ({"core_url": "http://core:port"}, "BILLING_CORE_URL is not a URL"),
        ({"token": "to ken"}, "BILLING_TOOLS_TOKEN holds"),
        ({"core_url": "https://core", "ca_file": "/no/such/file"}, "BILLING_CORE_CA cannot be read"),
        ({"hold_ttl": 0.5}, "hold_ttl must"),
        ({"unpriced": 500}, "unpriced must be 503 or 402"),
        ({"without_user": "maybe"}, "without_user must be refuse or pass"),
        ({"repeats": True}, "repeats must"),
        ({"allow_up_to_micros": 1.5}, "allow_up_to_micros must"),
        ({"backlog_max": -1}, "backlog_max must"),
        ({"hold_tll": 3}, "hold_tll is no setting"),
    ],
)
def test_a_setting_that_cannot_work_is_named_as_in_the_environment(given: dict[str, Any], text: str) -> None:
    with pytest.raises(SettingsError, match=f"^{text}") as raised:
        Settings.read(NEEDED, **given)
    assert "to ken" not in str(raised.value)


@pytest.mark.parametrize("missing", NEEDED)
def test_a_setting_that_is_missing_is_named(missing: str) -> None:
    environment = {name: value for name, value in NEEDED.items() if name != missing}
    with pytest.raises(SettingsError, match=f"^{missing} is not set: "):
        Settings.read(environment)


def test_the_log_has_a_line_a_minute_for_a_tool_and_a_reason(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr(_log.time, "monotonic", lambda: now)
    log = Log()
    for _ in range(3):
        log.limited(logging.WARNING, "search", "away", "billing is away")
    log.limited(logging.WARNING, "other", "away", "billing is away")
    log.limited(logging.WARNING, "search", "late", "billing is late")
    now = 60.0
    log.limited(logging.WARNING, "search", "away", "billing is away")
    assert [record.getMessage() for record in caplog.records] == [
        "search: billing is away",
        "other: billing is away",
        "search: billing is late",
        "search: billing is away (2 more like this were left out)",
    ]
    assert caplog.records[0].name == "billing_client"
