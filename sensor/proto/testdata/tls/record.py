#!/usr/bin/env python3
"""Records the handshakes of this folder from real OpenSSL on both ends, in memory.
Needs python3 and openssl. The key and the certificate are made here and thrown away."""
import os
import ssl
import subprocess
import tempfile

here = os.path.dirname(os.path.abspath(__file__))
tmp = tempfile.mkdtemp()
key, cert = tmp + "/key", tmp + "/cert"
subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-keyout", key, "-out", cert, "-days", "30", "-subj", "/C=DE/O=Example Works/CN=files.example.org",
                "-addext", "subjectAltName=DNS:files.example.org,DNS:www.example.org,IP:192.0.2.7"],
               check=True, stderr=subprocess.DEVNULL)


def record(name, note, version, alpn=(), trust=True, want_client=False, data=True, session=None,
           curve=None):
    s = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    s.load_cert_chain(cert, key)
    s.minimum_version = s.maximum_version = version
    s.set_alpn_protocols(list(alpn)[:1])
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    c.maximum_version = version
    if curve:
        s.set_ecdh_curve(curve)
    if alpn:
        c.set_alpn_protocols(list(alpn))
    if trust:
        c.load_verify_locations(cert)
    if want_client:
        s.verify_mode = ssl.CERT_REQUIRED
        s.load_verify_locations(cert)
        c.load_cert_chain(cert, key)
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    if session:
        c, s = record.contexts
    record.contexts = c, s
    client = c.wrap_bio(down, up, server_hostname="files.example.org", session=session)
    server = s.wrap_bio(up, down, server_side=True)
    lines = []

    def step(end, do, bio, mark):
        before = bio.pending
        try:
            do()
        except ssl.SSLError:
            pass
        if bio.pending > before:
            sent = bio.read()
            lines.append(mark + " " + sent.hex())
            bio.write(sent)

    for _ in range(4):
        step(client, client.do_handshake, up, ">")
        step(server, server.do_handshake, down, "<")
    if data:
        step(client, lambda: client.write(b"ping"), up, ">")
        step(server, lambda: server.read(4), down, "<")
        step(server, lambda: server.write(b"pong"), down, "<")
        step(client, lambda: client.read(4), up, ">")
    with open(os.path.join(here, name + ".hex"), "w") as out:
        out.write("# " + note + "\n" + "\n".join(lines) + "\n")
    return client.session if data else None


V2, V3 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
first = record("hit-tls12", "TLS 1.2, self-signed certificate, ALPN", V2, ["http/1.1", "h2"])
record("hit-tls12-resumed", "TLS 1.2, the session of hit-tls12 again", V2, session=first)
record("hit-tls12-client", "TLS 1.2, the client has a certificate too", V2, want_client=True)
record("hit-tls12-untrusted", "TLS 1.2, the client refuses the certificate", V2, trust=False, data=False)
record("hit-tls13", "TLS 1.3", V3, ["h2", "http/1.1"])
record("hit-tls13-retry", "TLS 1.3, the server wants another curve", V3, curve="secp384r1")
record("hit-tls13-untrusted", "TLS 1.3, the client refuses the certificate", V3, trust=False, data=False)


def record_old_hello(name, note):
    """OpenSSL still answers a hello of SSL 2.0, but sends none: it is built by hand."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert,
                    "-days", "30", "-subj", "/CN=old.example.org"], check=True, stderr=subprocess.DEVNULL)
    s = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    s.set_ciphers("ALL:@SECLEVEL=0")
    s.load_cert_chain(cert, key)
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = s.wrap_bio(up, down, server_side=True)
    ciphers = bytes.fromhex("010080 00c009 00c00a 00002f 0000ff")
    hello = bytes.fromhex("010303") + len(ciphers).to_bytes(2, "big") + bytes(2) + (32).to_bytes(2, "big") + ciphers + os.urandom(32)
    hello = (0x8000 | len(hello)).to_bytes(2, "big") + hello
    up.write(hello)
    try:
        server.do_handshake()
    except ssl.SSLWantReadError:
        pass
    with open(os.path.join(here, name + ".hex"), "w") as out:
        out.write("# %s\n> %s\n< %s\n" % (note, hello.hex(), down.read().hex()))


record_old_hello("hit-ssl2-hello", "a hello of SSL 2.0 that offers TLS 1.2")
