"""A receiver of webhooks on this machine, in a thread of its own: it keeps what it was sent and answers as told."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.waits import join


class Receiver:
    """`got`: method and body of each call; `status`: what it answers, and may be changed at any time."""

    def __init__(self) -> None:
        self.status = 200
        self.got: list[tuple[str, dict[str, object]]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def _take(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.got.append((self.command, json.loads(body)))
                self.send_response(receiver.status)
                self.send_header("content-length", "0")
                self.end_headers()

            do_POST = do_PATCH = _take  # noqa: N815 (the names that http.server calls)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/sms"
        self._thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        join(self._thread, "the receiver")
