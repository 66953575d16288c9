#!/bin/sh
# SPDX-License-Identifier: MIT
# Polls the list of changes: prints it once, then again whenever it has changed.
#
#   poll.sh [--interval SECONDS] [--count POLLS] [BASE_URL]
#
# Every poll after the first carries the ETag of the last answer, so that the server says
# "304 Not Modified" without a body while nothing has changed.
set -eu

url=${HELIOGRAPH_URL:-http://127.0.0.1:8888/v1}
interval=5
count=0 # for ever

while [ $# -gt 0 ]; do
    case $1 in
    --interval) interval=${2:?--interval needs a value}; shift 2 ;;
    --count) count=${2:?--count needs a value}; shift 2 ;;
    -*) echo "usage: $0 [--interval SECONDS] [--count POLLS] [BASE_URL]" >&2; exit 64 ;;
    *) url=$1; shift ;;
    esac
done
list=${url%/}/buckets/monitor/collections/changes/records

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
etag=

polls=0
while :; do
    set -- --silent --show-error --dump-header "$work/head" --output "$work/body" \
        --write-out '%{http_code}'
    [ -z "$etag" ] || set -- "$@" --header "If-None-Match: $etag"
    status=$(curl "$@" "$list")
    case $status in
    200)
        etag=$(sed -n 's/^[Ee][Tt][Aa][Gg]: *//p' "$work/head" | tr -d '\r')
        cat "$work/body"
        echo
        ;;
    304) ;;
    *)
        echo "poll.sh: $list answered $status" >&2
        exit 1
        ;;
    esac
    polls=$((polls + 1))
    [ "$polls" -ne "$count" ] || exit 0
    sleep "$interval"
done
