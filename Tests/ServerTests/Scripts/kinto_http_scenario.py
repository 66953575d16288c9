"""The scenario of a user of the PyPI client kinto-http. Argument: the base URL."""

import logging
import sys

from kinto_http import Client, KintoException
logging.disable(logging.CRITICAL)
url = sys.argv[1]
client = Client(server_url=url, auth=("alice", "secret"))
client.create_bucket(id="kb", if_not_exists=True)
client.create_collection(id="kc", bucket="kb", if_not_exists=True)
record = client.create_record(data={"id": "one", "n": 1}, bucket="kb", collection="kc")
assert record["data"]["n"] == 1
read = client.get_record(id="one", bucket="kb", collection="kc")
assert read["data"] == record["data"], read
updated = client.update_record(data={"id": "one", "n": 2}, bucket="kb", collection="kc")
assert updated["data"]["n"] == 2
patched = client.patch_record(data={"id": "one", "m": 3}, bucket="kb", collection="kc")
assert patched["data"]["n"] == 2 and patched["data"]["m"] == 3, patched
try:
    client.update_record(
        data={"id": "one", "n": 9}, bucket="kb", collection="kc",
        if_match=record["data"]["last_modified"])
    raise SystemExit("no conflict")
except KintoException as error:
    assert error.response.status_code == 412, error
with client.batch(bucket="kb", collection="kc") as batch:
    for number in range(60):
        batch.create_record(data={"id": f"b{number}", "n": number})
assert len(client.get_records(bucket="kb", collection="kc")) == 61
changeset = client.get_changeset(bucket="kb", collection="kc")
assert len(changeset["changes"]) == 61
timestamp = client.get_records_timestamp(bucket="kb", collection="kc")
assert int(timestamp.strip('"')) == changeset["timestamp"], (timestamp, changeset["timestamp"])
monitor = client.get_changeset(bucket="monitor", collection="changes")
entry = [e for e in monitor["changes"] if e["bucket"] == "kb"]
assert entry[0]["last_modified"] == changeset["timestamp"], entry
deleted = client.delete_record(id="one", bucket="kb", collection="kc")
assert deleted["deleted"] is True
client.delete_bucket(id="kb")
print("ok", client.server_info()["http_api_version"])
