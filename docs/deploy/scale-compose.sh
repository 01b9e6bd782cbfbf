#!/bin/sh
# Follows the warm pool on one host: run it from cron every minute, beside compose.yaml. MOST: workers that fit on this host.
set -eu
cd "$(dirname "$0")"
wanted=$(docker compose exec -T web python manage.py fleet --workers general --slots 2)
most=${MOST:-4}
[ "$wanted" -le "$most" ] || wanted=$most
docker compose up -d --no-recreate --scale worker="$wanted" worker
