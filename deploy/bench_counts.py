"""bench_counts.py MIX TIMES EVENTS TIMES EVE: packets per CPU-second, memory and output of a replay and of
Suricata, and what both saw of each protocol: conversations that were named, and records."""

import collections
import json
import os
import statistics
import struct
import sys

ENOUGH = 0.95

# What Suricata calls otherwise. Records are not of one grain: it writes a DNS exchange as a query and answers
# (queries are counted), and a record for each command of SMB and FTP; so conversations are the fairer count.
LIKE = {"dcerpc": "rpc", "krb5": "kerberos", "ftp_data": "file"}
NAMED = {"krb5": "kerberos"}


def packets(path):
    """The number of packets of a pcap file."""
    with open(path, "rb") as f:
        magic = f.read(24)[:4]
        order = "<" if magic[0] in (0xD4, 0x4D) else ">"
        n = 0
        while header := f.read(16):
            f.seek(struct.unpack(order + "I", header[8:12])[0], 1)
            n += 1
    return n


def ours(path):
    records, conversations = collections.Counter(), collections.Counter()
    with open(path) as f:
        for doc in map(json.loads, f):
            dataset = doc["event"]["dataset"].removeprefix("brandmelder.")
            ended = doc["event"].get("action") == "flow-end"
            if dataset != "flow" or ended:
                records[dataset] += 1
            if ended:
                conversations[doc["network"].get("protocol", "unnamed")] += 1
    return records, conversations


def theirs(path):
    records, conversations = collections.Counter(), collections.Counter()
    with open(path) as f:
        for doc in map(json.loads, f):
            kind = doc["event_type"]
            if kind != "dns" or doc["dns"]["type"] == "query":
                records[kind] += 1
            if kind == "flow":
                proto = doc.get("app_proto", "failed")
                conversations["unnamed" if proto == "failed" else proto] += 1
    return records, conversations


def compare(title, we, they, like):
    """Prints a table, and returns the names where we have too few."""
    print(f"\n{title:<16}{'brandmelder':>14}{'suricata':>12}")
    short = []
    for name, n in they.most_common():
        mine = we[like(name)]
        few = name != "unnamed" and mine < ENOUGH * n
        short += [name] * few
        print(f"{name:<16}{mine:>14}{n:>12}{'  fewer' * few}")
    known = {like(name) for name in they}
    for name, n in we.most_common():
        if name not in known:
            print(f"{name:<16}{n:>14}{'-':>12}")
    return short


def main(mix, our_times, our_file, their_times, their_file):
    n = packets(mix)
    print(f"{n} packets\n{'':<16}{'CPU s':>10}{'kpkt/CPU-s':>12}{'peak MiB':>10}{'output MB':>11}")
    cpu = {}
    for name, times, file in (("brandmelder", our_times, our_file), ("suricata", their_times, their_file)):
        rows = [list(map(float, line.split())) for line in open(times)]
        cpu[name] = statistics.median(row[0] for row in rows)
        peak = statistics.median(row[1] for row in rows)
        print(f"{name:<16}{cpu[name]:>10.2f}{n / cpu[name] / 1000:>12.0f}{peak:>10.0f}{os.path.getsize(file) / 1e6:>11.0f}")
    print(f"packets per CPU-second, brandmelder to suricata: {cpu['suricata'] / cpu['brandmelder']:.2f}")
    (records, named), (their_records, their_named) = ours(our_file), theirs(their_file)
    short = [f"{name} (conversations)" for name in compare("conversations", named, their_named, lambda name: NAMED.get(name, name))]
    short += [f"{name} (records)" for name in compare("records", records, their_records, lambda name: LIKE.get(name, name))]
    print("\nless than 95 % of suricata's:", ", ".join(short) or "none")


main(*sys.argv[1:])
