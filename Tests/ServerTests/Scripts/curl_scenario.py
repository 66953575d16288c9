#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What curl makes of a compressed event stream: curl_scenario.py HELIOGRAPH

Prints "ok" and a sentence for everything it saw, and ends with 1 at the first thing that is
otherwise.
"""

import subprocess
import sys
import tempfile
import time

from program import Server

STREAM = "/buckets/monitor/collections/changes/stream"


def read_until(process, text, seconds=10):
    """The lines of curl's output up to one that has `text`, and how long that took."""
    start = time.monotonic()
    lines = []
    while True:
        line = process.stdout.readline()
        assert line, f"curl ended before {text!r}: {lines}"
        assert time.monotonic() - start < seconds, f"{text!r} came late"
        lines.append(line)
        if text in line:
            return lines, time.monotonic() - start


def main():
    """Runs everything."""
    with tempfile.TemporaryDirectory() as directory:
        server = Server(sys.argv[1], directory)
        try:
            server.request("PUT", "/buckets/main")
            for collection in ("one", "two"):
                server.request("PUT", f"/buckets/main/collections/{collection}")
                server.write(collection)
            curl = subprocess.Popen(
                ["curl", "-sNi", "--compressed", f"{server.base}{STREAM}?_encoding=gzip"],
                stdout=subprocess.PIPE, text=True, bufsize=1)
            try:
                lines, _ = read_until(curl, "event: ready")
                assert any(line.lower() == "content-encoding: gzip\n" for line in lines), lines
                assert sum('"collection":' in line for line in lines) == 2, lines
                print("ok curl --compressed reads the list of a compressed event stream")
                for collection in ("one", "two", "one"):
                    server.write(collection)
                    _, seconds = read_until(curl, f'"collection":"{collection}"')
                    assert seconds < 1, seconds
                    print(f"ok and each change when it is told ({seconds * 1000:.1f} ms later)")
            finally:
                curl.kill()
                curl.wait()
        finally:
            server.kill()


if __name__ == "__main__":
    main()
