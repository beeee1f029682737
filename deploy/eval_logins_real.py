"""Makes a known number of logins, and compares it with what was counted: see eval-logins-real.sh."""

import imaplib
import json
import os
import poplib
import socket
import subprocess
import sys
from collections import Counter

SERVER, USER, RIGHT, WRONG = "10.77.0.1", "evelien", "right", "wrong"
# Connections, each as the passwords that are tried on it: 36 wrong and 10 right ones.
TALKS = [[WRONG]] * 6 + [[WRONG] * 3] * 8 + [[WRONG, WRONG, RIGHT]] * 3 + [[RIGHT]] * 7


def ssh(work, passwords):
    """One connection; each prompt takes the next password from a file."""
    queue, ask = os.path.join(work, "queue"), os.path.join(work, "ask")
    with open(queue, "w") as f:
        f.write("\n".join(passwords) + "\n")
    with open(ask, "w") as f:
        f.write(f'#!/bin/sh\nhead -n1 "{queue}"; sed -i 1d "{queue}"\n')
    os.chmod(ask, 0o700)
    options = {"StrictHostKeyChecking": "no", "UserKnownHostsFile": "/dev/null", "PubkeyAuthentication": "no",
               "PreferredAuthentications": "password", "NumberOfPasswordPrompts": len(passwords)}
    subprocess.run(["ssh", *[x for k, v in options.items() for x in ("-o", f"{k}={v}")], f"{USER}@{SERVER}", "true"],
                   env={**os.environ, "SSH_ASKPASS": ask, "SSH_ASKPASS_REQUIRE": "force", "DISPLAY": ":0"},
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)


def imap(_, passwords):
    c = imaplib.IMAP4(SERVER)
    for p in passwords:
        try:
            c.login(USER, p)
        except imaplib.IMAP4.error:
            pass
    c.logout()


def pop3(_, passwords):
    c = poplib.POP3(SERVER)
    for p in passwords:
        try:
            c.user(USER)
            c.pass_(p)
        except poplib.error_proto:
            pass
    c.quit()


def element(tag, body):
    return bytes([tag, len(body)]) + body


def ldap(_, passwords):
    """Simple binds one after the other (RFC 4511 4.2)."""
    c = socket.create_connection((SERVER, 389))
    for n, p in enumerate(passwords, 1):
        name = f"cn={USER},dc=hospital,dc=example".encode()
        bind = element(0x60, element(2, b"\x03") + element(4, name) + element(0x80, p.encode()))
        c.sendall(element(0x30, element(2, bytes([n])) + bind))
        c.recv(4096)
    c.sendall(element(0x30, element(2, b"\x7f") + b"\x42\x00"))
    c.close()


def smb(work, passwords):
    """A connection each, for smbclient gives up at the first refusal."""
    for p in passwords:
        subprocess.run(["smbclient", f"//{SERVER}/files", "-s", os.path.join(work, "smb.conf"), "-U", f"{USER}%{p}", "-c", "ls"],
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def make(work):
    made = {}
    for client in (ssh, imap, pop3, ldap, smb):
        for passwords in TALKS:
            client(work, passwords)
        tried = [p for t in TALKS for p in t]
        made[client.__name__] = [tried.count(WRONG), tried.count(RIGHT)]
    json.dump(made, sys.stdout)


def compare(work):
    counted = Counter()
    with open(os.path.join(work, "documents.ndjson")) as f:
        for line in f:
            d = json.loads(line)
            if d["event"].get("dataset") == "brandmelder.auth":
                counted[d["brandmelder"]["auth"]["protocol"], d["event"]["outcome"]] += 1
    with open(os.path.join(work, "made.json")) as f:
        made = json.load(f)
    print(f"{'protocol':10}{'wrong made':>12}{'counted':>9}{'right made':>12}{'counted':>9}{'unknown':>9}")
    exact = True
    for protocol, (wrong, right) in made.items():
        got = [counted[protocol, o] for o in ("failure", "success", "unknown")]
        exact = exact and got == [wrong, right, 0]
        print(f"{protocol:10}{wrong:12}{got[0]:9}{right:12}{got[1]:9}{got[2]:9}")
    sys.exit(0 if exact else 1)


{"make": make, "compare": compare}[sys.argv[1]](sys.argv[2])
