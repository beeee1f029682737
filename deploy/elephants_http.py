"""elephants_http.py DIR PORT [ADDRESS]: serves DIR/files over HTTP, with TLS on port 443, and takes what is PUT."""

import functools
import http.server
import os
import ssl
import sys

CHUNK = 1 << 20


class Files(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_PUT(self):
        left = int(self.headers["Content-Length"])
        while left > 0:
            left -= len(self.rfile.read(min(left, CHUNK)))
        self.send_response(201)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


folder, port = sys.argv[1], int(sys.argv[2])
address = sys.argv[3] if len(sys.argv) > 3 else "192.0.2.1"
handler = functools.partial(Files, directory=os.path.join(folder, "files"))
server = http.server.ThreadingHTTPServer((address, port), handler)
if port == 443:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(os.path.join(folder, "cert.pem"), os.path.join(folder, "key.pem"))
    server.socket = tls.wrap_socket(server.socket, server_side=True)
server.serve_forever()
