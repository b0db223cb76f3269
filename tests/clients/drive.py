"""Drives a client's example program as its callers would, and checks what they and the gateway are told.

    cargo xtask up --json > up.json     (in another terminal, or in the background)
    python drive.py up.json node clients/node/examples/express.mjs

The first argument is a file that holds the one line of `up --json`; the others are the command of a program that
serves `POST /api/tools/{tool}`, takes its settings from the environment, and says `{"port": …}` first. It needs the
standard library only; where grpc can be imported as well, one check more is made. Every run uses users of its own.
"""

import json
import sys
import time
import traceback

sys.dont_write_bytecode = True

from checks import CHECKS, Scene  # noqa: E402
from stage import Failed, Server  # noqa: E402


def run_checks(scene):
    counts = {"ok": 0, "FAIL": 0, "skip": 0}
    for check in CHECKS:
        began = time.monotonic()
        verdict, more = "ok", None
        if why := check.skipped():
            verdict, more = "skip", why
        else:
            try:
                check.run(scene)
            except Failed as error:
                verdict, more = "FAIL", str(error)
            except Exception:  # noqa: BLE001  one failure must not hide the next
                verdict, more = "FAIL", traceback.format_exc(limit=-3)
        counts[verdict] += 1
        print(f"{verdict:<5} {check.sentence} ({time.monotonic() - began:.2f} s)")
        if more:
            print(f"      {more}")
    print(f"{counts['ok']} passed, {counts['FAIL']} failed, {counts['skip']} skipped")
    return counts["FAIL"] == 0


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    with open(sys.argv[1], encoding="utf-8") as file:
        up = json.loads(file.readline())
    command = sys.argv[2:]
    print(f"drive: {' '.join(command)}")
    try:
        with Server(command, up) as server:
            passed = run_checks(Scene(up, command, server))
            if not passed:
                print(server.last_words())
    except Failed as error:
        sys.exit(f"FAIL  {error}")
    sys.exit(0 if passed else 1)


if __name__ == "__main__":
    main()
