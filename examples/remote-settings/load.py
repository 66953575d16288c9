#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Loads collections from files through the public API, keeping ids and timestamps.

DIRECTORY holds files BUCKET/COLLECTION.json, each {"data": [RECORD, ...], "timestamp": N}, as
Remote Settings dumps are. Records are written oldest first, so that every collection ends at the
timestamp of its newest record and a client that polls meanwhile misses nothing.

Loading again is harmless: what is there already is left alone, unless the file's record is newer.
"""

import argparse
import base64
import concurrent.futures
import http.client
import json
import os
import pathlib
import sys
import threading
import time
import urllib.parse

#: The body of one request stays below this.
BODY_BYTES_MAX = 1_000_000
#: An answer that takes longer is a failure.
ANSWER_SECONDS_MAX = 120
#: Requests in one batch where the server does not say.
BATCH_REQUESTS_DEFAULT = 25


class LoadError(Exception):
    """Something that the person at the terminal has to know."""


class Server:
    """The API of one server; every thread has a connection of its own."""

    def __init__(self, url, credentials):
        self.url = urllib.parse.urlsplit(url.rstrip("/"))
        if self.url.scheme not in ("http", "https") or not self.url.hostname:
            raise LoadError(f"no http:// or https:// address: {url}")
        token = base64.b64encode(credentials.encode()).decode()
        self.headers = {"Authorization": f"Basic {token}", "Content-Type": "application/json"}
        self.local = threading.local()

    def request(self, method, path, body=b"", headers=None):
        """Returns the status and the decoded body of the answer."""
        # All requests here may be repeated, so a kept connection that has gone is no failure.
        for is_last in (False, True):
            try:
                connection = self.connection()
                connection.request(
                    method, self.url.path + path, body, {**self.headers, **(headers or {})}
                )
                response = connection.getresponse()
                content = response.read()
                break
            except (http.client.HTTPException, OSError) as error:
                self.local.connection = None
                if is_last:
                    raise LoadError(f"{method} {path}: {type(error).__name__}: {error}") from error
        try:
            return response.status, json.loads(content) if content else None
        except ValueError as error:
            raise LoadError(f"{method} {path}: {response.status}, and no JSON") from error

    def connection(self):
        if getattr(self.local, "connection", None) is None:
            kinds = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}
            self.local.connection = kinds[self.url.scheme](
                self.url.hostname, self.url.port, timeout=ANSWER_SECONDS_MAX
            )
        return self.local.connection

    def batch_requests_max(self):
        """How many requests the server takes in one batch."""
        status, root = self.request("GET", "/")
        if status != 200:
            raise LoadError(f"GET / answered {status}: is this the base URL?")
        return root.get("settings", {}).get("batch_max_requests") or BATCH_REQUESTS_DEFAULT

    def create(self, path):
        """Makes the bucket or collection at `path` unless it is there."""
        status, answer = self.request("PUT", path, headers={"If-None-Match": "*"})
        if status not in (200, 201, 412):
            raise LoadError(f"PUT {path} answered {status}: {describe(answer)}")

    def exists(self, path):
        """Whether there is an object at `path`."""
        status, answer = self.request("GET", path)
        if status not in (200, 404):
            raise LoadError(f"GET {path} answered {status}: {describe(answer)}")
        return status == 200


class Collection:
    """One file and what became of it."""

    def __init__(self, file):
        self.bucket = file.parent.name
        self.name = file.stem
        try:
            records = json.loads(file.read_text(encoding="utf-8"))["data"]
            self.records = sorted(records, key=lambda record: record["last_modified"])
        except (ValueError, KeyError, TypeError) as error:
            raise LoadError(f"{file}: not a dump of a collection ({error!r})") from error
        self.created = self.updated = self.kept = 0
        self.problems = []

    @property
    def label(self):
        return f"{self.bucket}/{self.name}"

    @property
    def path(self):
        return f"/buckets/{quote(self.bucket)}/collections/{quote(self.name)}"

    def record_path(self, record):
        return f"{self.path}/records/{quote(record['id'])}"


class Loader:
    """Writes collections in batches."""

    def __init__(self, server, batch_requests_max):
        self.server = server
        self.batch_requests_max = batch_requests_max

    def load(self, collection):
        """Writes all records of a collection, oldest first."""
        self.server.create(collection.path)
        for batch in self.batches(self.first_requests(collection)):
            newer = []
            for record, response in self.send(batch):
                status = response["status"]
                if status in (200, 201):
                    collection.created += 1
                elif status == 412:
                    existing = existing_record(response)
                    if existing.get("last_modified", 0) < record["last_modified"]:
                        newer.append(record)
                    else:
                        collection.kept += 1
                else:
                    self.problem(collection, record, response)
            for again in self.batches((record, put(collection, record)) for record in newer):
                for record, response in self.send(again):
                    if response["status"] in (200, 201):
                        collection.updated += 1
                    else:
                        self.problem(collection, record, response)

    def first_requests(self, collection):
        """Yields (record, request) for all records: make it, unless it is there.

        The condition makes the server look at the collection's timestamp, and one that has none
        yet gets the present time, which is above all that follow. So the very first record goes
        without it.
        """
        unless_there = {"If-None-Match": "*"}
        for place, record in enumerate(collection.records):
            is_first = place == 0 and not self.server.exists(collection.record_path(record))
            yield record, put(collection, record, {} if is_first else unless_there)

    def batches(self, requests):
        """Yields lists of (record, request) that keep both limits of a batch."""
        batch, size = [], 0
        for record, request in requests:
            length = len(json.dumps(request).encode()) + 2
            is_full = len(batch) == self.batch_requests_max or size + length > BODY_BYTES_MAX
            if batch and is_full:
                yield batch
                batch, size = [], 0
            batch.append((record, request))
            size += length
        if batch:
            yield batch

    def send(self, batch):
        """Sends one batch; returns (record, response) pairs."""
        body = json.dumps({"requests": [request for _, request in batch]}).encode()
        status, answer = self.server.request("POST", "/batch", body)
        if status != 200:
            raise LoadError(f"POST /batch answered {status}: {describe(answer)}")
        responses = answer["responses"]
        if len(responses) != len(batch):
            raise LoadError(f"{len(batch)} requests, but {len(responses)} responses")
        return zip((record for record, _ in batch), responses)

    @staticmethod
    def problem(collection, record, response):
        collection.problems.append(
            f"{record['id']}: {response['status']}: {describe(response.get('body'))}"
        )


def put(collection, record, headers=None):
    """One request of a batch: store `record`."""
    request = {"method": "PUT", "path": collection.record_path(record), "body": {"data": record}}
    if headers:
        request["headers"] = headers
    return request


def verify(server, collection):
    """Compares the server's records and timestamp with the file's; returns what differs."""
    if not collection.records:
        return []  # reading an empty collection would give it a timestamp
    status, answer = server.request("GET", f"{collection.path}/changeset?_expected=0")
    if status != 200:
        return [f"changeset: {status}: {describe(answer)}"]
    differences = []
    newest = collection.records[-1]["last_modified"]
    if answer["timestamp"] != newest:
        differences.append(f"timestamp {answer['timestamp']} instead of {newest}")
    theirs = {record["id"]: record for record in answer["changes"]}
    for record in collection.records:
        if record["id"] not in theirs:
            differences.append(f"{record['id']} is missing")
        elif theirs[record["id"]] != record:
            differences.append(f"{record['id']} differs")
    for unknown in theirs.keys() - {record["id"] for record in collection.records}:
        differences.append(f"{unknown} is not in the file")
    return differences


def existing_record(response):
    """The stored object that a 412 shows."""
    return ((response.get("body") or {}).get("details") or {}).get("existing") or {}


def describe(answer):
    """An error's message, or as much of the answer as fits a line."""
    message = answer.get("message") if isinstance(answer, dict) else None
    return message or json.dumps(answer)[:200]


def quote(text):
    return urllib.parse.quote(text, safe="")


def find_collections(directory, only):
    root = pathlib.Path(directory)
    collections = [Collection(file) for file in sorted(root.glob("*/*.json"))]
    if only:
        collections = [collection for collection in collections if collection.label == only]
    if not collections:
        raise LoadError(f"{directory} has no {only or 'BUCKET/COLLECTION'}.json")
    return collections


def for_all(workers, action, collections, verb):
    """Runs `action` on every collection in `workers` threads, and shows the progress."""
    done = 0
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        futures = {pool.submit(action, collection): collection for collection in collections}
        try:
            for future in concurrent.futures.as_completed(futures):
                future.result()
                done += 1
                collection = futures[future]
                count = len(collection.records)
                print(f"[{done}/{len(collections)}] {verb} {collection.label} ({count} records)")
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directory", help="holds BUCKET/COLLECTION.json files")
    parser.add_argument("url", nargs="?", help="base URL, as --server")
    parser.add_argument(
        "--server",
        default=os.environ.get("HELIOGRAPH_URL", "http://127.0.0.1:8888/v1"),
        help="base URL (HELIOGRAPH_URL or http://127.0.0.1:8888/v1)",
    )
    parser.add_argument("--auth", default="user:pass", metavar="USER:PASSWORD")
    parser.add_argument("--only", metavar="BUCKET/COLLECTION", help="load this one alone")
    parser.add_argument(
        "--workers", type=int, default=4, metavar="N", help="collections loaded at once (4)"
    )
    parser.add_argument(
        "--verify", action="store_true", help="read everything back and compare at the end"
    )
    options = parser.parse_args()
    options.server = options.url or options.server
    return options


def run(options):
    collections = find_collections(options.directory, options.only)
    server = Server(options.server, options.auth)
    loader = Loader(server, server.batch_requests_max())
    workers = max(1, options.workers)
    start = time.monotonic()
    for bucket in sorted({collection.bucket for collection in collections}):
        server.create(f"/buckets/{quote(bucket)}")
    for_all(workers, loader.load, collections, "loaded")
    seconds = time.monotonic() - start

    if options.verify:

        def check(collection):
            collection.problems += verify(server, collection)

        for_all(workers, check, collections, "verified")

    for collection in collections:
        for problem in collection.problems:
            print(f"load.py: {collection.label}: {problem}", file=sys.stderr)
    problems = sum(len(collection.problems) for collection in collections)
    created, updated, kept = (
        sum(getattr(collection, name) for collection in collections)
        for name in ("created", "updated", "kept")
    )
    print(
        f"{len(collections)} collections, {created + updated + kept} records in {seconds:.2f} s: "
        f"{created} created, {updated} updated, {kept} kept, {problems} problems"
    )
    return 1 if problems else 0


def main():
    try:
        return run(parse_arguments())
    except LoadError as error:
        print(f"load.py: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
