#!/usr/bin/env bash
# esql.sh: fetches Elasticsearch's own parser of ES|QL, which is published though no server with it is, and prints the
# class path with which deploy/ReadESQL.java runs. The rest of that is of the Elasticsearch 8 that elastic-up.sh fetched.
set -euo pipefail
CACHE=${CACHE:-${XDG_CACHE_HOME:-/var/tmp}}
FOLDER=$CACHE/brandmelder-esql VERSION=8.19.21
mkdir -p "$FOLDER"
exec 9>"$FOLDER/lock"; flock 9 # one fetches, who comes meanwhile waits
for jar in x-pack-esql x-pack-esql-compute; do
  [ -f "$FOLDER/$jar.jar" ] && continue
  mvn -q -B -Dmaven.repo.local="$FOLDER/m2" dependency:get -Dtransitive=false -Dartifact=org.elasticsearch.plugin:$jar:$VERSION >&2 9>&-
  mv "$FOLDER/m2/org/elasticsearch/plugin/$jar/$VERSION/$jar-$VERSION.jar" "$FOLDER/$jar.jar"
done
rm -rf "$FOLDER/m2"
modules=$CACHE/brandmelder-elastic/8/modules
echo "$FOLDER/*:$modules/../lib/*:$modules/x-pack-core/*:$modules/x-pack-esql-core/*:$modules/ingest-common/*"
