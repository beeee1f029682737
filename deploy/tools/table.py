"""table.py row DIR FAMILIES NAME | sum DIR | fault DIR FAMILIES NAME FAULT | faults DIR | stretch CAPTURE FACTOR: what was found in the captures of
eval-tools.sh. A scenario is found by an alert of one of its families with severity 47 or more; any other such
alert is one too many, but for those of the kinds after a plus sign."""
import datetime
import glob
import json
import os
import struct
import sys

ALARM = 47


def alerts(path):
    """Family, severity, time, detector."""
    if not os.path.exists(path):
        return
    for line in open(path):
        d = json.loads(line)
        at = datetime.datetime.fromisoformat(d["@timestamp"][:26].rstrip("Z") + "+00:00").timestamp()
        yield d["rule"]["category"], d["event"].get("severity", 0), at, d["brandmelder"].get("detector", "")


def begin(path):
    with open(path, "rb") as f:
        f.read(24)
        s, us = struct.unpack("<II", f.read(8))
    return s + us / 1e6


def row(folder, families, name):
    must, _, may = families.partition("+")
    must = [] if must == "none" else must.split(",")
    start = begin(os.path.join(folder, name + ".pcap"))
    hits, extra, low = [], [], []
    for family, severity, at, detector in alerts(os.path.join(folder, name + ".ndjson")):
        if severity < ALARM:
            low.append(family)
        elif family in must:
            hits.append((at - start, family, severity))
        elif family not in may.split(",") and family != "policy":
            extra.append(f"{family}/{detector}:{severity}")
    found = f"{min(hits)[1]} {min(hits)[0]:.0f} s {max(h[2] for h in hits)}" if hits else "MISSED" if must else "-"
    with open(os.path.join(folder, name + ".row"), "w") as f:
        json.dump({"name": name, "attack": bool(must), "hit": bool(hits), "extra": extra}, f)
    print(f"{name:22}{families:46}{found:36}{' '.join(dict.fromkeys(extra))} {'(low: ' + ' '.join(dict.fromkeys(low)) + ')' if low else ''}", flush=True)


def total(folder):
    rows = [json.load(open(p)) for p in sorted(glob.glob(os.path.join(folder, "*.row")))]
    attacks, quiet = [r for r in rows if r["attack"]], [r for r in rows if not r["attack"]]
    print(f"\nattacks found {sum(r['hit'] for r in attacks)} of {len(attacks)}, with {sum(len(r['extra']) for r in attacks)} alerts too many; "
          f"ordinary work that alarmed {sum(bool(r['extra']) for r in quiet)} of {len(quiet)}")


def alarms(folder, families, name):
    may = families.partition("+")[2].split(",") + ["policy"]
    return {f"{family}/{detector}" for family, severity, _, detector in alerts(os.path.join(folder, name + ".ndjson")) if severity >= ALARM and family not in may}


def fault(folder, families, name, kind):
    """Alarms that a fault of the mirror adds to those of the capture itself."""
    more = sorted(alarms(folder, families, f"{name}.{kind}") - alarms(folder, families, name))
    with open(os.path.join(folder, f"{name}.{kind}.fault"), "w") as f:
        json.dump({"kind": kind, "more": more}, f)
    if more:
        print(f"{name:22}{kind:10}{' '.join(more)}", flush=True)


def faults(folder):
    rows = [json.load(open(p)) for p in sorted(glob.glob(os.path.join(folder, "*.fault")))]
    for kind in dict.fromkeys(r["kind"] for r in rows):
        mine = [r for r in rows if r["kind"] == kind]
        print(f"{kind:10}alarms out of the fault in {sum(bool(r['more']) for r in mine)} of {len(mine)}")


def stretch(path, factor):
    """Packets keep their order; the time since the first becomes factor times as long."""
    with open(path, "rb") as f:
        data = f.read()
    out, at, first = [data[:24]], 24, None
    while at + 16 <= len(data):
        s, us, kept, size = struct.unpack_from("<IIII", data, at)
        now = s * 1000000 + us
        first = now if first is None else first
        now = first + int((now - first) * float(factor))
        out.append(struct.pack("<IIII", now // 1000000, now % 1000000, kept, size) + data[at + 16:at + 16 + kept])
        at += 16 + kept
    with open(path, "wb") as f:
        f.write(b"".join(out))


{"row": row, "sum": total, "fault": fault, "faults": faults, "stretch": stretch}[sys.argv[1]](*sys.argv[2:])
