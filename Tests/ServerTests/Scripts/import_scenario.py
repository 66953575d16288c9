"""Copies a real Kinto and compares: import_scenario.py HELIOGRAPH DIRECTORY.

Starts a Kinto of its own (memory, with kinto-changes where that can be loaded), fills it, imports
it with kill -9 in the middle, changes the source, imports again, then asks both servers the same.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import time

import requests

HELIOGRAPH, DIRECTORY = sys.argv[1], sys.argv[2]
AUTH = ("admin", "s3cr3t")
SECRET = "5ecret"
SETTINGS = {
    "storage_backend": "kinto.core.storage.memory",
    "cache_backend": "kinto.core.cache.memory",
    "permission_backend": "kinto.core.permission.memory",
    "userid_hmac_secret": SECRET,
    "bucket_create_principals": "system.Authenticated",
    "paginate_by": "37",
    "http_host": "same",
    "account_create_principals": "system.Everyone",
    "account_read_principals": "system.Authenticated",
    "account_write_principals": "system.Authenticated",
    "changes.resources": "/buckets/one /buckets/two",
}
POLICIES = [
    "multiauth.policies = account basicauth",
    "multiauth.policy.account.use = kinto.plugins.accounts.AccountsPolicy",
]
SOURCE_ONLY = ["storage_backend", "cache_backend", "permission_backend", "paginate_by"]


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def has_changes():
    try:
        import kinto_changes.views  # noqa: F401
    except Exception:
        return False
    return True


def wait(base):
    for _ in range(600):
        try:
            return requests.get(base + "/", timeout=5).json()
        except requests.ConnectionError:
            time.sleep(0.1)
    raise SystemExit("no server at " + base)


def start_kinto(port):
    lines = ["[app:main]", "use = egg:kinto", *POLICIES]
    plugins = ["kinto.plugins.accounts"] + (["kinto_changes"] if has_changes() else [])
    lines += [f"kinto.{key} = {value}" for key, value in SETTINGS.items()]
    lines.append("kinto.includes = " + " ".join(plugins))
    lines += ["[server:main]", "use = egg:waitress#main", "host = 127.0.0.1", f"port = {port}"]
    path = f"{DIRECTORY}/kinto.ini"
    with open(path, "w") as file:
        file.write("\n".join(lines) + "\n")
    log = open(f"{DIRECTORY}/kinto.log", "w")
    command = [f"{os.path.dirname(sys.executable)}/kinto", "start", "--ini", path, "--port", str(port)]
    return subprocess.Popen(command, stdout=log, stderr=log)


class Source:
    def __init__(self, base):
        self.base, self.session = base, requests.Session()
        self.session.auth = AUTH

    def put(self, path, data=None, permissions=None):
        body = {"data": data or {}, "permissions": permissions or {}}
        answer = self.session.put(self.base + path, json=body)
        assert answer.status_code in (200, 201), answer.text

    def delete(self, path):
        answer = self.session.delete(self.base + path)
        assert answer.status_code == 200, answer.text

    def get(self, path):
        return self.session.get(self.base + path)


def fill(source):
    for bucket in ("one", "two"):
        source.put(f"/buckets/{bucket}", {"kind": bucket}, {"read": ["system.Everyone"]})
        source.put(f"/buckets/{bucket}/groups/g", {"members": ["basicauth:x", "basicauth:y"]})
        source.put(f"/buckets/{bucket}/groups/gone", {"members": []})
        source.delete(f"/buckets/{bucket}/groups/gone")
        for collection in ("many", "few", "empty", "gone"):
            uri = f"/buckets/{bucket}/collections/{collection}"
            source.put(uri, {"title": "grüße"}, {"write": ["/buckets/one/groups/g"]})
            for number in range({"many": 240, "few": 5, "empty": 0, "gone": 3}[collection]):
                given = {"n": number, "text": "“x”", "deep": {"a": [1, None, 2.50]}}
                if number % 4 == 0:
                    # The same timestamp for many, so that pages end between equals.
                    given["last_modified"] = 1_500_000_000_000
                if number == 1:
                    given["last_modified"] = -7
                allowed = {"read": ["basicauth:reader"]} if number % 3 == 0 else None
                source.put(f"{uri}/records/r{number}", given, allowed)
        source.delete(f"/buckets/{bucket}/collections/many/records/r2")
        source.delete(f"/buckets/{bucket}/collections/gone")
    source.put("/buckets/dead")
    source.delete("/buckets/dead")
    for name in ("bob", "alice", "gone"):
        source.put(f"/accounts/{name}", {"password": name})
    source.delete("/accounts/gone")


def change(source):
    many = "/buckets/one/collections/many"
    source.delete(f"{many}/records/r3")
    source.put(f"{many}/records/r5", {"new": True}, {"write": ["basicauth:other"]})
    source.put(f"{many}/records/past", {"last_modified": 1_400_000_000_000})
    source.delete("/buckets/two/groups/g")
    source.delete("/buckets/two/collections/few")
    # Removed and made again, with fewer records.
    source.delete("/buckets/one/collections/few")
    source.put("/buckets/one/collections/few")
    source.put("/buckets/one/collections/few/records/r9")
    source.put("/accounts/bob", {"password": "changed"})
    source.delete("/accounts/alice")
    source.put("/buckets/three")
    source.put("/buckets/three/collections/c")
    source.put("/buckets/three/collections/c/records/r")


def import_command(source):
    return [HELIOGRAPH, "import", source.base, "--storage", f"sqlite:///{DIRECTORY}/copy.db"]


ENVIRONMENT = {**os.environ, "HELIOGRAPH_IMPORT_AUTH": ":".join(AUTH)}


def run_import(source, status=0):
    run = subprocess.run(
        import_command(source), env=ENVIRONMENT, capture_output=True, text=True, timeout=300)
    print(run.stderr.strip().splitlines()[-2:])
    assert run.returncode == status, run.stderr
    return run.stderr


def kill_in_the_middle(source):
    process = subprocess.Popen(import_command(source), env=ENVIRONMENT, stderr=subprocess.PIPE)
    database = f"{DIRECTORY}/copy.db-wal"
    # As soon as it has written something beyond its tables.
    while process.poll() is None:
        if os.path.exists(database) and os.path.getsize(database) > 300_000:
            break
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "the import was over before it was killed"


def serve_copy(port):
    path = f"{DIRECTORY}/copy.ini"
    lines = ["[app:main]", *POLICIES]
    # Pages are for the import to deal with; here later versions of the plugin cut changesets too.
    own = {key: value for key, value in SETTINGS.items() if key not in SOURCE_ONLY}
    lines += [f"kinto.{key} = {value}" for key, value in own.items()]
    lines += ["kinto.storage_backend = sqlite"]
    lines += ["kinto.includes = kinto_changes kinto.plugins.accounts"]
    lines += [f"kinto.storage_url = sqlite:///{DIRECTORY}/copy.db"]
    with open(path, "w") as file:
        file.write("\n".join(lines) + "\n")
    log = open(f"{DIRECTORY}/serve.log", "w")
    return subprocess.Popen(
        [HELIOGRAPH, "serve", "--ini", path, "--port", str(port)], stdout=log, stderr=log)


def everything(server):
    """All that a server shows: each list with tombstones and ETag, each object's permissions."""
    seen = {}

    def note(path):
        answer = server.get(path + "?_since=0&_sort=last_modified,id&_limit=1000")
        whole = server.get(path + "?_sort=last_modified,id&_limit=1000")
        for one in (answer, whole):
            assert one.status_code == 200, one.text
        objects = {"since": [], "all": []}
        for name, one in (("since", answer), ("all", whole)):
            while True:
                objects[name] += one.json()["data"]
                if "Next-Page" not in one.headers:
                    break
                # Its host is the one that both say they have.
                query = one.headers["Next-Page"].split("?", 1)[1]
                one = server.get(f"{path}?{query}")
        seen[path] = (objects["since"], objects["all"], answer.headers["ETag"])
        for thing in objects["all"]:
            body = server.get(f"{path}/{thing['id']}").json()
            seen[f"{path}/{thing['id']}"] = {
                key: sorted(value) for key, value in body["permissions"].items()}
        return [thing["id"] for thing in objects["all"]]

    for bucket in note("/buckets"):
        note(f"/buckets/{bucket}/groups")
        for collection in note(f"/buckets/{bucket}/collections"):
            note(f"/buckets/{bucket}/collections/{collection}/records")
            if CHANGES:
                path = f"/buckets/{bucket}/collections/{collection}/changeset?_expected=0"
                seen[path] = normal(server.get(path).json())
                path += '&_since="1"'
                seen[path] = normal(server.get(path).json())
    # The timestamp of all accounts says nothing in Kinto, where each has a list of its own.
    seen["accounts"] = sorted(
        (one["id"], one["last_modified"], one["password"])
        for one in server.get("/accounts").json()["data"])
    if CHANGES:
        changes = server.get("/buckets/monitor/collections/changes/records")
        # The identity of an entry is made of the host's name, which both were given.
        seen["monitor"] = (changes.json(), changes.headers["ETag"])
    return seen


def normal(changeset):
    # Later versions of the plugin, whose answers ours are, tell the bucket here.
    changeset["metadata"].pop("bucket", None)
    changeset["changes"].sort(key=lambda one: (one["last_modified"], one["id"]))
    return changeset


def compare(source):
    port = free_port()
    server = serve_copy(port)
    try:
        copy = Source(f"http://127.0.0.1:{port}/v1")
        wait(copy.base)
        theirs, ours = everything(source), everything(copy)
        assert theirs.keys() == ours.keys(), theirs.keys() ^ ours.keys()
        for path, value in theirs.items():
            assert ours[path] == value, f"{path}:\nKinto {value}\nours  {ours[path]}"
        busy = run_import(source, status=69)
        assert "in use by another server" in busy, busy
        return len(theirs)
    finally:
        server.terminate()
        server.wait()


CHANGES = has_changes()
port = free_port()
kinto = start_kinto(port)
try:
    source = Source(f"http://127.0.0.1:{port}/v1")
    wait(source.base)
    fill(source)
    kill_in_the_middle(source)
    again = run_import(source)
    copied = int(re.search(r"(\d+) objects", again.splitlines()[-2]).group(1))
    assert 0 < copied < 500, "the second run began anew"
    print("alike after the first import:", compare(source), "answers")
    change(source)
    run_import(source)
    print("alike after changes:", compare(source), "answers")
    assert " 0 objects" in run_import(source)
    print("ok", "with changesets" if CHANGES else "without changesets")
finally:
    # A parent may have blocked the signals that ask politely.
    kinto.kill()
    kinto.wait()
