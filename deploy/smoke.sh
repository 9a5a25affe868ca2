#!/usr/bin/env bash
# Proves on a deployment that was just changed that messages are kept, in order and not doubled:
#
#   deploy/smoke.sh IMAGE SOCKET_URL HTTP_URL
#
# IMAGE is that of the functions, which brings `maru verify`.
set -euo pipefail

image=${1:?usage: deploy/smoke.sh IMAGE SOCKET_URL HTTP_URL}
socket=${2:?the address of the sockets, such as wss://chat.example.org/ws}
http=${3:?the address of the functions, such as https://chat.example.org}

docker run --rm --read-only --tmpfs /tmp "$image" verify \
  --url "$socket" --history "$http" --auth-url "$http" \
  --senders 4 --listeners 12 --rooms 4 --rate 20 --duration 10s --journal /tmp/journal
