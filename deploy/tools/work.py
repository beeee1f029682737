"""work.py DEED ARGUMENTS…: people's programs for benign.sh that have no small package."""
import imaplib
import os
import poplib
import re
import socket
import subprocess
import sys
import time


def imap(address, user, word):
    c = imaplib.IMAP4(address)
    c.login(user, word)
    c.select("INBOX")
    c.search(None, "ALL")
    c.append("INBOX", None, None, b"Subject: x\r\n\r\nhello\r\n")
    c.fetch("1:*", "(FLAGS)")
    c.logout()


def pop3(address, user, word):
    c = poplib.POP3(address)
    c.user(user)
    c.pass_(word)
    c.stat()
    c.quit()


def images(folder):
    """Five studies of a made-up patient each, 512 × 512 points of one byte."""
    for n in range(1, 6):
        dump = "\n".join([f"(0008,0016) UI 1.2.840.10008.5.1.4.1.1.7", f"(0008,0018) UI 1.2.3.4.{n}.1.1", "(0008,0060) CS OT", f"(0010,0010) PN Test^{n}", f"(0010,0020) LO P{n}",
                          f"(0020,000d) UI 1.2.3.4.{n}", f"(0020,000e) UI 1.2.3.4.{n}.1", "(0028,0002) US 1", "(0028,0004) CS MONOCHROME2", "(0028,0010) US 512", "(0028,0011) US 512",
                          "(0028,0100) US 8", "(0028,0101) US 8", "(0028,0102) US 7", "(0028,0103) US 0", f"(7fe0,0010) OB ={folder}/pixels"])
        with open(f"{folder}/pixels", "wb") as f:
            f.write(os.urandom(512 * 512))
        with open(f"{folder}/i.dump", "w") as f:
            f.write(dump)
        subprocess.run(["dump2dcm", "-q", f"{folder}/i.dump", f"{folder}/i{n}.dcm"], check=False)


def bus(address, port):
    listener = socket.create_server((address, int(port)))
    while True:
        c, _ = listener.accept()
        while b := c.recv(65536):
            c.sendall(b"\x0bMSH|^~\\&|BUS|HOSPITAL|ADT|WARD|20260101||ACK|9|P|2.5\rMSA|AA|9\r\x1c\r" * b.count(b"\x1c"))


def hl7(address, port, count):
    c = socket.create_connection((address, int(port)))
    for n in range(int(count)):
        c.sendall(f"\x0bMSH|^~\\&|ADT|WARD|BUS|HOSPITAL|20260101||ADT^A0{n % 8 + 1}|{n}|P|2.5\rPID|1||{n}||Test^A||19500101|F\r\x1c\r".encode())
        c.recv(4096)
        time.sleep(.3)


globals()[sys.argv[1]](*sys.argv[2:])
