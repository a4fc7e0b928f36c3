//! Varnish, as it is shipped.

use std::{path::Path, process::Command};

use super::{Gateway, Nodes, replace};

/// Makes a copy of what is shipped ready for this gateway; gives what runs it.
pub(super) fn prepare(gateway: &Gateway, deploy: &Path, nodes: &Nodes) -> Command {
    let config = deploy.join("varnish.vcl");
    let token = gateway.path("token");
    let limit = format!("client.identity, {}, 2s", 200 * gateway.patience_with_clients);
    replace(
        &config,
        &[
            ("/run/secrets/cinelog-purge-token", token.to_str().expect("a path in UTF-8")),
            ("client.identity, 200, 2s", &limit),
        ],
    );
    let place = |name: &str| format!(".host = \"{name}\";\n    .port = \"8080\";");
    let pairs = [
        ("query-1", &nodes.query[0]),
        ("query-2", &nodes.query[1]),
        ("command-1", &nodes.command[0]),
        ("command-2", &nodes.command[1]),
    ];
    for (name, address) in pairs {
        let (host, port) = address.split_once(':').expect("HOST:PORT");
        let there = format!(".host = \"{host}\";\n    .port = \"{port}\";");
        replace(&deploy.join("varnish/nodes.vcl"), &[(&place(name), &there)]);
    }
    let mut command = Command::new("varnishd");
    // As the first lines of varnish.vcl say; the rest is for a process beside others on one machine.
    command.args(["-F", "-j", "none", "-T", "none", "-s", "malloc,64m", "-p", "vsl_space=8M"]);
    command.args(["-p", "http_gzip_support=off", "-p", "http_range_support=off"]);
    let protocol = if gateway.is_told_of_clients { "PROXY" } else { "HTTP" };
    command.arg("-a").arg(format!("127.0.0.1:{},{protocol}", gateway.port));
    command.arg("-n").arg(gateway.path("varnish")).arg("-f").arg(config);
    command
}
