# Varnish before the nodes of Cinelog: writes to command nodes, reads to query nodes, public answers kept.
#
# What is here and why: docs/gateway.md. Where the nodes are: varnish/nodes.vcl. Needs Varnish 7.1 or later with
# vmod_xkey and vmod_vsthrottle (Debian: varnish-modules). Started as
#
#     varnishd -F -a :8000 -f /etc/cinelog/varnish.vcl -s malloc,256m \
#         -p http_gzip_support=off -p http_range_support=off
#
# Cinelog compresses by itself, also with zstd and br, and each coding has its own tag. Its ranges are of items.
vcl 4.1;

import directors;
import std;
import vsthrottle;
import xkey;

include "./varnish/nodes.vcl";

sub vcl_recv {
    # What a client calls its request, where that may be written to logs; else a number of ours.
    if (req.http.X-Request-Id !~ "^[!-~]{1,128}$") {
        set req.http.X-Request-Id = "varnish-" + std.time2integer(now, 0) + "-" + req.xid;
    }
    # Far too long, or it might be: somewhat more than `server.body_limit_bytes` of the nodes (1 MiB), who say what is too
    # large. Raise both together. What has more digits than Varnish reads is long as well.
    unset req.http.X-Cinelog-Long;
    if (req.http.Transfer-Encoding ||
        (req.http.Content-Length && std.integer(req.http.Content-Length, 2097153) > 2097152)) {
        set req.http.X-Cinelog-Long = "yes";
    }
    if (req.method == "PURGE") {
        call purge_groups;
    }
    unset req.http.Surrogate-Key;
    unset req.http.X-Cinelog-Groups;
    call name_client;
    # Per client, besides what Cinelog itself allows.
    if (vsthrottle.is_denied(client.identity, 200, 2s)) {
        return (synth(429, "Too many requests"));
    }
    # Overwritten, not added to: what a stranger says of who stands behind them is not passed on.
    set req.http.X-Forwarded-For = client.ip;
    unset req.http.Forwarded;
    if (req.method == "CONNECT" || req.method == "PRI") {
        return (synth(405, "Method not allowed"));
    }
    if (!req.http.Host) {
        return (synth(400, "Host is missing"));
    }
    if (req.method != "GET" && req.method != "HEAD") {
        set req.backend_hint = command.backend();
        # Varnish reads a request to its end first: one that is answered line by line while it is sent, and one that
        # may have no end. In a pipe the node says when that is enough.
        if (req.http.X-Cinelog-Long || req.url ~ "^/v1/movies/bulk(\?|$)") {
            return (pipe);
        }
        return (pass);
    }
    # Asked of command nodes, below.
    if (req.url ~ "^/v1/jobs(/|\?|$)" && !req.http.X-Cinelog-Long) {
        return (pass);
    }
    set req.backend_hint = query.backend();
    if (req.http.X-Cinelog-Long) {
        return (pipe);
    }
    # Who asks, which part, how new, whose sign-in: answers to these depend on more than a kept one could tell. `*` means nothing to
    # Varnish.
    if (req.http.Accept ~ "text/event-stream" || req.url ~ "^/v1/events(/|\?|$)" ||
        req.url ~ "^/v1/(login|accounts?|audit)(/|\?|$)" || req.http.Authorization ||
        req.http.Cinelog-Min-Position || req.http.Range || req.http.If-None-Match == "*") {
        return (pass);
    }
    # Changes no public answer; a fault behind here must not make it one that does.
    unset req.http.Cookie;
    # What is chosen depends on nothing else, so that two browsers share. With weights the origin decides.
    if (req.http.Accept-Encoding !~ ";") {
        if (req.http.Accept-Encoding ~ "(?i)(^|[ ,])zstd([ ,]|$)") {
            set req.http.Accept-Encoding = "zstd";
        } elsif (req.http.Accept-Encoding ~ "(?i)(^|[ ,])br([ ,]|$)") {
            set req.http.Accept-Encoding = "br";
        } elsif (req.http.Accept-Encoding ~ "(?i)(^|[ ,])gzip([ ,]|$)") {
            set req.http.Accept-Encoding = "gzip";
        } else {
            unset req.http.Accept-Encoding;
        }
    }
    return (hash);
}

# Who is counted, as Cinelog counts them: an address, of IPv6 with all of its /64. Varnish has addresses as text only, with
# `::` for the longest run of zeros. First those that have it after three groups, two, one; then those that do not have
# it before the fifth.
sub name_client {
    set client.identity = regsub(client.ip, "^([0-9a-f]+:[0-9a-f]+:[0-9a-f]+)::.*$", "\1:0");
    set client.identity = regsub(client.identity, "^([0-9a-f]+:[0-9a-f]+)::.*$", "\1:0:0");
    set client.identity = regsub(client.identity, "^([0-9a-f]+)::([0-9a-f]+)(:[0-9a-f]+){4}$", "\1:0:0:\2");
    set client.identity = regsub(client.identity, "^([0-9a-f]+)::.*$", "\1:0:0:0");
    set client.identity = regsub(client.identity, "^(([0-9a-f]+:){3}[0-9a-f]+):.*$", "\1");
}

# PURGE with Surrogate-Key: names separated by spaces; `*` is everything.
sub purge_groups {
    if (req.http.X-Cinelog-Long) {
        return (synth(413, "The content is too large"));
    }
    if (client.ip !~ purgers || req.http.Authorization !~ "^Bearer [!-~]+$" ||
        req.http.Authorization != "Bearer " + regsub(std.fileread("/run/secrets/cinelog-purge-token"), "\s+$", "")) {
        return (synth(403, "Forbidden"));
    }
    if (req.http.Surrogate-Key == "*") {
        ban("obj.status != 0");
        return (synth(200, "all"));
    }
    if (!req.http.Surrogate-Key) {
        return (synth(400, "Surrogate-Key is missing"));
    }
    return (synth(200, xkey.purge(req.http.Surrogate-Key)));
}

sub vcl_pipe {
    # What else comes over this connection must be looked at here.
    set bereq.http.Connection = "close";
    unset bereq.http.X-Cinelog-Long;
    return (pipe);
}

sub vcl_backend_fetch {
    if (bereq.url ~ "^/v1/jobs(/|\?|$)") {
        # A job is known to the node that took it, and to no other: they are asked in turn.
        set bereq.backend = jobs.backend(by = KEY, key = 0, alt = bereq.retries);
    }
}

sub vcl_backend_response {
    if (beresp.status == 404 && bereq.url ~ "^/v1/jobs(/|\?|$)" && bereq.retries < 3) {
        return (retry);
    }
    # Varnish keeps no Accept-Ranges, which would be its own: that of Cinelog is of items.
    if (beresp.http.Accept-Ranges) {
        set beresp.http.X-Cinelog-Ranges = beresp.http.Accept-Ranges;
    }
    if (beresp.http.Surrogate-Key) {
        set beresp.http.xkey = beresp.http.Surrogate-Key;
    }
    if (beresp.http.Cache-Control !~ "stale-while-revalidate") {
        set beresp.grace = 0s;
    }
    # Longer than it may be given out: to ask whether it is still the same.
    set beresp.keep = 10m;
}

sub vcl_backend_error {
    # A node that went away a moment ago: the next one. What changes something is not sent twice.
    if ((bereq.method == "GET" || bereq.method == "HEAD") && bereq.retries < 2) {
        return (retry);
    }
    call no_node;
    return (deliver);
}

sub no_node {
    set beresp.http.Content-Type = "application/problem+json";
    set beresp.http.Cache-Control = "no-store";
    set beresp.http.Retry-After = "1";
    set beresp.body = """{"type":"about:blank","title":"No node answers","status":503}""";
}

sub vcl_synth {
    set resp.http.Cache-Control = "no-store";
    set resp.http.X-Request-Id = req.http.X-Request-Id;
    # Else the rest of it would be read.
    if (req.http.X-Cinelog-Long) {
        set resp.http.Connection = "close";
    }
    if (resp.status == 200) {
        set resp.http.Content-Type = "text/plain";
        set resp.body = resp.reason;
        return (deliver);
    }
    if (resp.status == 429) {
        set resp.http.Retry-After = "1";
    }
    set resp.http.Content-Type = "application/problem+json";
    set resp.body = {"{"type":"about:blank","title":""} + resp.reason + {"","status":"} + resp.status + "}";
    return (deliver);
}

sub vcl_deliver {
    # Groups that a command says it changed (RFC 9875: on answers to unsafe methods only). Soft: the next who asks
    # makes it be fetched again. The purge that follows is what counts: this may come before the read side has heard
    # of it.
    if (resp.http.Cache-Group-Invalidation && resp.status < 400 && req.method != "GET" && req.method != "HEAD" &&
        req.method != "OPTIONS" && req.method != "TRACE") {
        set req.http.X-Cinelog-Groups =
            regsuball(regsuball(resp.http.Cache-Group-Invalidation, ";[^,]*", ""), {"[",]+"}, " ");
        set req.http.X-Cinelog-Groups = xkey.softpurge(req.http.X-Cinelog-Groups);
    }
    if (resp.http.X-Cinelog-Ranges) {
        set resp.http.Accept-Ranges = resp.http.X-Cinelog-Ranges;
        unset resp.http.X-Cinelog-Ranges;
    }
    unset resp.http.xkey;
    unset resp.http.Surrogate-Key;
    unset resp.http.X-Varnish;
    unset resp.http.Via;
    if (obj.hits > 0) {
        set resp.http.X-Cache = "HIT";
        # Those of whoever asked first.
        unset resp.http.traceparent;
        unset resp.http.RateLimit;
        unset resp.http.RateLimit-Policy;
        unset resp.http.X-RateLimit-Limit;
        unset resp.http.X-RateLimit-Remaining;
        unset resp.http.X-RateLimit-Reset;
    } elsif (obj.uncacheable) {
        set resp.http.X-Cache = "BYPASS";
    } else {
        set resp.http.X-Cache = "MISS";
    }
    set resp.http.X-Request-Id = req.http.X-Request-Id;
}
