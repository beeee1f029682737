#!/usr/bin/env python3
"""leave_one_out.py LABELS FOLDER: chooses each setting, FOLDER/DETECTOR_VALUE.json, without one laboratory after
the other, and counts what the choice finds there beside what the product's own setting finds. Chosen is the value
with fewest benign captures alarmed, then most groups hit, then least noise, then the one nearest the product's."""
import collections
import glob
import json
import os
import sys

OWN = {"c2-channel": 5.0, "beacon": 4.3}


def tally(labels, captures):
    """Per laboratory: benign captures alarmed, groups hit, noise."""
    out = collections.defaultdict(lambda: [0, 0, 0])
    for label in labels:
        result, row = captures.get(label["file"], {}), out[label["repo"]]
        row[0] += bool(label.get("benign") and result.get("fa"))
        if not label.get("benign"):
            row[2] += result.get("noise", 0)
            if label.get("difficulty") != "unfair":
                row[1] += sum(1 for h in result.get("hit", []) if h)
    return out


def main():
    labels = json.load(open(sys.argv[1]))["labels"]
    runs = collections.defaultdict(dict)
    for path in glob.glob(sys.argv[2] + "/*_*.json"):
        name, value = os.path.basename(path)[:-5].split("_")
        runs[name][float(value)] = tally(labels, json.load(open(path))["captures"])
    for name, by_value in sorted(runs.items()):
        own, chosen, plain, left = OWN[name], collections.Counter(), [0, 0, 0], [0, 0, 0]
        for laboratory in sorted({label["repo"] for label in labels}):
            def others(value):
                rows = [row for who, row in by_value[value].items() if who != laboratory]
                alarmed, hit, noise = (sum(column) for column in zip(*rows))
                return alarmed, -hit, noise, abs(value - own)
            best = min(by_value, key=others)
            chosen[best] += 1
            for k in range(3):
                plain[k] += by_value[own][laboratory][k]
                left[k] += by_value[best][laboratory][k]
            if best != own:
                print(f"  {name}: without {laboratory} {best:g} is chosen; there it alarms, hits, disturbs "
                      f"{by_value[best][laboratory]} instead of {by_value[own][laboratory]}")
        print(f"{name}: chosen {dict(chosen)}")
        print(f"  the product's own {own:g}:      benign alarmed {plain[0]}, groups hit {plain[1]}, noise {plain[2]}")
        for value, rows in sorted(by_value.items()):
            alarmed, hit, noise = (sum(column) for column in zip(*rows.values()))
            print(f"  at {value:g} for all: benign alarmed {alarmed}, groups hit {hit}, noise {noise}")
        print(f"  each laboratory left out: benign alarmed {left[0]}, groups hit {left[1]}, noise {left[2]}")


main()
