#!/usr/bin/env bash
# standardwebhooks 1.1.0 of PyPI, seen on 2026-11-28.
#
# `sign(msg_id, timestamp, data)` takes a datetime. One that knows its zone is not the moment that it says: its zone is
# overwritten by UTC (`replace(tzinfo=timezone.utc)`), so that 12:00 in Kyiv is signed as 12:00 UTC, two hours later.
# The library's own `verify` then refuses the message, which has the right moment in its header: "No matching signature
# found". The same moment in UTC is signed well. It goes unseen on a machine in UTC.
#
# Give it `timestamp.astimezone(timezone.utc)`.
#
# Needs Python 3. Prints what it saw; fails where that has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check standardwebhooks==1.1.0
venv/bin/python >seen - <<'PY'
import base64
from datetime import datetime, timedelta, timezone

from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

webhook = Webhook("whsec_" + base64.b64encode(b"24 bytes, for an example").decode())
now = datetime.now(timezone.utc).replace(microsecond=0)
body = '{"name":"Ada"}'
for what, moment in [("in UTC", now), ("the same at +02:00", now.astimezone(timezone(timedelta(hours=2))))]:
    assert moment == now
    headers = {
        "webhook-id": "one",
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": webhook.sign("one", moment, body),
    }
    try:
        print(f"{what}: taken, {webhook.verify(body, headers)}")
    except WebhookVerificationError as error:
        print(f"{what}: refused, {error}")
PY
echo "seen on: standardwebhooks 1.1.0"
cat seen
diff seen - <<'SEEN' || { echo "this has changed"; exit 1; }
in UTC: taken, {'name': 'Ada'}
the same at +02:00: refused, No matching signature found
SEEN
