"""The road from a program to the core, on which requests may take their time."""

import socket
import threading
import time
import urllib.parse


class Road:
    """Passes connections on to `url`, as a context manager.

    What the program sends takes `delay` seconds, and is lost where the program has closed its connection meanwhile.
    """

    def __init__(self, url):
        target = urllib.parse.urlsplit(url)
        self.target = (target.hostname, target.port)
        self.delay = 0.0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_exception):
        # Wakes the thread that accepts.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def _accept(self):
        while True:
            try:
                program, _ = self.listener.accept()
                core = socket.create_connection(self.target)
            except OSError:
                return
            for pump in (self._send, self._answer):
                threading.Thread(target=self._until_closed, args=(pump, program, core), daemon=True).start()

    @staticmethod
    def _until_closed(pump, program, core):
        try:
            pump(program, core)
        except OSError:
            pass
        # The other thread wakes by it.
        for side in (program, core):
            try:
                side.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def _send(self, program, core):
        while sent := program.recv(1 << 16):
            if self.delay:
                time.sleep(self.delay)
                if has_closed(program):
                    return
            core.sendall(sent)

    @staticmethod
    def _answer(program, core):
        while answered := core.recv(1 << 16):
            program.sendall(answered)


def has_closed(peer):
    try:
        return peer.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
