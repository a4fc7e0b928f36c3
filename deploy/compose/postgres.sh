#!/bin/sh
# Run by the image of Postgres when its volume is empty: a database, and a user who owns it and nothing else.
set -eu
psql --username postgres --quiet --set ON_ERROR_STOP=1 --set password="$CINELOG_POSTGRES_PASSWORD" <<'SQL'
CREATE ROLE cinelog LOGIN PASSWORD :'password';
CREATE DATABASE cinelog OWNER cinelog;
REVOKE ALL ON DATABASE cinelog FROM PUBLIC;
SQL
