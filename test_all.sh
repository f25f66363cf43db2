#!/usr/bin/env bash
# Everything that proves the product: types, lint, unit tests, contract suites, and the whole flow through the real
# Kestra engine. The exit code is the answer; the last line counts. Usage: ./test_all.sh [--engine VERSION]
# [--unit | --e2e | --peers]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
exec node engine/bootstrap.mjs test-all "$@"
