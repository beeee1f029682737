#!/usr/bin/env python3
"""explain.py LABELS CAPTURES SCORE ALERTS: for each miss, what it would have taken.

One of: no detector (nothing on the shelf has a family of the group), protocol not parsed (no flow of the
subject was recognised), below threshold (an alert under severity 47, with its score), wrong family, wrong host.
"""
import collections
import json
import os
import subprocess
import sys

labels_file, captures, score_file, alerts_dir = sys.argv[1:]
labels = {x["file"]: x for x in json.load(open(labels_file))["labels"]}
score = json.load(open(score_file))["captures"]
have = {line.split('"family":"')[1].split('"')[0]
        for line in subprocess.check_output(["bin/brandmelder", "list", "families", "--json"], text=True).splitlines()
        if json.loads(line)["detectors"]}


def alerts_of(name):
    path = os.path.join(alerts_dir, name.replace("/", "@") + ".ndjson")
    if not os.path.exists(path):
        return []
    return [json.loads(line) for line in open(path) if line.strip()]


def hosts(alert):
    found = set(alert.get("related", {}).get("ip", []))
    for end in ("source", "destination"):
        found.add(alert.get(end, {}).get("ip"))
    return found


def protocols(name):
    """Protocols recognised in a capture, by address."""
    seen = collections.defaultdict(set)
    out = subprocess.run(["bin/brandmelder", "replay", "--output", "ndjson", os.path.join(captures, name)],
                         capture_output=True, text=True).stdout
    for line in out.splitlines():
        doc = json.loads(line)
        if doc["event"].get("action") == "flow-end":
            for end in ("source", "destination"):
                seen[doc[end]["ip"]].add(doc["network"].get("protocol", ""))
    return seen


def why(name, group):
    wanted, subject = set(group["any"]), set(group.get("subject") or [])
    for alert in alerts_of(name):
        family, here = alert["rule"]["category"], not subject or subject & hosts(alert)
        if family in wanted and here and alert["event"]["severity"] < 47:
            return "below threshold (severity %d, score %s, threshold 47)" % (alert["event"]["severity"], alert["event"].get("risk_score"))
        if family in wanted and not here:
            return "wrong host (%s)" % ", ".join(sorted(filter(None, hosts(alert))))
        if here and alert["event"]["severity"] >= 47:
            return "wrong family (%s)" % family
    if not wanted & have:
        return "no detector for " + "|".join(sorted(wanted))
    seen = protocols(name)
    known = set().union(*(seen.get(ip, set()) for ip in subject)) if subject else set().union(set(), *seen.values())
    if not known - {""}:
        return "protocol not parsed"
    return "below threshold (value 0 findings, threshold 1; protocols %s)" % ", ".join(sorted(known - {""}))


print("\nWHY EACH MISS")
for name, result in sorted(score.items()):
    label = labels.get(name, {})
    for group, hit in zip(label.get("groups") or [], result.get("hit", [])):
        if not hit:
            print("  %-7s %-72s %s: %s" % (label.get("difficulty", ""), name[-72:], "|".join(group["any"]), why(name, group)))
