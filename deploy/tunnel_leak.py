#!/usr/bin/env python3
"""tunnel_leak.py NAME ALERTS CAPTURE LOG TABLE.json: adds a line on what had left when the first alert came. LOG
is the sender's, or - where the payload that TCP carried to the outside in CAPTURE is counted."""
import datetime
import json
import os
import struct
import sys

CLIENT = "10.88.0.2"  # what the tunnels leave; the background has another address
OUTSIDE = bytes([203, 0, 113])


def payloads(path):
    """Time and payload bytes of each TCP packet to the outside; repeats are counted."""
    with open(path, "rb") as f:
        order = "<" if f.read(24)[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
        while len(head := f.read(16)) == 16:
            s, us, kept, _ = struct.unpack(order + "IIII", head)
            p = f.read(kept)
            if p[12:14] == b"\x08\x00" and p[23] == 6 and p[30:33] == OUTSIDE:
                size = struct.unpack(">H", p[16:18])[0] - (p[14] & 15) * 4 - (p[14 + (p[14] & 15) * 4 + 12] >> 4) * 4
                if size > 0:
                    yield s + us / 1e6, size


def sent(log, capture):
    """Time and bytes so far."""
    if log != "-":
        return [(float(t), int(n)) for t, n in map(str.split, open(log))]
    out, total = [], 0
    for at, n in payloads(capture):
        total += n
        out.append((at, total))
    return out


def alerts(path):
    """Time, severity and detector of the alerts on the client."""
    for line in open(path):
        d = json.loads(line)
        at = datetime.datetime.fromisoformat(d["@timestamp"][:26].rstrip("Z") + "+00:00").timestamp()
        if d["source"]["ip"] == CLIENT:
            yield at, d["event"].get("severity", 0), d["brandmelder"].get("detector") or d["rule"]["name"]


def main():
    name, found, capture, log, table = sys.argv[1:]
    went = sent(log, capture) if log == "-" or os.path.exists(log) else []
    all_alerts = sorted(a for a in alerts(found) if a[1] >= 47)
    row = {"name": name, "alerts": [a[2] for a in all_alerts], "sent": went[-1][1] if went else 0,
           "seconds": round(went[-1][0] - went[0][0], 1) if went else 0}
    if all_alerts and went:
        at = all_alerts[0][0]
        row["after"] = round(at - went[0][0], 1)
        row["leaked"] = max([n for t, n in went if t <= at], default=0)
    rows = json.load(open(table)) if os.path.exists(table) else []
    json.dump(rows + [row], open(table, "w"), indent=1)
    after = f"{row['after']:9.1f} s {row['leaked']:12,} bytes" if "after" in row else "        -                   -"
    print(f"{name:26}{row['sent']:12,} bytes in {row['seconds']:6.1f} s   {after}   {' '.join(dict.fromkeys(row['alerts'])) or 'no alert'}", flush=True)


main()
