#!/usr/bin/env bash
# demo-elastic.sh: from nothing to alerts in a real Elasticsearch: starts one, installs, makes a sensor's key, ships what
# the recorded exercise gives, and asks what an analyst would ask. It ends what it started; KEEP=1 leaves it running.
set -euo pipefail
cd "$(dirname "$0")/.."
PORT=${PORT:-9288}
out=$(mktemp -d)
pids=
done_with_it() { [ -z "$pids" ] || kill $pids 2>/dev/null || true; [ -n "${KEEP:-}" ] || deploy/elastic-up.sh stop "$PORT"; rm -rf "$out"; }
trap done_with_it EXIT
say() { printf '\n== %s\n' "$*"; }

say "a real Elasticsearch"
eval "$(deploy/elastic-up.sh start "$PORT")"
curl -s -u "$ES_USER:$ES_PASS" "$ES_URL" | grep -E '"number"|cluster_name'

say "brandmelder elastic install --namespace demo --sensor exercise: what would change, then the change"
export BRANDMELDER_ELASTIC_PASSWORD=$ES_PASS
install="bin/brandmelder elastic install --url $ES_URL --user $ES_USER --namespace demo"
$install --dry-run | tail -1
$install --sensor exercise --replace-key --key-file "$out/exercise.key" | grep -v '^+' | tee "$out/said"
ls -l "$out/exercise.key" | cut -c1-10

say "the sensor: the recorded exercise in its journal, shipped with the lines that install printed"
{ echo "state_dir: $out"; sed -n '/^namespace:/,$p' "$out/said" | sed "s|/etc/brandmelder/|$out/|"; } >"$out/config.yaml"
BRANDMELDER_DEMO_JOURNAL=$out/journal ${GO:-go} test -count=1 -v ./sensor -run ElasticDemo | grep -E 'journaled|FAIL' | sed 's/^ *[a-z_]*\.go:[0-9]*: //'
bin/brandmelder ship -c "$out/config.yaml" >"$out/ship.log" 2>&1 & pids=$!
pending() { bin/brandmelder status -c "$out/config.yaml" --json | python3 -c 'import json, sys; print(sum(o[k]["pending"] for o in json.load(sys.stdin)["outputs"] for k in ("decisions", "telemetry")))'; }
for _ in $(seq 120); do [ "$(pending 2>/dev/null)" != 0 ] || break; sleep 0.5; done
kill $pids; wait $pids || true; pids=
{ bin/brandmelder status -c "$out/config.yaml" || true; } | grep -A1 acknowledged || # nothing runs here, so it is DOWN
  { tail -3 "$out/ship.log"; exit 1; }

export ES_URL ES_USER ES_PASS
curl -s -o /dev/null -u "$ES_USER:$ES_PASS" -X POST "$ES_URL/logs-brandmelder.*/_refresh"
ask() { python3 deploy/demo_ask.py "$@"; }
say "what happened, as one story (KQL: event.dataset : brandmelder.incident, newest revision)"
ask logs-brandmelder.incident-demo '{"size": 1, "sort": [{"brandmelder.revision": "desc"}]}' \
  message event.severity brandmelder.incident.stages brandmelder.incident.hosts brandmelder.incident.id
say "which alerts it consists of, gravest first (KQL: event.kind : alert and event.severity >= 47)"
ask logs-brandmelder.alert-demo '{"query": {"bool": {"filter": [{"term": {"event.kind": "alert"}}, {"range": {"event.severity": {"gte": 47}}}]}}, "sort": [{"event.risk_score": "desc"}]}' \
  event.severity:3 rule.category:17 message
say "the gravest one: why it matters, what else it can be, what to do first (dashboard Alert)"
ask logs-brandmelder.alert-demo '{"size": 1, "query": {"term": {"event.kind": "alert"}}, "sort": [{"event.risk_score": "desc"}]}' \
  message brandmelder.text.en.why brandmelder.text.en.other brandmelder.text.en.steps threat.technique.id brandmelder.flows.community_id event.id
say "where else its source sent data (KQL: event.dataset : brandmelder.flow and source.ip : 172.31.250.10)"
ask logs-brandmelder.flow-demo '{"size": 0, "query": {"bool": {"filter": [{"term": {"source.ip": "172.31.250.10"}}, {"term": {"event.action": "flow-end"}}]}}, "aggs": {"to": {"terms": {"field": "destination.ip", "size": 5, "order": {"bytes": "desc"}}, "aggs": {"bytes": {"sum": {"field": "source.bytes"}}}}}}' \
  key:16 count:6 bytes
say "which accounts it tried (KQL: event.dataset : brandmelder.auth and event.outcome : failure)"
ask logs-brandmelder.auth-demo '{"size": 0, "query": {"term": {"event.outcome": "failure"}}, "aggs": {"user": {"terms": {"field": "user.name", "size": 5}}}}' \
  key:16 count
say "did the sensor see it all (KQL: event.dataset : brandmelder.coverage)"
ask logs-brandmelder.coverage-demo '{"size": 5, "sort": [{"@timestamp": "asc"}]}' \
  @timestamp:19 brandmelder.coverage.packets:9 brandmelder.coverage.dropped:7 brandmelder.coverage.one_way_share
say "is each document of the sensor that it says (by brandmelder.origin)"
ask 'logs-brandmelder.*-demo' '{"size": 0, "aggs": {"origin": {"terms": {"field": "brandmelder.origin"}}}}' key:10 count
say "the sensor's key in another tenant's data"
curl -s -H "Authorization: ApiKey $(printf %s "$(cat "$out/exercise.key")" | base64 -w0)" "$ES_URL/logs-brandmelder.alert-other/_search?filter_path=error.reason,status" | fold -sw 100
echo
say "brandmelder elastic check: what is expected a day, reckoned from these two minutes; this Elasticsearch has no lifecycle"
bin/brandmelder elastic check --url "$ES_URL" --user "$ES_USER" -c "$out/config.yaml" --sensor-key "$out/exercise.key" || true
