#!/usr/bin/env bash
# PostgreSQL 17.10, seen on 2026-11-27 (15.18 does the same).
#
# Migrations are told to wait for a lock for less than a second and to try again. Where an autovacuum
# worker is at the table, that never succeeds, however often it is tried: the worker gives way only to
# one who has waited for `deadlock_timeout` (1 s), since only the check for deadlocks asks it to. With
# a lock time-out somewhat above that, the first try succeeds.
#
# So `billing-core migrate` waits for `deadlock_timeout` and a little more where only an autovacuum
# worker is in its way (`billing-core/src/migrate/patience.rs`).
#
# Needs Node.js' npm and Python 3. Prints what it saw; fails where that has changed.
set -euo pipefail

# shellcheck source=private-postgres.bash
source "$(dirname "$(realpath "$0")")/private-postgres.bash"
# Autovacuum comes soon, and takes its time, as it does at a large table.
start_postgres -c autovacuum_naptime=1s -c autovacuum_vacuum_cost_delay=100ms -c autovacuum_vacuum_cost_limit=1

venv/bin/python - "$folder" <<'PY'
import sys, time
import psycopg

for _ in range(100):
    try:
        session = psycopg.connect(host=sys.argv[1], user="postgres", dbname="postgres", autocommit=True)
        break
    except psycopg.OperationalError:
        time.sleep(0.1)
else:
    sys.exit("the server does not start")
print("seen on:", session.execute("show server_version").fetchone()[0])
session.execute("create table busy as select i as id, repeat('x', 500) as text from generate_series(1, 50000) i")
session.execute("update busy set id = id + 1")

WORKER = """select count(*) from pg_stat_progress_vacuum v join pg_stat_activity a using (pid)
    where v.relid = 'busy'::regclass and a.backend_type = 'autovacuum worker'"""

def until_vacuumed():
    until = time.monotonic() + 60
    while not session.execute(WORKER).fetchone()[0]:
        if time.monotonic() > until:
            sys.exit("autovacuum does not come")
        time.sleep(0.05)

def lock(patience):
    until_vacuumed()
    begun = time.monotonic()
    try:
        with session.transaction(force_rollback=True):
            session.execute(f"set local lock_timeout = '{patience}ms'")
            session.execute("lock table busy in access exclusive mode")
        return True, time.monotonic() - begun
    except psycopg.errors.LockNotAvailable:
        return False, time.monotonic() - begun

short = [lock(900) for _ in range(5)]
print("lock_timeout 900 ms, five tries:", ", ".join("had it" if had else "not" for had, _ in short))
had, took = lock(1500)
print(f"lock_timeout 1500 ms, one try:  {'had it' if had else 'not'} after {took:.1f} s")
if any(had for had, _ in short) or not had or not 0.9 < took < 1.5:
    sys.exit("this has changed")
PY
