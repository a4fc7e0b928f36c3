# Postgres: the event log and the read models of the tests that run on servers.
#
# What a file here defines, for scripts/services to call:
#     service_port          where it listens, or the first free port after it
#     service_packages      what Debian calls it
#     service_account       the user that root hands it to, where there is one
#     service_stop_signal   what ends it in good order
#     is_installed          whether its programs are there
#     start                 prepares the folder "$(data)" and calls `launch`
#     answers               whether it does its work now
#     url                   where it is, for clients
# shellcheck shell=bash disable=SC2034,SC2154

service_port=15432
service_packages=(postgresql)
service_account=postgres
service_stop_signal=INT

# Debian keeps the programs of each version apart, and out of the PATH. The newest, if there are two.
postgres_bin() {
    local initdb
    initdb=$(printf '%s\n' /usr/lib/postgresql/*/bin/initdb | sort -V | tail -n 1)
    [[ -x $initdb ]] || initdb=$(command -v initdb) || return 1
    dirname "$(realpath "$initdb")"
}

is_installed() {
    if postgres_bin >/dev/null; then return 0; fi
    # Else Debian's package would make a server of its own, on 5432.
    if ((EUID == 0)) && [[ ! -e /etc/postgresql-common/createcluster.conf ]]; then
        mkdir -p /etc/postgresql-common
        echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.conf
    fi
    return 1
}

start() {
    local bin place
    bin=$(postgres_bin)
    place=$(data)
    if as_user test ! -e "$place/PG_VERSION"; then make_cluster "$bin" "$place"; fi
    local made_by is
    made_by=$(as_user cat "$place/PG_VERSION")
    is=$("$bin/postgres" --version | grep -oE '[0-9]+' | head -n 1)
    [[ $made_by == "$is" ]] ||
        fail "postgres $is cannot read what postgres $made_by stored. Delete it: rm -rf $folder $place"
    settings "$place" | as_user tee "$place/cinelog.conf" >/dev/null
    launch "$bin/postgres" -D "$place"
}

# Sorts as English does, not by bytes: what leaves the order to the database is found out here rather
# than at whoever runs it.
make_cluster() {
    local bin=$1 place=$2
    # `cat` makes a pipe that this user may open: the file with the password it may not.
    # shellcheck disable=SC2016
    as_user bash -c 'cat | "$@"' initdb "$bin/initdb" --pgdata "$place" --username cinelog --pwfile /dev/stdin \
        --auth md5 --encoding UTF8 --locale C.UTF-8 --locale-provider icu --icu-locale en-US --no-sync \
        <"$folder/password" >"$folder/initdb.log" 2>&1 ||
        { cat "$folder/initdb.log" >&2; fail "initdb failed"; }
    echo "include 'cinelog.conf'" | as_user tee -a "$place/postgresql.conf" >/dev/null
}

# As durable as a real one (fsync stays on): durability is what the tests are about. Room for many
# tests at once; and md5 since tests connect thousands of times, where scram's work would be felt.
settings() {
    local sockets=$1
    # The path of a socket has 107 bytes at most.
    ((${#sockets} < 80)) || sockets=
    cat <<END
listen_addresses = '127.0.0.1'
port = $(cat "$folder/port")
unix_socket_directories = '$sockets'
password_encryption = md5
max_connections = 300
shared_buffers = 512MB
max_wal_size = 2GB
checkpoint_timeout = 15min
log_min_messages = fatal
END
}

answers() {
    "$(postgres_bin)/pg_isready" --quiet --host 127.0.0.1 --port "$(cat "$folder/port")"
}

url() { echo "postgres://cinelog:$(cat "$folder/password")@127.0.0.1:$(cat "$folder/port")/postgres"; }
