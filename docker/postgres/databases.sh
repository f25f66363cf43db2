#!/bin/sh
# Run once by the image, on an empty data folder: a database with its own roles for Kestra and one for the product.
# dim_owner owns the product's database and migrates it; dim_app, which tasks use, is given its rights by migrations.
# Not -u: where the file is not executable, the image reads it into its own shell.
set -e

folder="${PASSWORD_FOLDER:-/run/passwords}"
psql --no-psqlrc --set ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres \
  --set kestra="$(cat "$folder/kestra")" \
  --set dim_owner="$(cat "$folder/dim_owner")" \
  --set dim_app="$(cat "$folder/dim_app")" <<'SQL'
create role kestra login nosuperuser nocreatedb nocreaterole password :'kestra';
create role dim_owner login nosuperuser nocreatedb nocreaterole nobypassrls password :'dim_owner';
create role dim_app login nosuperuser nocreatedb nocreaterole nobypassrls password :'dim_app';

create database kestra owner kestra;
revoke all on database kestra from public;

create database incident_management owner dim_owner template template0 encoding 'UTF8' locale 'C';
revoke all on database incident_management from public;
grant connect on database incident_management to dim_app;
SQL
