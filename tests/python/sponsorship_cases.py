"""Contributions, from the form to the wall, over REST and the pages of the stand-in for Stripe."""

import json
import urllib.request
import uuid

from world import await_state, case


@case("a gift on the provider's page earns a badge, a place on the wall and progress; a refund takes them back")
def contribution(world):
    if world.up["sandbox"] is None:
        return
    # A name of many digits is none.
    letters = "".join(chr(ord("a") + int(digit, 16)) for digit in uuid.uuid4().hex)
    user_id, name = f"flow-{uuid.uuid4()}", f"Flow {letters}"
    jwt = world.jwt_of(user_id, name=name)

    def badge():
        place = f"/api/v1/supporters/{world.up['tenant_id']}/{user_id}/badge"
        return world.rest(place)[1]["badge_level"]

    def shown():
        """What anybody sees of the user, and of the month. Seldom: an address may ask once a second."""
        _, wall = world.rest("/api/v1/supporters?period=month&limit=200")
        names = [entry["name"] for level in wall["supporters"].values() for entry in level]
        _, progress = world.rest("/api/v1/progress")
        return badge(), name in names, int(progress["current_cents"])

    before = shown()
    assert before[:2] == (None, False), before

    gift = {"amountCents": 2500, "isAnonymous": False, "publicDisplayConsent": True}
    code, begun = world.rest("/api/v1/contributions/checkout", jwt, "POST", gift)
    assert code == 200, begun
    page = begun["checkout_url"]
    assert page.startswith(world.up["sandbox"]), page
    with urllib.request.urlopen(page) as answer:
        assert b"25.00" in answer.read(), page
    session = page.rsplit("/", 1)[-1]

    def press(button, fields):
        request = urllib.request.Request(
            f"{world.up['sandbox']}/sandbox/sessions/{session}/{button}",
            json.dumps(fields).encode(),
            {"content-type": "application/json"},
        )
        urllib.request.urlopen(request).close()

    press("pay", {})
    await_state("the badge is shown", lambda: badge() == "bronze")
    assert shown() == ("bronze", True, before[2] + 2500), (before, shown())
    code, thanks = world.rest(f"/api/v1/contributions/{begun['contribution_ulid']}")
    assert (code, thanks["status"], thanks["total_cents"]) == (200, "completed", "2500"), thanks

    press("refund", {"amount": 2500})
    await_state("the badge is taken back", lambda: badge() is None)
    assert shown() == before, (before, shown())
