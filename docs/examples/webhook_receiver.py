"""A webhook receiver to look at: prints each request and answers 200. Usage: python3 webhook_receiver.py [PORT] (0: any free one)"""

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Receiver(BaseHTTPRequestHandler):
    """Takes POST (an SMS from a device) and PATCH (what became of an SMS to one)."""

    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        print(f"{self.command} {self.path} {body.decode()}\n", end="", flush=True)  # in one piece: requests come at the same time
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_POST = do_PATCH = answer  # noqa: N815

    def log_message(self, *_: object) -> None:
        """The request was printed already."""


if __name__ == "__main__":
    receiver = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 9000), Receiver)
    print(f"listening on http://127.0.0.1:{receiver.server_port}", file=sys.stderr, flush=True)
    receiver.serve_forever()
