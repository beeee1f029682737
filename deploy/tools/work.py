"""work.py DEED ARGUMENTS…: people's programs for benign.sh that have no small package."""
import asyncio
import base64
import hashlib
import imaplib
import json
import os
import poplib
import random
import socket
import ssl
import struct
import subprocess
import sys
import tarfile
import time
import zipfile


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



def zabbix_message(c, body=None):
    """One message of Zabbix: ZBXD, a flag, two sizes, JSON or a key. With a body sends it, then reads one."""
    if body is not None:
        c.sendall(b"ZBXD\1" + struct.pack("<II", len(body), 0) + body)
    got = b""
    while len(got) < 13 or len(got) < 13 + struct.unpack("<I", got[5:9])[0]:
        piece = c.recv(65536)
        if not piece:
            return b""
        got += piece
    return got[13:]


def zabbix_server(address):
    """What active agents ask for, and a receipt for what they send."""
    listener = socket.create_server((address, 10051))
    checks = [{"key": k, "itemid": n, "delay": "5s", "lastlogsize": 0, "mtime": 0} for n, k in enumerate(["system.cpu.load", "vm.memory.size[free]", "proc.num"])]
    while True:
        c, _ = listener.accept()
        ask = zabbix_message(c)
        body = json.dumps({"response": "success", "data": checks} if b"active checks" in ask else {"response": "success", "info": "processed"}).encode()
        c.sendall(b"ZBXD\1" + struct.pack("<II", len(body), 0) + body)
        c.close()


def zabbix_poll(rounds, *hosts):
    for _ in range(int(rounds)):
        for host in hosts:
            for key in (b"agent.ping", b"system.uptime", b"system.cpu.load[all,avg1]", b"vfs.fs.size[/,pused]"):
                with socket.create_connection((host, 10050)) as c:
                    zabbix_message(c, key)
        time.sleep(1)


def image(layer, folder):
    """An image of one layer, laid out as the Open Container Initiative says."""
    os.makedirs(f"{folder}/blobs/sha256", exist_ok=True)

    def blob(data, kind):
        digest = hashlib.sha256(data).hexdigest()
        with open(f"{folder}/blobs/sha256/{digest}", "wb") as f:
            f.write(data)
        return {"mediaType": f"application/vnd.oci.image.{kind}", "digest": "sha256:" + digest, "size": len(data)}

    with open(layer, "rb") as f:
        tar = blob(f.read(), "layer.v1.tar")
    config = blob(json.dumps({"architecture": "amd64", "os": "linux", "config": {}, "rootfs": {"type": "layers", "diff_ids": [tar["digest"]]}}).encode(), "config.v1+json")
    manifest = blob(json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "config": config, "layers": [tar]}).encode(), "manifest.v1+json")
    for name, body in (("index.json", {"schemaVersion": 2, "manifests": [manifest]}), ("oci-layout", {"imageLayoutVersion": "1.0.0"})):
        with open(f"{folder}/{name}", "w") as f:
            json.dump(body, f)


def wheel(name, folder):
    with zipfile.ZipFile(f"{folder}/{name}-1.0-py3-none-any.whl", "w") as z:
        z.writestr(f"{name}/data.bin", os.urandom(200000))
        z.writestr(f"{name}-1.0.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        z.writestr(f"{name}-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        z.writestr(f"{name}-1.0.dist-info/RECORD", "")


def phones(server, first, count, rounds):
    """Telephones behind one base station that register and keep their registration (RFC 3261)."""
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(.5)
    s.connect((server, 5060))
    me, port = s.getsockname()
    for r in range(int(rounds)):
        for n in range(int(first), int(first) + int(count)):
            for method in ("REGISTER", "OPTIONS") if r else ("REGISTER",):
                s.send((f"{method} sip:{server} SIP/2.0\r\nVia: SIP/2.0/UDP {me}:{port};rport;branch=z9hG4bK{os.urandom(5).hex()}\r\nFrom: <sip:{n}@{server}>;tag={n}a\r\n"
                        f"To: <sip:{n}@{server}>\r\nCall-ID: {n}-{method}@{me}\r\nCSeq: {r + 1} {method}\r\nContact: <sip:{n}@{me}:{port}>\r\nMax-Forwards: 70\r\n"
                        f"User-Agent: DECT 4.2\r\nExpires: 120\r\nContent-Length: 0\r\n\r\n").encode())
                try:
                    s.recv(4096)
                except OSError:
                    pass
        time.sleep(3)


def page(folder, count):
    """A page with so many pictures, scripts and styles."""
    parts = []
    for n in range(int(count)):
        with open(f"{folder}/pic{n}.html", "wb") as f:
            f.write(b"<svg xmlns='http://www.w3.org/2000/svg'><!--" + os.urandom(random.randint(300, 20000)).hex().encode() + b"--></svg>")
        parts.append(f"<iframe src='https://s{n % 5}.vendor.example/pic{n}.html'></iframe>" if n % 3 else f"<img src='/pic{n}.html'><script src='http://cdn{n % 4}.news.example/pic{n}.html'></script>")
    with open(f"{folder}/big.html", "w") as f:
        f.write("<html><body>" + "".join(parts) + "</body></html>")


def tls_of(folder, server):
    if server:
        c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        c.load_cert_chain(f"{folder}/cert.pem", f"{folder}/key.pem")
        return c
    return ssl.create_default_context(cafile=f"{folder}/ca.pem")


def push(folder, address, port):
    """A chat that tells its members when something happens, at times by chance (websocket, RFC 6455)."""
    import websockets

    async def member(ws, *_):
        async def tell():
            while True:
                await asyncio.sleep(random.expovariate(.5))
                await ws.send(json.dumps({"from": "ward 3", "text": "x" * random.randint(5, 400)}))
        teller = asyncio.ensure_future(tell())
        try:
            async for _ in ws:
                await asyncio.sleep(random.random())
        finally:
            teller.cancel()

    async def main():
        async with websockets.serve(member, address, int(port), ssl=tls_of(folder, True) if port == "443" else None, ping_interval=5):
            await asyncio.Future()

    asyncio.run(main())


def listen(folder, url, name):
    """A member: acknowledges each message, and writes one now and then."""
    import websockets

    async def main():
        more = {"ssl": tls_of(folder, False), "server_hostname": name} if url.startswith("wss") else {}
        async with websockets.connect(url, ping_interval=5, **more) as ws:
            async for message in ws:
                await ws.send('{"seen":true}')
                if random.random() < .2:
                    await ws.send(json.dumps({"text": "y" * random.randint(3, 200)}))

    asyncio.run(main())


def idle(address, user, word):
    """Waits for new mail (RFC 2177)."""
    c = imaplib.IMAP4(address)
    c.login(user, word)
    c.select("INBOX")
    while True:
        c.send(b"A9 IDLE\r\n")
        c.readline()
        time.sleep(5)
        c.send(b"DONE\r\n")
        c.readline()


def mdns():
    """Says and asks every second what a telecommunication screen and a printer say and ask (RFC 6762)."""
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("", 5353))
    for n in range(30):
        for service in ("_ipp._tcp", "_googlecast._tcp", "_airplay._tcp", "_spotify-connect._tcp"):
            labels = b"".join(bytes([len(p)]) + p.encode() for p in (service + ".local").split("."))
            s.sendto(b"\0\0\0\0\0\1\0\0\0\0\0\0" + labels + b"\0\0\x0c\0\1", ("224.0.0.251", 5353))
        time.sleep(1)


def dhcp6():
    """Asks every three seconds for an address of IPv6, as Windows does (RFC 8415)."""
    s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("::", 546))
    while True:
        s.sendto(b"\1" + os.urandom(3) + b"\0\1\0\x0e\0\1\0\1\x20\x20\x20\x20\2\2\3\4\5\6" + b"\0\3\0\x0c\0\0\0\1" + b"\0" * 8 + b"\0\6\0\4\0\x17\0\x18" + b"\0\x27\0\x12\0\3pc1\3lab\7example\0\0",
                 ("ff02::1:2", 547, 0, socket.if_nametoindex("eth0")))
        time.sleep(3)


def amqp(side, address):
    """One gives messages now and then, the others take them and answer."""
    import pika
    channel = pika.BlockingConnection(pika.ConnectionParameters(address, heartbeat=10)).channel()
    channel.queue_declare("results")
    if side == "take":
        channel.basic_consume("results", lambda ch, how, head, body: ch.basic_publish("", "done", os.urandom(900)), auto_ack=True)
        channel.start_consuming()
    for n in range(25):
        channel.basic_publish("", "results", json.dumps({"n": n, "text": "x" * random.randrange(300)}).encode())
        channel.connection.sleep(random.uniform(.3, 3))


def beanstalk(side, address):
    """A worker waits for jobs and puts what came of them back."""
    c = socket.create_connection((address, 11300))
    f = c.makefile("rwb")

    def put(tube, body):
        f.write(b"use %s\r\nput 10 0 60 %d\r\n%s\r\n" % (tube, len(body), body))
        f.flush()
        return f.readline(), f.readline()
    if side == "give":
        for n in range(20):
            put(b"default", b"make sheet %d" % n)
            time.sleep(random.uniform(.5, 3.5))
        return
    while True:
        f.write(b"reserve\r\n")
        f.flush()
        _, job, size = f.readline().split()
        f.read(int(size) + 2)
        put(b"made", base64.b64encode(os.urandom(2000)))
        f.write(b"delete %s\r\n" % job)
        f.flush()
        f.readline()


def xmpp(address, me, other):
    """Two people write to each other."""
    c = socket.create_connection((address, 5222))
    c.settimeout(2)

    def say(text):
        c.sendall(text.encode())
        try:
            return c.recv(65536)
        except TimeoutError:
            return b""
    hello = "<?xml version='1.0'?><stream:stream to='lab.example' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"
    say(hello)
    say("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>%s</auth>" % base64.b64encode(f"\0{me}\0Zomer2026".encode()).decode())
    say(hello)
    say("<iq type='set' id='1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq><presence/>")
    for n in range(12):
        say(f"<message to='{other}@lab.example' type='chat'><body>{'bed %d is free ' % n * random.randrange(1, 6)}</body></message>")
        time.sleep(random.uniform(.5, 3))


globals()[sys.argv[1]](*sys.argv[2:])
