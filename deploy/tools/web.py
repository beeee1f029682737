"""web.py app|site|own DIR ADDRESS PORT, web.py names ADDRESS: the web servers of eval-tools.sh.

app is an application with a form to log in and a search that joins SQL from words (to be attacked), site serves
pages and takes what is sent, own is the intruder's, with a self-signed certificate; names answers every question
of DNS below its zone."""
import base64
import hashlib
import http.server
import os
import socket
import sqlite3
import ssl
import sys
import urllib.parse


class Site(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "nginx/1.22.1", ""

    def answer(self, code, body=b"", kind="text/html", **more):
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for k, v in more.items():
            self.send_header(k.replace("_", "-"), v)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def body(self):
        left, out = int(self.headers.get("Content-Length", 0)), b""
        while left > 0 and (piece := self.rfile.read(min(left, 1 << 20))):
            left -= len(piece)
            out = out[:1 << 16] + piece[:1 << 16]
        return out

    def do_GET(self):
        path = urllib.parse.urlsplit(self.path).path
        name = os.path.join(self.server.folder, "www", os.path.basename(path) or "page1.html")
        if os.path.isfile(name):
            with open(name, "rb") as f:
                return self.answer(200, f.read(), "application/octet-stream" if "." not in name or name.endswith((".exe", ".deb")) else "text/html")
        self.answer(404, b"<h1>Not found</h1>")

    do_HEAD = do_GET

    def do_POST(self):
        self.body()
        self.answer(200, b"{}", "application/json")

    do_PUT = do_POST

    def log_message(self, *_):
        pass


class Own(Site):
    """Answers check-ins, now and then with a task."""

    def do_GET(self):
        n = int(hashlib.sha256(self.path.encode()).hexdigest()[:4], 16)
        if self.path.endswith((".exe", ".elf", ".sh")):
            return super().do_GET()
        self.answer(200, base64.b64encode(os.urandom(600)) if n % 9 == 0 else b"", "text/html")

    def do_POST(self):
        self.body()
        self.answer(200, b"OK", "text/plain")


class App(Site):
    """Log in with evelien and Zomer2026; /search?q= is open to SQL."""

    def do_GET(self):
        parts = urllib.parse.urlsplit(self.path)
        if parts.path.startswith("/private"):
            if self.headers.get("Authorization") != "Basic " + base64.b64encode(b"evelien:Zomer2026").decode():
                return self.answer(401, b"no", WWW_Authenticate='Basic realm="ward"')
            return self.answer(200, b"secret")
        if parts.path == "/search":
            db = sqlite3.connect(":memory:")
            db.executescript("create table item(id int, name text, price int); insert into item values(1,'bed',10),(2,'pump',20);")
            try:
                q = urllib.parse.parse_qs(parts.query).get("q", ["1"])[0]
                return self.answer(200, repr(db.execute("select name, price from item where id = " + q).fetchall()).encode())
            except sqlite3.Error as e:
                return self.answer(500, f"SQL error: {e}".encode())
        super().do_GET()

    def do_POST(self):
        form = urllib.parse.parse_qs(self.body().decode("latin1"))
        if self.path != "/login":
            return self.answer(200, b"{}", "application/json")
        if form.get("user") == ["evelien"] and form.get("pass") == ["Zomer2026"]:
            return self.answer(302, b"", Location="/", Set_Cookie="session=" + os.urandom(8).hex())
        self.answer(200, b"<h1>Login failed</h1><form method=post action=/login>")


def serve(kind, folder, address, port):
    server = http.server.ThreadingHTTPServer((address, port), {"app": App, "site": Site, "own": Own}[kind])
    server.folder = folder
    if port == 443:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(*[os.path.join(folder, n) for n in (("own.pem", "own.key") if kind == "own" else ("cert.pem", "key.pem"))])
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.serve_forever()


def names(address):
    """A name server that answers A with an address and TXT with random text."""
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((address, 53))
    while True:
        q, peer = s.recvfrom(4096)
        end = 12
        while end < len(q) and q[end]:
            end += q[end] + 1
        kind = q[end + 1:end + 3]
        data = base64.b64encode(os.urandom(60)) if kind == b"\0\x10" else bytes([203, 0, 113, 14])
        if kind == b"\0\x10":
            data = bytes([len(data)]) + data
        answer = b"\xc0\x0c" + kind + b"\0\1\0\0\0\x05" + len(data).to_bytes(2, "big") + data
        known = kind in (b"\0\x10", b"\0\1")
        s.sendto(q[:2] + b"\x84\0\0\1\0" + bytes([known]) + b"\0\0\0\0" + q[12:end + 5] + (answer if known else b""), peer)


if sys.argv[1] == "names":
    names(sys.argv[2])
else:
    serve(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
