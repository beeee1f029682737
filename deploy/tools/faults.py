"""faults.py CAPTURE FAULT OUT: a capture as a mirror port with a fault would have shown it. The same every time.

  lower, upper   one direction only: what goes from the lower to the higher address, or the reverse
  loss           one packet in a hundred is missing, by chance
  twice          each packet comes again 20 µs later, as from a port mirrored in both directions
  late           the sensor starts when half the packets are over
  short          frames cut at 96 bytes
  swapped        one packet in twenty comes after the next one"""
import random
import struct
import sys


def packets(data):
    """Time in µs, size on the wire, bytes, of a capture of Ethernet frames in little-endian µs, as tcpdump writes it."""
    at = 24
    while at + 16 <= len(data):
        s, us, kept, size = struct.unpack_from("<IIII", data, at)
        yield s * 1000000 + us, size, data[at + 16:at + 16 + kept]
        at += 16 + kept


def ends(frame):
    """Source and destination address; None for what has none, which any mirror shows."""
    kind = frame[12:14]
    if kind == b"\x08\x00":
        return frame[26:30], frame[30:34]
    if kind == b"\x86\xdd":
        return frame[22:38], frame[38:54]
    return None


def one_way(up):
    def fault(all_packets):
        for p in all_packets:
            e = ends(p[2])
            if not e or (e[0] < e[1]) == up:
                yield p
    return fault


def loss(all_packets):
    chance = random.Random(1)
    return (p for p in all_packets if chance.random() >= .01)


def twice(all_packets):
    for at, size, frame in all_packets:
        yield at, size, frame
        yield at + 20, size, frame


def late(all_packets):
    all_packets = list(all_packets)
    return all_packets[len(all_packets) // 2:]


def short(all_packets):
    return ((at, size, frame[:96]) for at, size, frame in all_packets)


def swapped(all_packets):
    chance, held = random.Random(1), None
    for p in all_packets:
        if held:
            yield p
            yield (p[0],) + held[1:]
            held = None
        elif chance.random() < .05:
            held = p
        else:
            yield p
    if held:
        yield held


FAULTS = {"lower": one_way(True), "upper": one_way(False), "loss": loss, "twice": twice, "late": late, "short": short, "swapped": swapped}

if __name__ == "__main__":
    source, name, out = sys.argv[1:]
    with open(source, "rb") as f:
        data = f.read()
    with open(out, "wb") as f:
        f.write(data[:24])
        for at, size, frame in sorted(FAULTS[name](packets(data)), key=lambda p: p[0]):
            f.write(struct.pack("<IIII", at // 1000000, at % 1000000, len(frame), size) + frame)
