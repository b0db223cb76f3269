#!/usr/bin/env bash
# PostgreSQL 17.10, seen on 2026-11-28.
#
# A session that shows the new `synchronous_standby_names` may still commit without any standby. Each
# process reads the file again by itself, but whether commits wait at all is a flag in shared memory that
# only the checkpointer sets, when it comes to it. Here it is stopped, as a disk stops it in an fsync: as long as
# that lasts, every session reads its setting back as `dead`, and commits are acknowledged at once.
#
# So whoever turns synchronous replication on, and reads the setting back to be sure, knows nothing yet: look
# whether a commit waits, or at `sync_state` in `pg_stat_replication` and a commit after it.
#
# Needs Node.js' npm and Python 3. Prints what it saw; fails where that has changed.
set -euo pipefail

# shellcheck source=private-postgres.bash
source "$(dirname "$(realpath "$0")")/private-postgres.bash"
start_postgres

venv/bin/python - "$folder" <<'PY'
import os, signal, sys, threading, time
import psycopg

def connect():
    for _ in range(100):
        try:
            return psycopg.connect(host=sys.argv[1], user="postgres", dbname="postgres", autocommit=True)
        except psycopg.OperationalError:
            time.sleep(0.1)
    sys.exit("the server does not start")

session = connect()
print("seen on:", session.execute("show server_version").fetchone()[0])
session.execute("create table entry (id int)")
checkpointer = "select pid from pg_stat_activity where backend_type = 'checkpointer'"
(pid,) = session.execute(checkpointer).fetchone()

os.kill(pid, signal.SIGSTOP)
try:
    session.execute("alter system set synchronous_standby_names = 'dead'")
    session.execute("select pg_reload_conf()")
    while (shown := session.execute("show synchronous_standby_names").fetchone()[0]) != "dead":
        time.sleep(0.01)
    begun = time.monotonic()
    session.execute("insert into entry values (1)")
    took = time.monotonic() - begun
    print(f"a checkpointer that stands still: the session shows {shown!r}, and its commit took {took:.3f} s")
finally:
    os.kill(pid, signal.SIGCONT)

def later():
    try:
        session.execute("insert into entry values (2)")
    except psycopg.Error:
        pass
watching = connect()
waits = None
for _ in range(50):
    threading.Thread(target=later, daemon=True).start()
    time.sleep(0.2)
    waits = watching.execute("select wait_event from pg_stat_activity where query like 'insert%'").fetchone()
    if waits == ("SyncRep",):
        break
print(f"once it goes on: the same commit waits for {waits}")
if took > 1 or waits != ("SyncRep",):
    sys.exit("this has changed")
PY
