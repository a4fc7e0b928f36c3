# Redis: shared limits and caches. What a file here defines stands in postgres.sh.
# shellcheck shell=bash disable=SC2034,SC2154

service_port=16379
service_packages=(redis-server)
service_account=redis
service_stop_signal=TERM

is_installed() { command -v redis-server >/dev/null && command -v redis-cli >/dev/null; }

start() {
    local place
    place=$(data)
    # shellcheck disable=SC2016
    settings "$place" | as_user bash -c 'umask 077 && cat >"$1"' settings "$place/redis.conf"
    launch redis-server "$place/redis.conf"
}

# Nothing in it has to outlive it. It keeps its command line, by which it is known as ours.
settings() {
    cat <<END
bind 127.0.0.1
port $(cat "$folder/port")
requirepass $(cat "$folder/password")
dir $1
save ""
appendonly no
maxmemory 256mb
daemonize no
set-proc-title no
END
}

answers() {
    local pong
    pong=$(REDISCLI_AUTH=$(cat "$folder/password") redis-cli -h 127.0.0.1 -p "$(cat "$folder/port")" PING 2>/dev/null)
    [[ $pong == PONG ]]
}

url() { echo "redis://default:$(cat "$folder/password")@127.0.0.1:$(cat "$folder/port")/"; }
