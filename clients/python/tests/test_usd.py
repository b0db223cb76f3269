import pytest

from billing_client.usd import digits, shown


@pytest.mark.parametrize(
    ("micros", "text"),
    [
        (0, "0"),
        (1, "0.000001"),
        (250_000, "0.25"),
        (-250_000, "-0.25"),
        (10_000_000, "10"),
        (1_000_000_000_000_001, "1000000000.000001"),
        (-(2**63), "-9223372036854.775808"),
    ],
)
def test_an_amount_is_a_number_of_exactly_its_digits(micros: int, text: str) -> None:
    assert digits(micros) == text


def test_people_see_the_cents() -> None:
    assert shown(500_000) == "$0.50"
    assert shown(10_000_000) == "$10.00"
    assert shown(-1_234_567) == "-$1.234567"
