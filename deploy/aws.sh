#!/usr/bin/env bash
# Deploys this checkout's stack with the image that was pushed as TAG, by the variables that
# docs/deploy-aws.md names:
#
#   deploy/aws.sh TAG
#
# CloudFormation itself goes back where a resource does not come up.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

tag=${1:?usage: deploy/aws.sh TAG}
: "${ECR_REPOSITORY:?the repository of the image}" "${JWT_SECRET_ARN:?the secret with the keys}"

sam build
sam deploy --no-confirm-changeset --no-fail-on-empty-changeset --parameter-overrides \
  "Image=$ECR_REPOSITORY:$tag" \
  "JwtSecretArn=$JWT_SECRET_ARN" \
  "CertificateArn=${CERTIFICATE_ARN:-}" \
  "CorsAllowedOrigins=${ORIGINS:-}"
