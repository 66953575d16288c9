#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The Swift example over a restart of the server: swift_client_scenario.py CLIENT HELIOGRAPH"""

import subprocess
import sys
import tempfile
import threading
import time

from program import Server


def main():
    """Writes before, while and after the server is away, and compares what the client printed."""
    client, executable = sys.argv[1:3]
    with tempfile.TemporaryDirectory() as directory:
        server = Server(executable, directory)
        server.request("PUT", "/buckets/main")
        expected = []
        for collection in ("one", "two", "other"):
            server.request("PUT", f"/buckets/main/collections/{collection}")
            expected.append((collection, server.write(collection)))
        expected.pop()
        watch = subprocess.Popen(
            [client, server.base, "--resource", "/buckets/main/collections/one",
             "--resource", "/buckets/main/collections/two"],
            stdout=subprocess.PIPE, text=True)
        lines = []
        threading.Thread(
            target=lambda: lines.extend(iter(watch.stdout.readline, "")), daemon=True).start()

        def wait(found, what):
            end = time.monotonic() + 90
            while not found():
                assert time.monotonic() < end, f"no {what}: {lines}"
                time.sleep(0.05)

        try:
            wait(lambda: any(" live" in line for line in lines), "first list")
            server.write("other")
            expected.append(("one", server.write("one")))
            wait(lambda: str(expected[-1][1]) in lines[-1], "live change")
            server.kill()
            wait(lambda: "interrupted" in lines[-1], "interruption")
            server.start()
            expected.append(("two", server.write("two")))
            wait(lambda: sum(" live" in line for line in lines) == 2, "return")
            seen = [line.split()[1:3] for line in lines if "/main/" in line]
            assert seen == [[f"/main/{name}", str(at)] for name, at in expected], (seen, expected)
            print("ok the client got every change once, over a restart of the server")
        finally:
            watch.kill()
            server.kill()


if __name__ == "__main__":
    main()
