# Sourced by what builds programs in Go (scripts/versitygw, scripts/otelcol): the Go that is installed here,
# or the one that is pinned here. It needs a function `fail` and a folder `$build`, which is removed later.
# shellcheck shell=bash disable=SC2154

go_minor_min=25
go_version=go1.26.8
declare -A go_sums=(
    [linux-amd64]=30c2b1bf7dcc88d3eb0a1364e47ddd9128edb3110a30e8a0ef61cd5856b31de7
    [linux-arm64]=02b36b6787b3ac767668f630e2998df45a3b1f9ffee08d1bf3ef6487cd658d99
)
proxy=${GOPROXY:-https://proxy.golang.org}
proxy=${proxy%%[,|]*}

# The Go that is installed here, if it is new enough.
installed_go() {
    local go found
    for go in "$(command -v go || true)" /usr/local/go/bin/go; do
        [[ -x $go ]] || continue
        found=$(GOTOOLCHAIN=local "$go" env GOVERSION)
        [[ $found =~ ^go1\.([0-9]+) ]] && ((BASH_REMATCH[1] >= go_minor_min)) && echo "$go" && return
    done
    return 1
}

# The Go that is pinned here. The proxy has it as a module, whose files nobody may execute at first.
fetched_go() {
    local platform name
    platform=linux-$(uname -m | sed 's/x86_64/amd64/; s/aarch64/arm64/')
    [[ -n ${go_sums[$platform]:-} ]] || fail "no Go is pinned here for $platform: install Go 1.$go_minor_min or newer"
    name=golang.org/toolchain@v0.0.1-$go_version.$platform
    echo "fetching $go_version from $proxy" >&2
    curl --fail --no-progress-meter --retry 3 --output "$build/go.zip" \
        "$proxy/${name%@*}/@v/${name#*@}.zip"
    echo "${go_sums[$platform]}  $build/go.zip" | sha256sum --quiet --check >&2
    python3 -m zipfile --extract "$build/go.zip" "$build"
    chmod -R u+x "$build/$name/bin" "$build/$name/pkg/tool"
    echo "$build/$name/bin/go"
}
