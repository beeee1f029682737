#!/usr/bin/env bash
# opensearch-up.sh start|stop|fetch [PORT]: a real OpenSearch 2.19.6 without users on 127.0.0.1, for tests.
# `start` prints the line ES_URL; it fetches what it needs once, `stop` ends what it started.
#
# Maven Central has the bare server and its modules one by one: each module is laid out here as the distribution does.
#   HEAP=512m    CACHE=$XDG_CACHE_HOME or /var/tmp    DATA=/tmp/brandmelder-opensearch-PORT
set -euo pipefail
VERB=${1:?start, stop or fetch} PORT=${2:-9400}
VERSION=2.19.6 HEAP=${HEAP:-512m}
CACHE=${CACHE:-${XDG_CACHE_HOME:-/var/tmp}}/brandmelder-opensearch
DATA=${DATA:-/tmp/brandmelder-opensearch-$PORT}
HOME_OF_IT=$CACHE/$VERSION
USER_OF_IT=brandmelder-test

source "$(dirname "$0")/server_life.sh"
command -v java >/dev/null || { echo "OpenSearch needs Java 17; on Debian: apt-get install openjdk-17-jdk-headless" >&2; exit 1; }
JAVA_OF_IT=$(dirname "$(dirname "$(readlink -f "$(command -v java)")")")

# module NAME CLASS EXTENDS JAR…: the folder of one module. Its permissions stand in the distribution, not in its jar.
module() {
  local folder=$NEW/opensearch-$VERSION/modules/$1 jar
  mkdir -p "$folder"
  printf 'name=%s\ndescription=%s\nversion=%s\nopensearch.version=%s\njava.version=11\nclassname=%s\ncustom.foldername=\nextended.plugins=%s\nhas.native.controller=false\n' \
    "$1" "$1" $VERSION $VERSION "$2" "$3" >"$folder/plugin-descriptor.properties"
  echo 'grant { permission java.lang.RuntimePermission "createClassLoader"; permission java.lang.RuntimePermission "getClassLoader"; permission java.lang.RuntimePermission "accessDeclaredMembers"; permission java.net.SocketPermission "*", "connect"; };' >"$folder/plugin-security.policy"
  shift 3
  for jar; do cp "$NEW"/jars/"$jar"*.jar "$folder/"; done
}

fetch() {
  [ -d "$HOME_OF_IT" ] && return
  echo "fetching OpenSearch $VERSION from Maven Central, about 0.1 GB, once" >&2
  NEW=$CACHE/new.$$
  rm -rf "$NEW"; mkdir -p "$NEW"
  {
    echo '<project><modelVersion>4.0.0</modelVersion><groupId>t</groupId><artifactId>t</artifactId><version>1</version><dependencies>'
    for name in analysis-common lang-painless mapper-extras-client ingest-common lang-mustache-client opensearch-scripting-painless-spi; do
      echo "<dependency><groupId>org.opensearch.plugin</groupId><artifactId>$name</artifactId><version>$VERSION</version></dependency>"
    done
    echo '</dependencies></project>'
  } >"$NEW/pom.xml"
  mvn -q -B -Dmaven.repo.local="$NEW/m2" -f "$NEW/pom.xml" dependency:copy-dependencies -DoutputDirectory="$NEW/jars" >&2
  mvn -q -B -Dmaven.repo.local="$NEW/m2" dependency:get -Dtransitive=false -Dartifact=org.opensearch.distribution.integ-test-zip:opensearch:$VERSION:zip >&2
  unzip -q "$NEW/m2/org/opensearch/distribution/integ-test-zip/opensearch/$VERSION/opensearch-$VERSION.zip" -d "$NEW"
  module lang-painless org.opensearch.painless.PainlessPlugin '' lang-painless opensearch-scripting-painless-spi antlr4 asm
  module analysis-common org.opensearch.analysis.common.CommonAnalysisPlugin lang-painless analysis-common
  module ingest-common org.opensearch.ingest.common.IngestCommonPlugin lang-painless ingest-common opensearch-dissect opensearch-grok joni jcodings
  module lang-mustache org.opensearch.script.mustache.MustachePlugin '' lang-mustache-client compiler
  module mapper-extras org.opensearch.index.mapper.MapperExtrasPlugin '' mapper-extras-client
  mv "$NEW/opensearch-$VERSION" "$HOME_OF_IT"
  rm -rf "$NEW"
  chmod -R go+rX "$HOME_OF_IT"
}
mkdir -p "$CACHE"; chmod 755 "$CACHE"
exec 9>"$CACHE/lock"; flock 9; fetch; flock -u 9; exec 9>&-
[ "$VERB" = start ] || exit 0

# It refuses to run as root.
as_user() { if [ "$(id -u)" = 0 ]; then runuser -u $USER_OF_IT -- "$@"; else "$@"; fi; }
[ "$(id -u)" != 0 ] || id $USER_OF_IT >/dev/null 2>&1 || useradd -r -M -s /bin/bash $USER_OF_IT

if [ ! -d "$DATA/config" ]; then
  mkdir -p "$DATA"; cp -r "$HOME_OF_IT/config" "$DATA/config"
  sed -i '/Xlog:gc/d' "$DATA/config/jvm.options" # it writes to the home folder
  cat >"$DATA/config/opensearch.yml" <<YAML
{cluster.name: brandmelder-test, node.name: one, network.host: 127.0.0.1, http.port: $PORT, transport.port: $((PORT + 100)),
 discovery.type: single-node, path.data: $DATA/data, path.logs: $DATA/logs, cluster.routing.allocation.disk.threshold_enabled: false}
YAML
  [ "$(id -u)" != 0 ] || chown -R $USER_OF_IT: "$DATA"
fi
if ! lives; then
  as_user env OPENSEARCH_JAVA_HOME="$JAVA_OF_IT" OPENSEARCH_PATH_CONF="$DATA/config" \
    OPENSEARCH_JAVA_OPTS="-Xms$HEAP -Xmx$HEAP ${JIT--XX:TieredStopAtLevel=1}" "$HOME_OF_IT/bin/opensearch" -d -p "$DATA/pid" >"$DATA/start.log" 2>&1 \
    || { tail -5 "$DATA/start.log" >&2; exit 1; }
fi
for n in $(seq 720); do # it says that it runs before its ports are bound
  if [ "$(curl -s -m 5 -o /dev/null -w '%{http_code}' "http://127.0.0.1:$PORT/_cluster/health?wait_for_status=yellow" || true)" = 200 ]; then
    echo "ES_URL=http://127.0.0.1:$PORT"
    exit 0
  fi
  [ "$n" -lt 120 ] || lives || { tail -5 "$DATA/start.log" >&2; exit 1; }
  sleep 0.25
done
echo "OpenSearch does not answer; see $DATA/logs" >&2
exit 1
