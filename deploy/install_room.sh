# A state directory of 64 MiB, 10,000 alerts and an Elasticsearch that is off. test-install.sh sources this.

echo "-- 64 MiB"
settings='mirror: [mirror0]
capture: ring
retention: {journal_gb: 0.067108864}
outputs: [{name: elasticsearch, hosts: ["http://127.0.0.1:9"], api_key_file: hook}]
'
configure
box systemctl restart brandmelder brandmelder-ship || fail "it does not start"
# stands are the alerts, the documents that ever came into the journal, those that are gone, and decisions among these.
stands() {
  status | python3 -c 'import json, sys
s = json.load(sys.stdin)
gone = {name: sum(series.get("expired", {}).values()) for name, series in s["journal"].items()}
print(s["stored"]["alerts"], sum(series["documents"] for series in s["journal"].values()), sum(gone.values()), gone["decisions"])'
}
read -r alerts_before documents_before _ _ <<<"$(stands)"
touch "$work/filling"
while [ -e "$work/filling" ]; do
  du -scB1 "$root/var/lib/brandmelder" "$root/var/lib/brandmelder-ship" | tail -1
  sleep 0.1
done >"$work/sizes" &
helpers+=($!)
"${GO:-go}" run ./deploy/flood 10000 8000 >"$work/flood.pcap"
"${beside[@]}" tcpreplay -q -i span0 --pps=9000 "$work/flood.pcap" >/dev/null 2>&1
want box sh -c "[ \$(brandmelder alerts list --limit 20000 --json | wc -l) -ge $((alerts_before + 10000)) ]"
box systemctl stop brandmelder # which ends all flows, each a document
rm "$work/filling" && wait $!
read -r alerts documents gone decisions_gone <<<"$(stands)"
most=$(sort -n "$work/sizes" | tail -1 | cut -f1)
[ "$most" -le $((64 << 20)) ] || fail "the state was $most bytes"
[ "$alerts" = $((alerts_before + 10000)) ] && [ "$decisions_gone" = 0 ] || fail "$((alerts - alerts_before)) of 10000 alerts, $decisions_gone decisions gone"
# The run's own account of documents, the journal's numbers, and what stands on disk.
read -r offered journaled dropped lost <<<"$(box journalctl -u brandmelder -o cat | sed -nE 's/^ *journal +([0-9]+) = ([0-9]+) journaled \+ ([0-9]+) dropped.* \+ ([0-9]+) lost.*/\1 \2 \3 \4/p' | tail -1)"
[ "$offered" = $((journaled + dropped + lost)) ] && [ $((documents - documents_before)) = "$journaled" ] || fail "$offered documents, $journaled journaled, $((documents - documents_before)) numbered"
whole=$(box brandmelder journal verify | sed -n 's/ records are whole//p')
[ "$gone" -gt 0 ] && [ "$documents" = $((whole + gone)) ] || fail "$documents documents, $whole whole, $gone gone"
step "10000 alerts, at most $most bytes of state; all $documents documents: $whole there, $gone of flows given up, none of alerts; $((dropped + lost)) more not taken"
