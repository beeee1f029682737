#!/bin/bash
# eval-tools.sh: attacks with other people's tools and ordinary work with real servers, each in a capture of its
# own, recorded on the bridge of a small network of namespaces, replayed and compared with what was expected.
# Root; the packages it needs are listed in docs/eval-tools.md. OUT= keeps the captures (default: a new folder in
# /tmp), ONLY=PATTERN picks scenarios, HALF=1, 2, 3 or 4 one set of them, REPLAY=1 records nothing and judges OUT anew,
# RECORD=1 only records, FAULTS=1 judges ordinary work in OUT as mirror ports with a fault would have shown it.
set -u
shopt -s extglob # ONLY=@(one|other)
[ "$(id -u)" = 0 ] || { echo "eval-tools: needs root, for network namespaces"; exit 2; }
[ -n "${BT_INSIDE:-}" ] || exec env BT_INSIDE=1 unshare --mount --propagation private "$0" "$@"
PATH=$PATH:/usr/sbin:/sbin
here=$(realpath "$(dirname "$0")")/tools
out=${OUT:-$(mktemp -d /tmp/eval-tools.XXXXXX)}
py=${PYTHON:-python3} bin=$(dirname "$(command -v "${PYTHON:-python3}")") # where pip put the tools' scripts
mkdir -p "$out"
half=both plan=()
# scenario FAMILY[,FAMILY…]|none NAME [STRETCH]: the function NAME is what happens; times are stretched by STRETCH
scenario() { plan+=("$half $1 $2 ${3:-1}"); }

judge() { # FAMILIES NAME
  bin/brandmelder replay --alerts-only --output ndjson --out "$out/$2.ndjson" "$out/$2.pcap" >/dev/null 2>&1
  python3 "$here/table.py" row "$out" "$1" "$2"
}

# An alarm that only the fault raises is one too many.
faults() { # FAMILIES NAME
  local fault
  for fault in lower upper loss twice late short swapped; do
    python3 "$here/faults.py" "$out/$2.pcap" $fault "$out/fault.pcap"
    bin/brandmelder replay --alerts-only --output ndjson --out "$out/$2.$fault.ndjson" "$out/fault.pcap" >/dev/null 2>&1
    python3 "$here/table.py" fault "$out" "$1" "$2" $fault
  done
  rm -f "$out/fault.pcap"
}

# Each of the three is a process group of its own, so that its end is the end of all that it started.
record() { # NAME STRETCH
  set -m
  ip netns exec "bt-sw-$id" tcpdump -q -U -s 0 -i lan -w "$out/$1.pcap" >/dev/null 2>&1 & local dump=$!
  for _ in $(seq 50); do [ -s "$out/$1.pcap" ] && break; sleep .1; done
  (everyday) >/dev/null 2>&1 </dev/null & local day=$!
  sleep 2
  (set +em; cd "$dir"; "$1") >"$out/$1.txt" 2>&1 </dev/null & local deed=$!
  set +m
  for _ in $(seq "${LONGEST:-150}"); do kill -0 $deed 2>/dev/null || break; sleep 1; done
  kill -- -$deed -$day 2>/dev/null
  sleep 1
  kill -INT -- -$dump
  wait $dump $deed $day 2>/dev/null
  at att ip neigh flush all
  [ "$2" = 1 ] || python3 "$here/table.py" stretch "$out/$1.pcap" "$2"
}

wanted() { # HALF NAME
  [ "${HALF:-$1}" = "$1" ] || return 1
  case $2 in ${ONLY:-*}) ;; *) return 1 ;; esac
}

finish() {
  for host in sw out "${!addr[@]}"; do
    ip netns pids "bt-$host-$id" 2>/dev/null | xargs -r kill -9 2>/dev/null
    ip netns del "bt-$host-$id" 2>/dev/null
    rm -rf "/etc/netns/bt-$host-$id"
  done
  jobs -p | xargs -r kill -9 2>/dev/null
  wait 2>/dev/null
  rm -rf "$dir"
}

. "$here/lab.sh"
. "$here/attacks.sh"
. "$here/attacks_more.sh"
. "$here/attacks_third.sh"
. "$here/attacks_fourth.sh"
. "$here/benign.sh"
. "$here/benign_more.sh"
. "$here/benign_fourth.sh"

if [ -z "${REPLAY:-}${FAULTS:-}" ]; then
  dir=$(mktemp -d /tmp/bt.XXXXXX)
  chmod 755 "$dir"
  trap finish EXIT
  trap "exit 1" INT TERM
  krb5_conf; wires; people; keys; servers
  for want in "dc 88" "dc 389" "files 445" "web 80" "mail 25" "mail 143" "db 3306" "db 5432" "lin 22" "dev 502"; do
    set -- $want
    for _ in $(seq 60); do at adm bash -c "exec 3<>/dev/tcp/$net.${addr[$1]}/$2" 2>/dev/null && break; sleep .5; done
    at adm bash -c "exec 3<>/dev/tcp/$net.${addr[$1]}/$2" 2>/dev/null || echo "eval-tools: $want does not answer"
  done
fi
if [ -n "${TRY:-}" ]; then # commands from standard input, to try things: record NAME 1, at att nmap …
  while read -r line; do eval "$line"; done
  exit
fi
for line in "${plan[@]}"; do
  read -r h families name stretch <<<"$line"
  wanted "$h" "$name" || continue
  if [ -n "${FAULTS:-}" ]; then
    case $families in none*) [ -s "$out/$name.pcap" ] && judge "$families" "$name" >/dev/null && faults "$families" "$name" ;; esac
    continue
  fi
  [ -n "${REPLAY:-}" ] || record "$name" "$stretch"
  [ -n "${RECORD:-}" ] && { echo "$name: $(stat -c %s "$out/$name.pcap") bytes, $(tail -n 1 "$out/$name.txt" | cut -c1-100)"; continue; }
  [ -s "$out/$name.pcap" ] && judge "$families" "$name"
done
[ -z "${FAULTS:-}" ] || python3 "$here/table.py" faults "$out"
[ -n "${RECORD:-}${FAULTS:-}" ] || python3 "$here/table.py" sum "$out"
