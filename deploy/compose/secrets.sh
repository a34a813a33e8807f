#!/bin/sh
# Writes tls/, secrets/ and .env with fresh secrets, once; the certificate is self-signed: put a real one in its place.
set -eu
cd "$(dirname "$0")"
[ ! -e .env ] || { echo "secrets.sh: .env is there already; nothing was written"; exit 1; }
umask 077
mkdir -p tls secrets
secret=$(openssl rand -hex 32)
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout tls/stylize.key \
    -out tls/stylize.pem -days 365 -subj /CN=stylize.example.org 2>/dev/null
openssl rand -hex 16 >secrets/grafana
cat >secrets/s3.json <<JSON
{"identities": [{"name": "stylize", "credentials": [{"accessKey": "stylize", "secretKey": "$secret"}],
  "actions": ["Admin", "Read", "Write", "List", "Tagging"]}]}
JSON
# Containers read them as users of their own.
chmod 644 secrets/grafana secrets/s3.json
echo "STYLIZE_STORE_SECRET=$secret" >.env
echo "secrets.sh: wrote tls/, secrets/ and .env; Grafana's admin password stands in secrets/grafana"
