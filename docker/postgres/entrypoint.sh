#!/bin/sh
# Makes a password for each role at the first start, where only the containers of this project can read it, and then
# starts PostgreSQL as its image does. So there is no password to invent, to copy or to forget to change.
set -eu

folder="${PASSWORD_FOLDER:-/run/passwords}"
for role in postgres kestra dim_owner dim_app; do
  if [ ! -s "$folder/$role" ]; then
    head -c 24 /dev/urandom | od -An -v -tx1 | tr -d ' \n' >"$folder/$role.new"
    # Read by the users of three images, whose numbers differ.
    chmod 0444 "$folder/$role.new"
    mv "$folder/$role.new" "$folder/$role"
  fi
done

export POSTGRES_PASSWORD_FILE="$folder/postgres"
exec docker-entrypoint.sh "$@"
