#!/bin/sh
# Starts Kestra with the product's settings: checks what must be there, hands every secret to Kestra as SECRET_* in
# base64 and every setting as ENV_*, and takes the plain secrets out of the environment that tasks inherit.
# The lists equal scripts/lib/config.ts and scripts/lib/tenant.ts; a test compares them.
set -eu

secrets='
  ALERT_WEBHOOK_KEY ALERT_WEBHOOK_KEY_PREVIOUS DATABASE_URL SLACK_WEBHOOK_URL SLACK_BOT_TOKEN FALLBACK_URL
  PAGERDUTY_ROUTING_KEY PAGERDUTY_API_TOKEN JIRA_USERNAME JIRA_TOKEN SMTP_URL NOTIFY_WEBHOOK_URL NOTIFY_WEBHOOK_KEY
  AIRFLOW_USERNAME AIRFLOW_PASSWORD AIRFLOW_WRITE_USERNAME AIRFLOW_WRITE_PASSWORD
  DBT_ARTIFACTS_TOKEN WAREHOUSE_URL PROMETHEUS_TOKEN SYSTEMS_CREDENTIALS SYSTEMS_WRITE_CREDENTIALS
  WAREHOUSE_WRITE_URL SNOWFLAKE_USERNAME SNOWFLAKE_PASSWORD SNOWFLAKE_PRIVATE_KEY SNOWFLAKE_PRIVATE_KEY_PASSPHRASE
  SNOWFLAKE_TOKEN
  GEMINI_API_KEY VERTEX_CREDENTIALS KESTRA_USERNAME KESTRA_PASSWORD AUDIT_KEY
'
settings='
  PAGERDUTY_EVENTS_URL PAGERDUTY_API_URL PAGERDUTY_FROM JIRA_URL JIRA_PROJECT JIRA_ISSUE_TYPE EMAIL_FROM EMAIL_TO
  SLACK_CHANNEL SLACK_API_URL AIRFLOW_URL DBT_ARTIFACTS PROMETHEUS_URL GEMINI_MODEL GEMINI_BASE_URL
  VERTEX_PROJECT VERTEX_LOCATION ANALYZER DIM_CONFIG_DIR
  SNOWFLAKE_ACCOUNT SNOWFLAKE_ROLE SNOWFLAKE_WAREHOUSE SNOWFLAKE_DATABASE DIM_CHANNELS KESTRA_URL
'

# What all tenants share. Each has every other setting for itself: ACME__SLACK_WEBHOOK_URL, from tenants.env.
shared=' DATABASE_URL AUDIT_KEY FALLBACK_URL DIM_CONFIG_DIR DIM_CHANNELS KESTRA_URL KESTRA_USERNAME KESTRA_PASSWORD '
# A tenant is a folder of configuration; what is no tenant's name is passed over, as everywhere.
tenants=''
for folder in "${DIM_CONFIG_DIR:-/opt/dim/config}"/tenants/*/; do
  name=$(basename "$folder")
  case $name in
    *[!a-z0-9-]* | [!a-z]* | *- | *--* | '') ;;
    *) tenants="$tenants $name" ;;
  esac
done

# Where docker/postgres/entrypoint.sh keeps the passwords that it made.
passwords="${PASSWORD_FOLDER:-/run/passwords}"

# The value of a variable without blanks around it; nothing when it is not set.
value() {
  printenv "$1" | sed 's/^[[:space:]]*//; s/[[:space:]]*$//' || true
}

if [ -z "$(value DATABASE_URL)" ] && [ -r "$passwords/dim_app" ]; then
  DATABASE_URL="postgresql://dim_app:$(cat "$passwords/dim_app")@postgres:5432/incident_management"
  export DATABASE_URL
fi

faults=''
fault() {
  faults="$faults
  $1"
}

check_webhook_key() {
  key=$(value "$1")
  if [ "${#key}" -lt 24 ]; then
    fault "$1 has ${#key} characters: 24 or more are needed, such as the output of: openssl rand -hex 24"
  fi
  case $key in
    *[!A-Za-z0-9_-]*) fault "$1 holds characters that do not fit into a URL: use A-Z a-z 0-9 _ -" ;;
  esac
}

check_webhook_key ALERT_WEBHOOK_KEY
[ -z "$(value ALERT_WEBHOOK_KEY_PREVIOUS)" ] || check_webhook_key ALERT_WEBHOOK_KEY_PREVIOUS
for tenant in $tenants; do
  prefix="$(printf '%s' "$tenant" | tr 'a-z-' 'A-Z_')__"
  for name in ALERT_WEBHOOK_KEY ALERT_WEBHOOK_KEY_PREVIOUS; do
    [ -z "$(value "$prefix$name")" ] || check_webhook_key "$prefix$name"
  done
done
[ -n "$(value DATABASE_URL)" ] || fault 'DATABASE_URL is missing: PostgreSQL of the product, as role dim_app'
case $(value KESTRA_USERNAME) in
  ?*@?*) ;;
  *) fault 'KESTRA_USERNAME is missing or no e-mail address: the log-in of Kestra' ;;
esac
password=$(value KESTRA_PASSWORD)
case $password in
  *[[:upper:]]*[[:digit:]]* | *[[:digit:]]*[[:upper:]]*) [ "${#password}" -ge 8 ] || password='' ;;
  *) password='' ;;
esac
[ -n "$password" ] || fault 'KESTRA_PASSWORD is missing or weak: 8 characters or more, with an upper case letter and a digit'

if [ -n "$faults" ]; then
  printf 'E_SETTING_INVALID: Kestra is not started. Set this in .env and run docker compose up -d again:%s\n' "$faults" >&2
  exit 1
fi

# Kestra's own configuration reads its log-in and its database password from these; no task sees KESTRA_*.
KESTRA_USERNAME=$(value KESTRA_USERNAME)
KESTRA_PASSWORD=$(value KESTRA_PASSWORD)
export KESTRA_USERNAME KESTRA_PASSWORD
if [ -z "$(value KESTRA_DATABASE_PASSWORD)" ] && [ -r "$passwords/kestra" ]; then
  KESTRA_DATABASE_PASSWORD=$(cat "$passwords/kestra")
  export KESTRA_DATABASE_PASSWORD
fi

# A secret that is not defined fails a task before it starts, so each is, if need be as empty.
define_secret() {
  encoded=$(printf '%s' "$(value "$1")" | base64 | tr -d '\n')
  export "SECRET_$1=$encoded"
  case $1 in
    KESTRA_*) ;;
    *) unset "$1" ;;
  esac
}

for tenant in $tenants; do
  prefix="$(printf '%s' "$tenant" | tr 'a-z-' 'A-Z_')__"
  for name in $secrets; do
    case $shared in *" $name "*) ;; *) define_secret "$prefix$name" ;; esac
  done
  for name in $settings; do
    case $shared in
      *" $name "*) ;;
      *)
        export "ENV_$prefix$name=$(value "$prefix$name")"
        unset "$prefix$name"
        ;;
    esac
  done
done
for name in $secrets; do
  define_secret "$name"
done
for name in $settings; do
  export "ENV_$name=$(value "$name")"
done

exec docker-entrypoint.sh "$@"
