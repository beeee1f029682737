#!/usr/bin/env python3
"""laboratories.py LABELS SCORE: detection by the laboratory that a capture comes from."""
import collections
import json
import sys

labels = json.load(open(sys.argv[1]))["labels"]
captures = json.load(open(sys.argv[2]))["captures"]
groups, hits, alarmed, benign = (collections.Counter() for _ in range(4))
for label in labels:
    result = captures.get(label["file"], {})
    laboratory = label["repo"]
    if label.get("benign"):
        benign[laboratory] += 1
        alarmed[laboratory] += bool(result.get("fa"))
    elif label.get("difficulty") != "unfair":
        groups[laboratory] += len(result.get("hit", []))
        hits[laboratory] += sum(1 for h in result.get("hit", []) if h)
print("\nBY LABORATORY%32s %10s" % ("groups hit", "alarmed"))
for laboratory in sorted(set(groups) | set(benign)):
    print("  %-36s %3d/%-3d %6d/%d" % (laboratory[:36], hits[laboratory], groups[laboratory], alarmed[laboratory], benign[laboratory]))
