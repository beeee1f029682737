#!/usr/bin/env python3
"""hook.py PORT FILE: a webhook's receiver for tests: each message with its Authorization is a line of FILE."""
import http.server, sys


class Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with open(sys.argv[2], "a") as f:
            f.write("%s %s\n" % (self.headers["Authorization"], " ".join(body.decode().split())))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Hook).serve_forever()
