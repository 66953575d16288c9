#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes a change: a bucket and a collection if they are missing, and a record with a new value.
#
#   write.sh [--auth USER:PASSWORD] [--bucket ID] [--collection ID] [--record ID] [BASE_URL]
#
# Every subscriber hears of it. The record, as the server has stored it, is printed.
set -eu

usage() {
    echo "usage: $0 [--auth USER:PASSWORD] [--bucket ID] [--collection ID] [--record ID]" \
        "[BASE_URL]" >&2
    exit 64
}

url=${HELIOGRAPH_URL:-http://127.0.0.1:8888/v1}
auth=user:pass
bucket=example
collection=greetings
record=hello

while [ $# -gt 0 ]; do
    case $1 in
    --auth) auth=${2:?--auth needs a value}; shift 2 ;;
    --bucket) bucket=${2:?--bucket needs a value}; shift 2 ;;
    --collection) collection=${2:?--collection needs a value}; shift 2 ;;
    --record) record=${2:?--record needs a value}; shift 2 ;;
    -*) usage ;;
    *) url=$1; shift ;;
    esac
done
bucket_url=${url%/}/buckets/$bucket
collection_url=$bucket_url/collections/$collection

# "If-None-Match: *" makes what is missing and leaves alone what is there (412).
for target in "$bucket_url" "$collection_url"; do
    status=$(curl --silent --show-error --user "$auth" --request PUT --output /dev/null \
        --write-out '%{http_code}' --header 'If-None-Match: *' "$target")
    case $status in
    201 | 412) ;;
    *)
        echo "write.sh: PUT $target answered $status" >&2
        exit 1
        ;;
    esac
done

curl --silent --show-error --fail --user "$auth" --request PUT \
    --header 'Content-Type: application/json' \
    --data "{\"data\": {\"text\": \"hello\", \"written\": \"$(date -u +%Y-%m-%dT%H:%M:%SZ)\"}}" \
    "$collection_url/records/$record"
echo
