#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a delivery, a subscriber and a poll cost the server: cost_scenario.py HELIOGRAPH

Counts the instructions, allocations, reference counts and locked instructions (those of mutexes and
atomics) of the program by Valgrind's callgrind, and reads its memory from the system: figures that
do not depend on how busy the machine is. HELIOGRAPH is a release build. Prints each figure with its
limit; ends with 1 if one is above.

The cost of a delivery is what changes cost with subscribers, less what they cost with none; that
of a poll or a write is what many cost, less what few do.
"""

import functools
import json
import os
import re
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

SUBSCRIBERS = 400
CHANGES = 20
IDLE = 4000
STALLED = 4000
WARMUP_CHANGES = 300
STALLING_CHANGES = 1500
POLLS = 2000
WRITES = 300
STREAM = "/v1/buckets/monitor/collections/changes/stream"
CREDENTIALS = "Authorization: Basic bWU6c2VjcmV0\r\n"

# The limits, and the functions that are counted.
INSTRUCTIONS_MAX = 200
ALLOCATIONS_MAX = 0.02
REFERENCES_MAX = 0.1
LOCKS_MAX = 0.1
BYTES_MAX = 160
STALLED_BYTES_MAX = 64
LIST = "/v1/buckets/monitor/collections/changes/records"
CHANGESET = "/v1/buckets/b/collections/c/changeset?_expected=0"
# Of these, the kernel's part is not counted.
POLLS_MAX = {
    "poll of the list, 200": (LIST, "", 5_000),
    "poll of the list, 304": (LIST, "If-None-Match: \"9999999999999\"\r\n", 5_000),
    "poll of a collection's changeset": (CHANGESET, CREDENTIALS, 5_000),
}
# Of new records, each in a transaction of its own.
WRITE_INSTRUCTIONS_MAX = 400_000
WRITE_QUERIES_MAX = 8
ALLOCATING = {"malloc", "calloc", "realloc", "posix_memalign", "swift_allocObject"}
COUNTING = {"swift_retain", "swift_release", "swift_bridgeObjectRetain",
            "swift_bridgeObjectRelease"}


class Server:
    """The program with one loop, under a tool if one is given."""

    def __init__(self, executable, tool=(), storage="memory"):
        self.process = subprocess.Popen(
            [*tool, executable, "serve", "--port", "0", "--storage", storage, "--loops", "1"],
            env=dict(os.environ, HELIOGRAPH_STREAMS_HEARTBEAT_SECONDS="3600"),
            stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        for line in self.process.stderr:
            found = re.search(r"address=http://127\.0\.0\.1:(\d+)/v1", line)
            if found:
                self.port = int(found[1])
                break
        else:
            raise RuntimeError("the server did not start")
        self.connection = socket.create_connection(("127.0.0.1", self.port))
        for path in ("/buckets/b", "/buckets/b/collections/c"):
            self.put(path)

    def put(self, path):
        """Makes an object, over one connection that stays open."""
        body = json.dumps({"data": {"time": time.time()}})
        status = self.send(
            f"PUT /v1{path} HTTP/1.1\r\nHost: h\r\n{CREDENTIALS}"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}")
        assert status in (200, 201), status

    def send(self, request):
        """Sends a request, reads its answer, and returns the status."""
        self.connection.sendall(request.encode())
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self.connection.recv(65536)
        head, _, rest = answer.partition(b"\r\n\r\n")
        found = re.search(rb"Content-Length: (\d+)", head)
        length = int(found[1]) if found else 0
        while len(rest) < length:
            rest += self.connection.recv(65536)
        return int(head.split()[1])

    def metric(self, name):
        """The sum of a metric's values."""
        address = f"http://127.0.0.1:{self.port}/v1/__metrics__"
        with urllib.request.urlopen(address, timeout=60) as answer:
            rows = [line.split() for line in answer.read().decode().splitlines()]
        return sum(float(row[1]) for row in rows if row[0].split("{")[0] == f"heliograph_{name}")

    def private_bytes(self):
        """What only this process has in memory, and has written."""
        with open(f"/proc/{self.process.pid}/smaps_rollup", encoding="ascii") as rollup:
            return int(re.search(r"Private_Dirty: +(\d+) kB", rollup.read())[1]) * 1024

    def end(self):
        """Ends it in order."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


class Crowd:
    """Subscribers that read."""

    def __init__(self, port, count, websocket=False, receive_buffer=None):
        self.selector = selectors.DefaultSelector()
        self.received = {}
        self.sockets = []
        fields = ("Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n") if websocket else ""
        for _ in range(count):
            subscriber = socket.socket()
            if receive_buffer:
                subscriber.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            subscriber.connect(("127.0.0.1", port))
            subscriber.sendall(f"GET {STREAM} HTTP/1.1\r\nHost: h\r\n{fields}\r\n".encode())
            self.sockets.append(subscriber)
            self.received[subscriber] = 0
            self.selector.register(subscriber, selectors.EVENT_READ)
        self.wait(b"ready")

    def wait(self, word):
        """Waits until each has received something with that word."""
        waiting = set(self.sockets)
        while waiting:
            for key, _ in self.selector.select(60):
                data = key.fileobj.recv(65536)
                assert data, "a stream ended"
                if word in data:
                    waiting.discard(key.fileobj)


def callgrind(out):
    """The tool that writes a profile with the count of each instruction."""
    return ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", "--dump-instr=yes",
            "--compress-pos=no", "--error-exitcode=0", "-q"]


@functools.cache
def locked_instructions(executable):
    """The addresses of the program's instructions that lock the bus."""
    text = subprocess.run(["objdump", "-d", "--no-show-raw-insn", executable],
                          capture_output=True, text=True, check=True).stdout
    found = re.findall(r"^ *([0-9a-f]+):\t(?:lock |xchg .*\()", text, re.MULTILINE)
    assert found, "the program has no atomic instruction"
    return {int(address, 16) for address in found}


def counts(executable, subscribers, changes, websocket):
    """Instructions, allocations, reference counts and locked instructions of a whole run."""
    with tempfile.TemporaryDirectory() as directory:
        out = os.path.join(directory, "out")
        server = Server(executable, callgrind(out))
        crowd = Crowd(server.port, subscribers, websocket)
        for number in range(changes):
            server.put(f"/buckets/b/collections/c/records/r{number % 5}")
            crowd.wait(b"last_modified")
        for subscriber in crowd.sockets:
            subscriber.close()
        server.end()
        return read(out, executable)


def read(path, executable):
    """The totals of a profile of callgrind's."""
    names, calls, callee, total = {}, {}, None, 0
    objects, is_own, is_call, locks = {}, False, False, 0
    locked = locked_instructions(executable)
    with open(path, encoding="utf-8", errors="replace") as profile:
        for line in profile:
            if line.startswith("0x"):
                if is_own and not is_call:
                    address, _, count = line.split()
                    locks += int(count) if int(address, 16) in locked else 0
                is_call = False
            elif line.startswith(("ob=", "cob=")):
                number, _, name = line.partition("=")[2].strip().partition(" ")
                if name:
                    objects[number] = os.path.realpath(name)
                if line.startswith("ob="):
                    is_own = objects[number] == os.path.realpath(executable)
            elif line.startswith("cfn="):
                number, _, name = line[4:].strip().partition(" ")
                if name:
                    names[number] = name
                callee = number
            elif line.startswith("fn="):
                number, _, name = line[3:].strip().partition(" ")
                if name:
                    names[number] = name
            elif line.startswith("calls=") and callee:
                calls[callee] = calls.get(callee, 0) + int(line[6:].split()[0])
                is_call = True
            elif line.startswith(("summary:", "totals:")):
                total = int(line.split()[1])
    by_name = {}
    for number, count in calls.items():
        name = names.get(number, number).split("'")[0].split("@")[0]
        by_name[name] = by_name.get(name, 0) + count
    return {
        "instructions": total,
        "allocations": sum(by_name.get(name, 0) for name in ALLOCATING),
        "references": sum(by_name.get(name, 0) for name in COUNTING),
        "locks": locks,
    }


def per_delivery(executable, websocket):
    """The cost of one delivery."""
    def run(subscribers, changes):
        return counts(executable, subscribers, changes, websocket)
    many, few = run(SUBSCRIBERS, CHANGES), run(SUBSCRIBERS, 1)
    alone, none = run(1, CHANGES), run(1, 1)
    assert all(none.values()), f"nothing was counted: {none}"
    deliveries = (SUBSCRIBERS - 1) * (CHANGES - 1)
    return {key: ((many[key] - few[key]) - (alone[key] - none[key])) / deliveries for key in many}


def per_idle_subscriber(executable, websocket):
    """The memory of one idle subscriber, in bytes."""
    server = Server(executable)
    first = Crowd(server.port, 500, websocket)
    before = server.private_bytes()
    crowd = Crowd(server.port, IDLE, websocket)
    after = server.private_bytes()
    for subscriber in first.sockets + crowd.sockets:
        subscriber.close()
    server.end()
    return (after - before) / IDLE


def per_stalled_subscriber(executable, websocket):
    """What the memory grows by for each subscriber that stops reading, in bytes."""
    server = Server(executable)
    reader = Crowd(server.port, 1, websocket)
    crowd = Crowd(server.port, STALLED, websocket, receive_buffer=4096)
    def write(changes):
        for number in range(changes):
            server.put(f"/buckets/b/collections/c/records/r{number % 5}")
            reader.wait(b"last_modified")
    write(WARMUP_CHANGES)
    before = server.private_bytes()
    write(STALLING_CHANGES)
    after = server.private_bytes()
    assert server.metric("stalls_total") >= STALLED, "not all streams are stalled"
    for subscriber in reader.sockets + crowd.sockets:
        subscriber.close()
    server.end()
    return (after - before) / STALLED


def per_poll(executable, path, fields):
    """The instructions and the storage queries of one poll."""
    queries = 0
    def run(polls):
        nonlocal queries
        with tempfile.TemporaryDirectory() as directory:
            out = os.path.join(directory, "out")
            server = Server(executable, callgrind(out))
            server.put("/buckets/b/collections/c/records/r")
            for number in range(polls):
                if number == 1:
                    before = server.metric("storage_queries_total")
                status = server.send(f"GET {path} HTTP/1.1\r\nHost: h\r\n{fields}\r\n")
                assert status in (200, 304), status
            queries = server.metric("storage_queries_total") - before
            server.end()
            return read(out, executable)["instructions"]
    few, many = run(100), run(100 + POLLS)
    return (many - few) / POLLS, queries / (99 + POLLS)


def per_write(executable):
    """The instructions and the storage queries of one durable write of a new record."""
    queries = 0
    def run(writes):
        nonlocal queries
        with tempfile.TemporaryDirectory() as directory:
            out = os.path.join(directory, "out")
            server = Server(executable, callgrind(out), f"sqlite:///{directory}/test.db")
            before = server.metric("storage_queries_total")
            for number in range(writes):
                server.put(f"/buckets/b/collections/c/records/r{number}")
            queries = server.metric("storage_queries_total") - before
            server.end()
            return read(out, executable)["instructions"]
    few, many = run(50), run(50 + WRITES)
    return (many - few) / WRITES, queries / (50 + WRITES)


def tell(name, figure, value, most):
    """Prints a figure; whether it is within its limit."""
    print(f"{'ok' if value <= most else 'ABOVE'} {name}: {value:.2f} {figure}, at most {most}",
          flush=True)
    return value <= most


def main():
    """Measures everything."""
    executable = sys.argv[1]
    is_above = False
    for name, websocket in [("SSE", False), ("WebSocket", True)]:
        cost = per_delivery(executable, websocket)
        figures = [
            ("instructions per delivery", cost["instructions"], INSTRUCTIONS_MAX),
            ("allocations per delivery", cost["allocations"], ALLOCATIONS_MAX),
            ("retains and releases per delivery", cost["references"], REFERENCES_MAX),
            ("locked instructions per delivery", cost["locks"], LOCKS_MAX),
            ("bytes per idle subscriber", per_idle_subscriber(executable, websocket), BYTES_MAX),
            ("bytes per stalled subscriber", per_stalled_subscriber(executable, websocket),
             STALLED_BYTES_MAX),
        ]
        for figure, value, most in figures:
            is_above = not tell(name, figure, value, most) or is_above
    for name, (path, fields, most) in POLLS_MAX.items():
        instructions, queries = per_poll(executable, path, fields)
        is_above = not tell(name, "instructions", instructions, most) or is_above
        is_above = not tell(name, "storage queries", queries, 0) or is_above
    instructions, queries = per_write(executable)
    is_above = not tell("write", "instructions", instructions, WRITE_INSTRUCTIONS_MAX) or is_above
    is_above = not tell("write", "storage queries", queries, WRITE_QUERIES_MAX) or is_above
    return 1 if is_above else 0


if __name__ == "__main__":
    sys.exit(main())
