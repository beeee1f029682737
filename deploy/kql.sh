#!/usr/bin/env bash
# kql.sh: fetches Kibana's parser of KQL, as it is published for node, and prints the folder that has it. It says so
# and prints nothing where there is no npm.
set -euo pipefail
FOLDER=${XDG_CACHE_HOME:-/var/tmp}/brandmelder-kql
command -v npm >/dev/null || { echo "no npm: queries will not be read by Kibana's own parser" >&2; exit 0; }
if [ ! -d "$FOLDER/node_modules/@cybernetex/kbn-es-query" ]; then
  mkdir -p "$FOLDER"
  (cd "$FOLDER" && echo '{"private":true}' >package.json && npm install --silent --no-audit --no-fund @cybernetex/kbn-es-query@1.0.2 >&2) \
    || { echo "Kibana's parser cannot be fetched" >&2; exit 1; }
fi
echo "$FOLDER"
