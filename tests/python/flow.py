"""Drives a running billing core and gateway as a stranger would, and asserts what they answer.

    cargo xtask up --json > up.json     (in another terminal, or in the background)
    python flow.py up.json              (or: … | python flow.py)

The argument is a file that holds the one line of `up --json`. The contract is learned by gRPC
reflection. Every run uses users of its own, so that it may be repeated on the same database.
"""

import json
import sys
import time
import traceback

import grpc

sys.dont_write_bytecode = True

import account_cases  # noqa: F401  each of the four adds its cases when it is read
import balance_cases  # noqa: F401
import edge_cases  # noqa: F401
import sponsorship_cases  # noqa: F401
from contract import Contract
from world import CASES, World


def run_cases(world):
    passed, failed = 0, 0
    for case in CASES:
        began = time.monotonic()
        try:
            case.run(world)
        except Exception:  # noqa: BLE001  one failure must not hide the next
            failed += 1
            print(f"FAIL  {case.sentence}")
            traceback.print_exc(limit=-3, file=sys.stdout)
        else:
            passed += 1
            print(f"ok    {case.sentence} ({time.monotonic() - began:.2f} s)")
    print(f"{passed} passed, {failed} failed")
    return failed == 0


def main():
    source = open(sys.argv[1], encoding="utf-8") if len(sys.argv) > 1 else sys.stdin
    with source:
        line = source.readline()
    if not line.strip():
        sys.exit("flow.py: there is no line of `cargo xtask up --json` to read; is it up yet?")
    up = json.loads(line)
    address = up["grpc"].removeprefix("http://").rstrip("/")
    with grpc.insecure_channel(address) as channel:
        world = World(up, channel, Contract(channel, up["tools_token"]))
        sys.exit(0 if run_cases(world) else 1)


if __name__ == "__main__":
    main()
