#!/usr/bin/env bash
# PostgreSQL 17.10, seen on 2026-11-28.
#
# A sum that is kept by `insert … on conflict do update set net = kept.net + excluded.net` cannot be lowered
# where the table says `check (net >= 0)`: the checks are made of the row as it was given (the change alone, -5),
# before anybody looks whether it will be inserted. So 10 less 5 is refused, though the row is there and would
# hold 5. A trigger before insert has run then, too. MERGE, which looks first, lowers the same sum, and the same
# check still refuses what it is for.
#
# So a refund is refused where its payment was not, and only once a month's sum is kept like that. Make sure of
# the row first (`on conflict do nothing`), and change it by an update; or merge, where two that find no row at
# once may both insert.
#
# Needs Node.js' npm and Python 3. Prints what it saw; fails where that has changed.
set -euo pipefail

# shellcheck source=private-postgres.bash
source "$(dirname "$(realpath "$0")")/private-postgres.bash"
start_postgres

venv/bin/python - "$folder" <<'PY'
import sys, time
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
session.execute("create table kept (month text primary key, net int not null check (net >= 0))")
UPSERT = """insert into kept values ('2026-11', %s)
    on conflict (month) do update set net = kept.net + excluded.net"""
MERGE = """merge into kept using (values ('2026-11', %s::int)) as change (month, net)
    on kept.month = change.month
    when matched then update set net = kept.net + change.net
    when not matched then insert values (change.month, change.net)"""

def change(by, statement):
    try:
        session.execute(statement, (by,))
        came = "taken"
    except psycopg.errors.CheckViolation as refused:
        came = f"refused by {refused.diag.constraint_name}"
    (net,) = session.execute("select net from kept").fetchone()
    return came, net

session.execute(UPSERT, (10,))
seen = {
    "upsert, 10 - 5": change(-5, UPSERT),
    "merge, 10 - 5": change(-5, MERGE),
    "merge, 5 - 6": change(-6, MERGE),
}
for what, came in seen.items():
    print(f"{what}: {came[0]}, the sum is {came[1]}")
refused = "refused by kept_net_check"
if list(seen.values()) != [(refused, 10), ("taken", 5), (refused, 5)]:
    sys.exit("this has changed")
PY
