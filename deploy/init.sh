#!/usr/bin/env bash
# Writes what a deployment with Compose needs and nobody else may know: deploy/.env with passwords,
# deploy/secrets with the keys of access tokens. Leaves alone what is there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
umask 077

# The account that the programs run under in their containers.
readonly CONTAINER_USER=65532

if [[ ! -e .env ]]; then
  address=${1:-http://localhost:8080}
  cat >.env <<ENV
# Read by Compose. Keep it: the volumes know these passwords.
POSTGRES_PASSWORD=$(openssl rand -hex 24)
REDIS_PASSWORD=$(openssl rand -hex 24)
GRAFANA_PASSWORD=$(openssl rand -hex 24)
ADMIN_TOKEN=$(openssl rand -hex 32)
# Under which the instances sign what they tell each other.
FANOUT_SECRET=$(openssl rand -hex 32)

# Where people find the page.
JWT_ISSUER=$address
CORS_ALLOWED_ORIGINS=$address

# On a server: the domain that the proxy gets a certificate for, and the images.
#SITE_ADDRESS=chat.example.org
#SOCKET_TIER_IMAGE=ghcr.io/example/maru-socket-tier
#FUNCTIONS_IMAGE=ghcr.io/example/maru-functions
ENV
  echo "wrote deploy/.env for $address"
fi

if [[ ! -e secrets/jwt-private.pem ]]; then
  mkdir -p secrets
  openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out secrets/jwt-private.pem
  openssl pkey -in secrets/jwt-private.pem -pubout -out secrets/jwt-public.pem
  chmod 0711 secrets
  chmod 0444 secrets/jwt-public.pem
  # A container sees a secret with the owner that it has here.
  if ! chown "$CONTAINER_USER" secrets/jwt-private.pem 2>/dev/null; then
    echo "run 'sudo chown $CONTAINER_USER deploy/secrets/jwt-private.pem', so that the container may read it" >&2
  fi
  echo "wrote deploy/secrets"
fi
