"""Many subscribers in one process, standard library only.

Arguments: base URL, number of event streams, number of WebSockets. Prints "ready" when all have
caught up; at a line on standard input compares what each subscriber holds with monitor/changes,
waiting for the last changes to arrive; prints a summary and exits with 1 if any differs.
"""

import base64
import json
import os
import resource
import selectors
import socket
import struct
import sys
import time
import urllib.parse
import urllib.request

STREAM = "/buckets/monitor/collections/changes/stream"


class Subscriber:
    def __init__(self, host, port, path, is_websocket):
        self.is_websocket = is_websocket
        self.buffer = b""
        self.has_head = False
        self.is_ready = False
        self.is_broken = None
        self.revision = 0
        self.held = {}
        self.socket = socket.create_connection((host, port))
        request = f"GET {path}{STREAM} HTTP/1.1\r\nHost: {host}:{port}\r\n"
        if is_websocket:
            key = base64.b64encode(os.urandom(16)).decode()
            request += (
                "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
            )
        self.socket.sendall((request + "\r\n").encode())
        self.socket.setblocking(False)

    def receive(self):
        try:
            data = self.socket.recv(1 << 16)
        except BlockingIOError:
            return
        if not data:
            self.is_broken = "closed"
            return
        self.buffer += data
        if not self.has_head:
            head, separator, rest = self.buffer.partition(b"\r\n\r\n")
            if not separator:
                return
            status = head.split(b" ")[1]
            if status != (b"101" if self.is_websocket else b"200"):
                self.is_broken = status
                return
            self.has_head = True
            self.buffer = rest
        if self.is_websocket:
            self.read_frames()
        else:
            self.read_events()

    def read_events(self):
        *blocks, self.buffer = self.buffer.split(b"\n\n")
        for block in blocks:
            fields = dict(
                line.split(": ", 1) for line in block.decode().split("\n") if ": " in line
            )
            if fields.get("event") == "ready":
                self.is_ready = True
            elif fields.get("event") == "reset":
                self.is_broken = "reset"
            elif "data" in fields:
                self.take(json.loads(fields["data"]), fields["id"])

    def read_frames(self):
        while len(self.buffer) >= 2:
            opcode, length, offset = self.buffer[0] & 15, self.buffer[1] & 127, 2
            if length == 126:
                if len(self.buffer) < 4:
                    return
                length, offset = struct.unpack(">H", self.buffer[2:4])[0], 4
            elif length == 127:
                if len(self.buffer) < 10:
                    return
                length, offset = struct.unpack(">Q", self.buffer[2:10])[0], 10
            if len(self.buffer) < offset + length:
                return
            payload = self.buffer[offset : offset + length]
            self.buffer = self.buffer[offset + length :]
            if opcode != 1:
                continue
            message = json.loads(payload)
            if message["type"] == "ready":
                self.is_ready = True
            elif message["type"] == "change":
                self.take(message["entry"], message["cursor"])

    def take(self, entry, cursor):
        revision = int(cursor.split(".")[2])
        if revision <= self.revision:
            self.is_broken = f"revision {revision} after {self.revision}"
        self.revision = revision
        key = (entry["bucket"], entry["collection"])
        if entry.get("deleted"):
            self.held.pop(key, None)
        else:
            self.held[key] = entry["last_modified"]


def main():
    base, streams, sockets = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    url = urllib.parse.urlsplit(base)
    selector = selectors.DefaultSelector()
    subscribers = []

    def turn(seconds):
        for key, _ in selector.select(seconds):
            key.data.receive()
            if key.data.is_broken:
                selector.unregister(key.data.socket)

    for number in range(streams + sockets):
        subscriber = Subscriber(url.hostname, url.port, url.path, number >= streams)
        subscribers.append(subscriber)
        selector.register(subscriber.socket, selectors.EVENT_READ, subscriber)
        turn(0)
    while not all(each.is_ready or each.is_broken for each in subscribers):
        turn(0.1)
    print("ready", flush=True)
    os.set_blocking(0, False)
    while True:
        turn(0.05)
        try:
            os.read(0, 64)
            break
        except BlockingIOError:
            continue
    with urllib.request.urlopen(base + "/buckets/monitor/collections/changes/records") as answer:
        entries = json.load(answer)["data"]
    expected = {(each["bucket"], each["collection"]): each["last_modified"] for each in entries}
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and any(
        each.held != expected and not each.is_broken for each in subscribers
    ):
        turn(0.05)
    broken = [each.is_broken for each in subscribers if each.is_broken]
    wrong = [each for each in subscribers if each.held != expected]
    print(
        f"{len(subscribers)} subscribers, {len(expected)} entries, {len(broken)} broken, "
        f"{len(wrong)} wrong {broken[:3]}",
        flush=True,
    )
    sys.exit(1 if broken or wrong else 0)


main()
