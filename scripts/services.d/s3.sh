# S3: posters and other files. What a file here defines stands in postgres.sh.
#
# There is no package of it: scripts/versitygw builds it.
# shellcheck shell=bash disable=SC2034,SC2154

service_port=17070
service_packages=(curl python3)
service_account=versitygw
service_stop_signal=TERM

bucket=cinelog

is_installed() { command -v curl >/dev/null && command -v python3 >/dev/null; }

# What it stores are files, a bucket is a folder. Nothing in it has to outlive it.
start() {
    local place program
    place=$(data)
    program=$(readable_program "$("$root/scripts/versitygw")" "$place")
    as_user rm -rf "$place/buckets" "$place/about"
    as_user mkdir -p "$place/buckets/$bucket" "$place/about"
    export ROOT_ACCESS_KEY_ID=cinelog ROOT_SECRET_ACCESS_KEY
    ROOT_SECRET_ACCESS_KEY=$(cat "$folder/password")
    launch "$program" --port "127.0.0.1:$(cat "$folder/port")" --region us-east-1 --health /healthz --quiet \
        posix --sidecar "$place/about" "$place/buckets"
}

# Where its user cannot get at it (a checkout below /root, say), it is copied beside its data.
readable_program() {
    local program=$1 place=$2
    if ((EUID == 0)) && ! as_user test -x "$program"; then
        cmp --silent "$program" "$place/versitygw" || install -m 755 "$program" "$place/versitygw"
        program=$place/versitygw
    fi
    echo "$program"
}

answers() {
    curl --fail --silent --max-time 5 --output /dev/null "http://127.0.0.1:$(cat "$folder/port")/healthz"
}

url() { echo "http://cinelog:$(cat "$folder/password")@127.0.0.1:$(cat "$folder/port")/$bucket"; }
