#!/bin/sh
# Runs a command of the product beside the stack, with the addresses of its own PostgreSQL where none are given:
#   docker compose run --rm migrate                                  (what compose does before Kestra starts)
#   docker compose run --rm migrate node scripts/cli/NAME.ts …       (any other command)
set -eu

folder="${PASSWORD_FOLDER:-/run/passwords}"
if [ -z "${DATABASE_OWNER_URL:-}" ]; then
  DATABASE_OWNER_URL="postgresql://dim_owner:$(cat "$folder/dim_owner")@postgres:5432/incident_management"
  export DATABASE_OWNER_URL
fi
if [ -z "${DATABASE_URL:-}" ]; then
  DATABASE_URL="postgresql://dim_app:$(cat "$folder/dim_app")@postgres:5432/incident_management"
  export DATABASE_URL
fi

exec "$@"
