#!/usr/bin/env bash
# test-elastic.sh SERVER…: runs the tests that need a real server against each: 8 and 9 are Elasticsearch,
# opensearch is OpenSearch. It fetches, starts and ends them itself, one at a time. GO, CAPTURES (a folder) as in the
# Makefile; ONLY names tests.
set -euo pipefail
cd "$(dirname "$0")/.."
PORT=${PORT:-9277}
# script_of says which script is a server's; each is fetched while the one before it is tested.
script_of() { if [ "$1" = opensearch ]; then echo deploy/opensearch-up.sh; else echo deploy/elastic-up.sh; fi; }
for server in "$@"; do
  ELASTIC=$server $(script_of "$server") fetch >/dev/null 2>&1 &
done
[[ " $* " != *" 8 "* ]] || deploy/esql.sh >/dev/null 2>&1 &
BRANDMELDER_KQL=$(deploy/kql.sh)
export BRANDMELDER_KQL
up=
trap '[ -z "$up" ] || $up stop $PORT' EXIT
for server in "$@"; do
  script=$(script_of "$server")
  export ELASTIC=$server
  $script stop "$PORT"
  began=$SECONDS
  up=$script
  if ! said=$($script start "$PORT"); then
    echo "NOTHING IS TESTED against $server: it cannot be fetched or started" >&2
    exit 1
  fi
  echo "== $server answers after $((SECONDS - began)) s"
  BRANDMELDER_ESQL= # it needs what lies in that Elasticsearch
  [ "$server" != 8 ] || BRANDMELDER_ESQL=$(deploy/esql.sh)
  export BRANDMELDER_ESQL
  unset ES_USER ES_PASS
  eval "$said"
  BRANDMELDER_ELASTIC_URL=$ES_URL BRANDMELDER_ELASTIC_USER=${ES_USER:-} BRANDMELDER_ELASTIC_PASSWORD=${ES_PASS:-} \
    BRANDMELDER_CAPTURES=${CAPTURES:-} ${GO:-go} test -count=1 -timeout 20m -v ./sensor -run "${ONLY:-Elastic}" | grep -v '^=== RUN'
  $script stop "$PORT"
  up=
  echo "== $server: $((SECONDS - began)) s"
done
