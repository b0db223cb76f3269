#!/bin/bash
# Run once by the PostgreSQL image, when the data folder is made: the database and its roles, as
# docs/operations.md has them. Who owns the tables cannot be reached by a core; what a core may do is
# granted to billing_app by the migrations.
set -euo pipefail

psql --no-psqlrc --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
    --set owner_password="$BILLING_OWNER_PASSWORD" --set core_password="$BILLING_CORE_PASSWORD" <<'SQL'
create role billing_app nologin;
create role billing_owner login password :'owner_password';
create role billing_core login password :'core_password' in role billing_app;
create database billing owner billing_owner;
revoke connect, temporary on database billing from public;
grant connect on database billing to billing_app;
SQL
