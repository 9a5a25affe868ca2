#!/usr/bin/env bash
# Brings the deployment on this server to another version without a pause, and back where that fails:
#
#   deploy/update.sh TAG
#
# The tables first (migrations only add, so the old version goes on beside them), then one instance
# after the other, each only when the one before it is ready. A smoke test with real messages decides.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

readonly SERVICES=(socket-tier-a socket-tier-b functions-a functions-b)
readonly READY_SECONDS_MAX=120
# The version that runs, for the way back.
readonly DEPLOYED=.deployed

main() {
  local tag=${1:?usage: deploy/update.sh TAG} before=
  [[ $tag =~ ^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$ ]] || fail "$tag is no tag of an image"
  [[ -e $DEPLOYED ]] && before=$(<"$DEPLOYED")

  if roll_to "$tag" && compose "$tag" run --rm --no-deps verify; then
    printf '%s\n' "$tag" >"$DEPLOYED"
    echo "deployed $tag${before:+, before it $before}"
    return
  fi
  [[ -n $before ]] || fail "$tag is not good, and there is no version to go back to"
  echo "$tag is not good; going back to $before" >&2
  replace "$before" || fail "going back to $before failed as well: look at it now"
  fail "$tag is not good; $before serves again"
}

roll_to() {
  local tag=$1
  compose "$tag" pull --quiet socket-tier-a functions-a &&
    compose "$tag" up --detach --wait --wait-timeout "$READY_SECONDS_MAX" --no-recreate \
      postgres redis dynamodb &&
    compose "$tag" run --rm migrate &&
    replace "$tag" &&
    compose "$tag" up --detach --no-deps proxy
}

replace() {
  local tag=$1 service
  for service in "${SERVICES[@]}"; do
    echo "$service: $tag"
    compose "$tag" up --detach --no-deps --wait --wait-timeout "$READY_SECONDS_MAX" "$service" || return
  done
}

compose() {
  local tag=$1
  shift
  MARU_TAG=$tag docker compose --file compose.base.yaml --file compose.prod.yaml "$@"
}

fail() {
  echo "error: $*" >&2
  exit 1
}

main "$@"
