#!/usr/bin/env bash
# bench-elastic.sh: what a hospital's working day is in a real Elasticsearch, and how fast it gets there: documents and
# bytes of each data stream after a force merge, documents a second that ship, with one processor, and the server take.
# Beside it, with FILEBEAT= a filebeat, LINES of the same flows as a file, with one processor too.
# The day is that of docs/eval-week.md (2,666 hosts); what an output gets by default is sent.
#   FILEBEAT=path   LINES=100000   PORT=9299   HEAP=1g   KEEP=folder (of the journal, made once)
# A filebeat can be built from the module github.com/elastic/beats/v7@v7.17.29 with the replacements of its go.mod.
set -euo pipefail
cd "$(dirname "$0")/.."
PORT=${PORT:-9299} HOSTS=2666
out=$(mktemp -d)
pids=
done_with_it() { [ -z "$pids" ] || kill $pids 2>/dev/null || true; JIT='' HEAP=${HEAP:-1g} deploy/elastic-up.sh stop "$PORT"; rm -rf "$out"; }
trap done_with_it EXIT
state=${KEEP:-$out}
[ -d "$state/journal" ] || BRANDMELDER_WEEK_JOURNAL=$state/journal ${GO:-go} test -count=1 -timeout 60m ./sensor/pipeline -run TestWeekJournal
eval "$(JIT='' HEAP=${HEAP:-1g} deploy/elastic-up.sh start "$PORT")"
server=$(cat "/tmp/brandmelder-elastic-$PORT/pid")
api() { curl -sf -u "$ES_USER:$ES_PASS" -H 'Content-Type: application/json' -X "$1" "$ES_URL/$2" "${@:3}"; }

# seconds PID: of processor time that it used; peak PID: its memory in MB at most.
seconds() { awk -v hz="$(getconf CLK_TCK)" '{ print ($14 + $15) / hz }' "/proc/$1/stat"; }
peak() { awk '/VmHWM/ { print $2 / 1000 }' "/proc/$1/status"; }
# measured NAME DOCUMENTS SINCE CPU MEMORY SERVER: a line of the table.
measured() {
  awk -v name="$1" -v n="$2" -v wall="$(echo "$(date +%s.%N) - $3" | bc)" -v cpu="$4" -v mb="$5" -v server="$6" \
    'BEGIN { printf "%-9s %9d documents %7.1f s %8.0f/s %8.1f s of its own: %8.0f/s %6.0f MB %8.1f s of the server: %6.0f us each\n", name, n, wall, n / wall, cpu, n / cpu, mb, server, 1e6 * server / n }'
}

export BRANDMELDER_ELASTIC_PASSWORD=$ES_PASS
bin/brandmelder elastic install --url "$ES_URL" --user "$ES_USER" --namespace bench --sensor week --key-file "$out/week.key" | grep changed
cat >"$out/config.yaml" <<YAML
{state_dir: $state, namespace: bench, observer: {name: week}, outputs: [{name: elasticsearch, as: bench$$, hosts: ['$ES_URL'], api_key_file: $out/week.key}]}
YAML
standing() { (bin/brandmelder status -c "$out/config.yaml" --json || true) | python3 -c 'import json,sys; o=json.load(sys.stdin)["outputs"][0]; print(sum(o[k]["'"$1"'"] for k in ("decisions", "telemetry")))'; }
before=$(seconds "$server") since=$(date +%s.%N)
GOMAXPROCS=1 bin/brandmelder ship -c "$out/config.yaml" >"$out/ship.log" & pids=$!
sleep 1
left=unknown
while used=$(seconds $pids) && mb=$(peak $pids) && left=$(standing pending) && [ "$left" != 0 ]; do sleep 0.5; done
[ "$left" = 0 ] || { tail -3 "$out/ship.log"; exit 1; }
measured ship "$(standing acknowledged)" "$since" "$used" "$mb" "$(echo "$(seconds "$server") - $before" | bc)"
kill $pids; wait $pids || true; pids=
grep -E 'output|wait' "$out/ship.log"

api POST 'logs-brandmelder.*-bench/_forcemerge?max_num_segments=1' >/dev/null
api POST 'logs-brandmelder.*-bench/_refresh' >/dev/null
echo "a working day of $HOSTS hosts; and for 1,000 hosts a day"
api GET '_cat/indices/logs-brandmelder.*-bench,.ds-logs-brandmelder.*-bench-*?h=index,docs.count,pri.store.size&bytes=b&expand_wildcards=all' |
  awk -v hosts=$HOSTS '{ sub(/.*brandmelder\./, "", $1); sub(/-bench.*/, "", $1); n[$1] += $2; b[$1] += $3 }
    END { for (s in n) { printf "%-10s %9d documents %8.1f MB %6.0f bytes each   %9.0f %8.1f MB\n", s, n[s], b[s] / 1e6, b[s] / n[s], n[s] / hosts * 1000, b[s] / hosts / 1000; N += n[s]; B += b[s] }
          printf "%-10s %9d documents %8.1f MB %6.0f bytes each   %9.0f %8.1f MB\n", "together", N, B / 1e6, B / N, N / hosts * 1000, B / hosts / 1000 }' | sort -k2nr
bin/brandmelder elastic check --url "$ES_URL" --user "$ES_USER" --namespace bench -c "$out/config.yaml" | grep expected || true

[ -n "${FILEBEAT:-}" ] || { echo "no FILEBEAT=: filebeat is not measured"; exit 0; }
api PUT _index_template/bench-filebeat -d '{"index_patterns":["bench-filebeat"],"priority":500,"composed_of":["brandmelder@settings","brandmelder.flow@mappings"]}' >/dev/null
cat >"$out/filebeat.yml" <<YAML
path.home: $out/filebeat
filebeat.inputs: [{type: log, paths: [$out/flows.ndjson], json.keys_under_root: true, json.overwrite_keys: true}]
output.elasticsearch: {hosts: ['$ES_URL'], username: $ES_USER, password: $ES_PASS, index: bench-filebeat, bulk_max_size: 2000, compression_level: 1, allow_older_versions: true}
setup.template.enabled: false
setup.ilm.enabled: false
queue.mem: {events: 8192, flush.min_events: 2000, flush.timeout: 1s}
logging.to_files: false
YAML
chmod go-w "$out/filebeat.yml"
head -n "${LINES:-100000}" "$state/journal.flows.ndjson" >"$out/flows.ndjson"
lines=$(wc -l <"$out/flows.ndjson")
before=$(seconds "$server") since=$(date +%s.%N)
GOMAXPROCS=1 "$FILEBEAT" -e -once -c "$out/filebeat.yml" >"$out/filebeat.log" 2>&1 & pids=$!
while u=$(seconds $pids 2>/dev/null) && m=$(peak $pids 2>/dev/null) && [ -n "$m" ]; do used=$u mb=$m; sleep 0.2; done
wait $pids || tail -3 "$out/filebeat.log"
pids=
measured filebeat "$lines" "$since" "$used" "$mb" "$(echo "$(seconds "$server") - $before" | bc)"
api POST bench-filebeat/_refresh >/dev/null
echo "of $lines lines $(api GET bench-filebeat/_count | grep -o '"count":[0-9]*') are stored by filebeat"
