#!/usr/bin/env bash
# PostgreSQL 17.10, seen on 2026-11-27.
#
# A SELECT that locks rows is a write. Sent by itself (autocommit), `select … for update skip locked`
# does not come back while the synchronous standby is dead, although it waits for nobody's lock and
# has its row; and `statement_timeout` does not end it: that time is over before COMMIT begins. The
# same statement within a transaction that is rolled back answers at once.
#
# So whoever looks which rows are free rolls back (the core's `ledger/lane.rs`), and whoever bounds
# the time of a statement bounds it in the client too.
#
# Needs Node.js' npm and Python 3. Prints what it saw; fails where that has changed.
set -euo pipefail

# shellcheck source=private-postgres.bash
source "$(dirname "$(realpath "$0")")/private-postgres.bash"
start_postgres -c synchronous_standby_names=dead

venv/bin/python - "$folder" <<'PY'
import sys, threading, time
import psycopg

def connect(**settings):
    options = " ".join(f"-c {name}={value}" for name, value in settings.items())
    for _ in range(100):
        try:
            return psycopg.connect(host=sys.argv[1], user="postgres", dbname="postgres",
                                   autocommit=True, options=options)
        except psycopg.OperationalError:
            time.sleep(0.1)
    sys.exit("the server does not start")

local = connect(synchronous_commit="off")
print("seen on:", local.execute("show server_version").fetchone()[0])
local.execute("create table account (id int primary key)")
local.execute("insert into account values (1)")

PROBE = "select id from account for update skip locked"
session = connect(statement_timeout="500ms")
session.execute("select 1")

begun = time.monotonic()
with session.transaction(force_rollback=True):
    rows = session.execute(PROBE).fetchall()
rolled_back = time.monotonic() - begun
print(f"rolled back:  {rows} after {rolled_back:.1f} s")

answered = threading.Event()
def alone():
    try:
        session.execute(PROBE)
    except psycopg.Error:
        pass
    answered.set()
threading.Thread(target=alone, daemon=True).start()
came = answered.wait(3)
waits = local.execute("select wait_event from pg_stat_activity where query = %s", [PROBE]).fetchone()
print(f"by itself:    {'answered' if came else 'no answer'} after 3 s, six times its statement_timeout; waits for {waits}")
if rolled_back > 1 or came or waits != ("SyncRep",):
    sys.exit("this has changed")
PY
