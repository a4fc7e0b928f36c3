//! nginx, as it is shipped.

use std::{fs, path::Path, process::Command};

use super::{Gateway, Nodes, replace};

/// Makes a copy of what is shipped ready for this gateway; gives what runs it.
pub(super) fn prepare(gateway: &Gateway, deploy: &Path, nodes: &Nodes) -> Command {
    let text = |path: &Path| path.to_str().expect("a path in UTF-8").to_owned();
    let files = gateway.path("nginx");
    fs::create_dir_all(&files).expect("a folder can be made");
    let (files, token) = (text(&files), text(&gateway.path("token")));
    let (config, pid) = (deploy.join("nginx.conf"), text(&gateway.path("pid")));
    replace(
        &config,
        &[
            ("worker_processes auto", "worker_processes 2"),
            ("/var/cache/nginx", &files),
            ("/run/nginx.pid", &pid),
            ("/run/secrets/cinelog-purge-token", &token),
        ],
    );
    let listen = match gateway.is_told_of_clients {
        false => format!("listen 127.0.0.1:{};", gateway.port),
        true => format!(
            "listen 127.0.0.1:{} proxy_protocol;\n\
             set_real_ip_from 127.0.0.1;\nreal_ip_header proxy_protocol;",
            gateway.port
        ),
    };
    replace(&deploy.join("nginx/listen.conf"), &[("listen 8000;", &listen)]);
    let burst = format!("burst={} ", 200 * gateway.patience_with_clients);
    replace(&deploy.join("nginx/way.conf"), &[("burst=200 ", &burst)]);
    let rate = format!("rate={}r/s", 100 * gateway.patience_with_clients);
    let nodes = [
        ("query-1:8080", nodes.query[0].as_str()),
        ("query-2:8080", &nodes.query[1]),
        ("command-1:8080", &nodes.command[0]),
        ("command-2:8080", &nodes.command[1]),
        ("rate=100r/s", &rate),
    ];
    replace(&deploy.join("nginx/nodes.conf"), &nodes);
    let mut command = Command::new("nginx");
    command.arg("-c").arg(config).args(["-e", "/dev/stderr", "-g", "daemon off;"]);
    command
}
