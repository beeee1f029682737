#!/usr/bin/env bash
# demo-elastic.sh: from nothing to alerts in a real Elasticsearch: starts one, installs, makes a sensor's key, ships what
# the recorded exercise gives, and asks what an analyst would ask. It ends what it started; KEEP=1 leaves it running.
set -euo pipefail
cd "$(dirname "$0")/.."
PORT=${PORT:-9288}
out=$(mktemp -d)
done_with_it() { [ -n "${KEEP:-}" ] || deploy/elastic-up.sh stop "$PORT"; rm -rf "$out"; }
trap done_with_it EXIT
say() { printf '\n== %s\n' "$*"; }

say "a real Elasticsearch"
eval "$(deploy/elastic-up.sh start "$PORT")"
curl -s -u "$ES_USER:$ES_PASS" "$ES_URL" | grep -E '"number"|cluster_name'

say "brandmelder elastic install --namespace demo --sensor exercise: what would change, then the change"
export BRANDMELDER_ELASTIC_PASSWORD=$ES_PASS
install="bin/brandmelder elastic install --url $ES_URL --user $ES_USER --namespace demo"
$install --dry-run | tail -1
$install --sensor exercise --key-file "$out/exercise.key" | grep -v '^+'
ls -l "$out/exercise.key" | cut -c1-10

say "the sensor: the recorded exercise, shipped with its key"
BRANDMELDER_DEMO_URL=$ES_URL BRANDMELDER_DEMO_KEY=$out/exercise.key ${GO:-go} test -count=1 -v ./sensor -run ElasticDemo | grep -E 'sent|FAIL' | sed 's/^ *[a-z_]*\.go:[0-9]*: //'

# ask NAME QUERY: prints the query, in one line, and what it gives.
ask() {
  say "$1"
  echo "POST $2/_search  $3"
  curl -s -u "$ES_USER:$ES_PASS" "$ES_URL/$2/_search?filter_path=hits.hits._source,hits.total.value,aggregations.*.buckets.key,aggregations.*.buckets.doc_count" \
    -H 'Content-Type: application/json' -d "$3" | python3 -m json.tool --no-ensure-ascii | grep -vE '^[][{} ,]*$' | cut -c1-220
}
curl -s -o /dev/null -u "$ES_USER:$ES_PASS" -X POST "$ES_URL/logs-brandmelder.*/_refresh"
ask "what has to be answered (KQL: event.kind : alert and event.severity >= 47)" 'logs-brandmelder.alert-demo' \
  '{"query":{"bool":{"filter":[{"term":{"event.kind":"alert"}},{"range":{"event.severity":{"gte":47}}}]}},"sort":[{"event.risk_score":"desc"}],"_source":["message","event.severity","rule.category"]}'
ask "what belongs together (KQL: event.dataset : brandmelder.incident)" 'logs-brandmelder.incident-demo' \
  '{"size":1,"query":{"match_all":{}},"sort":[{"brandmelder.revision":"desc"}],"_source":["message","brandmelder.incident.families","event.severity"]}'
ask "is each document of the sensor that it says (terms of brandmelder.origin)" 'logs-brandmelder.*-demo' \
  '{"size":0,"aggs":{"origin":{"terms":{"field":"brandmelder.origin"}}}}'
ask "how well did it see (KQL: event.dataset : brandmelder.coverage)" 'logs-brandmelder.coverage-demo' \
  '{"size":1,"sort":[{"@timestamp":"desc"}],"_source":["brandmelder.coverage.packets","brandmelder.coverage.dropped","brandmelder.coverage.one_way_share"]}'
say "the sensor's key in another tenant's data"
curl -s -H "Authorization: ApiKey $(printf %s "$(cat "$out/exercise.key")" | base64 -w0)" "$ES_URL/logs-brandmelder.alert-other/_search?filter_path=error.reason,status" | cut -c1-200
echo
say "brandmelder elastic check"
bin/brandmelder elastic check --url "$ES_URL" --user "$ES_USER" --namespace demo --sensor-key "$out/exercise.key" || true
