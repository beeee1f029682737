#!/usr/bin/env python3
"""tunnel_send.py sink PORT: takes and drops what comes on a TCP port.
tunnel_send.py send HOST PORT BYTES RATE LOG: sends random bytes, RATE of them a second (0: as fast as it
goes), and writes a line "time bytes" for each piece that was handed over."""
import os
import socket
import sys
import threading
import time


def drain(peer):
    while peer.recv(65536):
        pass


def sink(port):
    server = socket.create_server(("", port))
    while True:
        threading.Thread(target=drain, args=(server.accept()[0],), daemon=True).start()


def connect(host, port):
    for _ in range(40):
        try:
            return socket.create_connection((host, port), timeout=5)
        except OSError:
            time.sleep(0.5)
    sys.exit("tunnel_send: no way through the tunnel")


def send(host, port, total, rate, log):
    peer = connect(host, port)
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    peer.settimeout(60)
    piece, sent, began = max(16, min(512, rate or 512)), 0, time.time()
    with open(log, "w") as out:
        print(f"{began:.3f} 0", file=out, flush=True)
        while sent < total:
            peer.sendall(os.urandom(min(piece, total - sent)))
            sent += min(piece, total - sent)
            print(f"{time.time():.3f} {sent}", file=out, flush=True)
            if rate:
                time.sleep(max(0, began + sent / rate - time.time()))


if sys.argv[1] == "sink":
    sink(int(sys.argv[2]))
else:
    send(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5]), sys.argv[6])
