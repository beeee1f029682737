# How elastic-up.sh and opensearch-up.sh, which source this, find and end what they started: by $DATA/pid.

lives() { [ -s "$DATA/pid" ] && kill -0 "$(cat "$DATA/pid")" 2>/dev/null; }

if [ "$VERB" = stop ]; then
  if lives; then
    pid=$(cat "$DATA/pid"); kill "$pid"
    for _ in $(seq 120); do kill -0 "$pid" 2>/dev/null || break; sleep 0.25; done
  fi
  rm -rf "$DATA"
  exit 0
fi
[ "$VERB" = start ] || [ "$VERB" = fetch ] || { echo "start, stop or fetch" >&2; exit 2; }
