# Kafka: the bus that events are relayed to. What a file here defines stands in postgres.sh.
#
# There is no package of it: its jars come from Maven Central (scripts/kafka-jars), pinned.
# shellcheck shell=bash disable=SC2034,SC2154

service_port=19092
service_packages=(default-jre-headless curl)
service_account=kafka
service_stop_signal=TERM

is_installed() { command -v java >/dev/null && command -v curl >/dev/null; }

start() {
    local place jars controller
    place=$(data)
    jars=$(readable_jars "$("$root/scripts/kafka-jars")" "$place")
    controller=$(controller_port)
    settings "$place" "$controller" | private_file "$place/server.properties"
    logging | private_file "$place/log4j2.properties"
    if as_user test ! -e "$place/logs/meta.properties"; then
        as_user java -Xmx128m -XX:TieredStopAtLevel=1 -cp "$jars/*" kafka.tools.StorageTool format \
            --ignore-formatted --cluster-id "$(cluster_id)" --config "$place/server.properties" \
            >"$folder/format.log" 2>&1 || { cat "$folder/format.log" >&2; fail "its storage cannot be formatted"; }
    fi
    launch java -Xms256m -Xmx512m -XX:+UseSerialGC -XX:MaxDirectMemorySize=256m -XX:-UsePerfData \
        "-Dlog4j2.configurationFile=$place/log4j2.properties" -cp "$jars/*" kafka.Kafka "$place/server.properties"
}

# Where its user cannot get at them (a checkout below /root, say), the jars are copied beside its data.
readable_jars() {
    local jars=$1 place=$2
    if ((EUID == 0)) && ! as_user test -r "$jars/checked"; then
        if ! cmp --silent "$jars/checked" "$place/jars/checked"; then
            rm -rf "$place/jars"
            cp -r "$jars" "$place/jars"
            chown -R "$user:$(id -g "$user")" "$place/jars"
        fi
        jars=$place/jars
    fi
    echo "$jars"
}

private_file() {
    # shellcheck disable=SC2016
    as_user bash -c 'umask 077 && cat >"$1"' private "$1"
}

# The controller listens too, on a port of its own, with the same password.
controller_port() {
    local port tried=0
    port=$(cat "$folder/controller-port" 2>/dev/null) || port=$(($(cat "$folder/port") + 1))
    until is_free "$port" && [[ $port != $(cat "$folder/port") ]]; do
        port=$((port + 1))
        ((++tried < ports_tried_max)) || fail "$name found no free port for its controller"
    done
    echo "$port" | tee "$folder/controller-port"
}

cluster_id() { head -c 16 /dev/urandom | base64 | tr '+/' '-_' | tr -d =; }

# One broker, which is its own controller. It notices a dead client sooner than a stock one would be
# let: tests wait for that.
settings() {
    local place=$1 controller=$2 port password login
    port=$(cat "$folder/port")
    password=$(cat "$folder/password")
    login="org.apache.kafka.common.security.plain.PlainLoginModule required"
    login+=" username=\"cinelog\" password=\"$password\" user_cinelog=\"$password\";"
    cat <<END
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$controller
listeners=BROKER://127.0.0.1:$port,CONTROLLER://127.0.0.1:$controller
advertised.listeners=BROKER://127.0.0.1:$port
listener.security.protocol.map=BROKER:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT
inter.broker.listener.name=BROKER
controller.listener.names=CONTROLLER
sasl.enabled.mechanisms=PLAIN
sasl.mechanism.inter.broker.protocol=PLAIN
sasl.mechanism.controller.protocol=PLAIN
listener.name.broker.plain.sasl.jaas.config=$login
listener.name.controller.plain.sasl.jaas.config=$login
log.dirs=$place/logs
auto.create.topics.enable=false
default.replication.factor=1
min.insync.replicas=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
transaction.abort.timed.out.transaction.cleanup.interval.ms=1000
log.cleaner.dedupe.buffer.size=2097152
num.network.threads=2
num.io.threads=4
END
}

logging() {
    cat <<END
status=error
appender.out.type=Console
appender.out.name=OUT
appender.out.layout.type=PatternLayout
appender.out.layout.pattern=%d %p %c{1} %m%n
rootLogger.level=WARN
rootLogger.appenderRef.out.ref=OUT
logger.started.name=kafka.server.KafkaRaftServer
logger.started.level=INFO
END
}

# It takes connections only when it is ready to work.
answers() { ! is_free "$(cat "$folder/port")"; }

url() { echo "kafka://cinelog:$(cat "$folder/password")@127.0.0.1:$(cat "$folder/port")"; }
