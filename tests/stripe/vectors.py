"""Prints webhook signatures, and the official Python client's verdict on each, as JSON lines.

    python vectors.py                               lines of the Python client
    node vectors.mjs | python vectors.py --join     one document, with the lines of both
"""

import json
import sys
from unittest import mock

import stripe
from stripe import SignatureVerificationError, WebhookSignature

NOW = 1_795_000_000
TOLERANCE_SECS = 300
SECRET = "whsec_vectors"
OTHER_SECRET = "whsec_another"
BODY = '{\n  "id": "evt_1",\n  "object": "event",\n  "type": "payment_intent.succeeded"\n}'
UNICODE_BODY = '{"id":"evt_2","object":"event","description":"Дякуємо — 5 €"}'


def signature(body=BODY, secret=SECRET, time=NOW):
    return WebhookSignature._compute_signature(f"{time}.{body}", secret)


def header(body=BODY, secret=SECRET, time=NOW, scheme="v1"):
    return f"t={time},{scheme}={signature(body, secret, time)}"


def cases():
    right, wrong = signature(), signature(secret=OTHER_SECRET)
    yield "valid", BODY, header()
    yield "valid, not only ASCII in the body", UNICODE_BODY, header(UNICODE_BODY)
    yield "valid, exactly as old as is tolerated", BODY, header(time=NOW - TOLERANCE_SECS)
    yield "too old by a second", BODY, header(time=NOW - TOLERANCE_SECS - 1)
    yield "signed with another secret", BODY, header(secret=OTHER_SECRET)
    yield "the body was changed", BODY.replace("evt_1", "evt_9"), header()
    yield "the body was parsed and written again", json.dumps(json.loads(BODY)), header()
    yield "the timestamp was changed", BODY, f"t={NOW - 1},v1={right}"
    yield "no v1", BODY, f"t={NOW}"
    yield "v0 only", BODY, header(scheme="v0")
    yield "v0 beside v1", BODY, f"t={NOW},v1={right},v0={wrong}"
    yield "an unknown part beside v1", BODY, f"t={NOW},v2=x,v1={right}"
    yield "two v1, the first is right", BODY, f"t={NOW},v1={right},v1={wrong}"
    yield "two v1, the second is right", BODY, f"t={NOW},v1={wrong},v1={right}"
    yield "two v1, none is right", BODY, f"t={NOW},v1={wrong},v1={wrong}"
    yield "the timestamp after v1", BODY, f"v1={right},t={NOW}"
    yield "a trailing comma", BODY, f"t={NOW},v1={right},"
    yield "whitespace after the comma", BODY, f"t={NOW}, v1={right}"
    yield "whitespace after the signature", BODY, f"t={NOW},v1={right} "
    yield "upper-case hex", BODY, f"t={NOW},v1={right.upper()}"
    yield "a part of the signature", BODY, f"t={NOW},v1={right[:32]}"
    yield "an empty v1", BODY, f"t={NOW},v1="
    yield "no timestamp", BODY, f"v1={right}"
    yield "a timestamp that is no number", BODY, f"t=now,v1={right}"
    yield "not a signature at all", BODY, "nonsense"
    yield "empty", BODY, ""


def is_valid(body, given):
    with mock.patch("stripe._webhook.time.time", return_value=NOW):
        try:
            return WebhookSignature.verify_header(body, given, SECRET, TOLERANCE_SECS)
        except SignatureVerificationError:
            return False


def lines():
    client = f"PyPI stripe {stripe.VERSION}"
    for why, body, given in cases():
        yield {
            "why": why,
            "valid": is_valid(body, given),
            "secret": SECRET,
            "header": given,
            "body": body,
            "client": client,
        }


def join(others):
    vectors = others + list(lines())
    verdicts = {}
    for vector in vectors:
        verdict = verdicts.setdefault((vector["why"], vector["header"]), vector["valid"])
        assert verdict == vector["valid"], f"the clients disagree: {vector}"
    clients = sorted({vector["client"] for vector in vectors})
    document = {
        "source": "made and judged by Stripe's official clients: tests/stripe/README.md",
        "clients": clients,
        "now": NOW,
        "tolerance_secs": TOLERANCE_SECS,
        "vectors": vectors,
    }
    print(json.dumps(document, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    if sys.argv[1:] == ["--join"]:
        join([json.loads(line) for line in sys.stdin])
    else:
        for line in lines():
            print(json.dumps(line, ensure_ascii=False))
