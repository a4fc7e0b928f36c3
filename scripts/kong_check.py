"""Looks at deploy/kong.yml, as far as that goes without Kong. Part of scripts/check-deployment.

Whether each name in it is one that Kong knows; whether nodes are those of docker-compose.yml; whether the plugin that
keeps answers sees only requests that say nothing but an address; which route takes which request, by Kong's own rule:
of those that match, the one that asks for more; that no route takes bodies to disk. What Kong makes of it is not
known: it was never run.
"""

import pathlib
import re

# The names that Kong 3.9 knows, of those that there is any use for here.
KNOWN = {
    "": {"_format_version", "upstreams", "services", "plugins"},
    "upstreams": {"name", "targets", "healthchecks", "hash_on", "hash_on_header", "hash_fallback", "algorithm"},
    "targets": {"target", "weight"},
    "services": {"name", "host", "port", "protocol", "connect_timeout", "read_timeout", "write_timeout", "retries", "routes"},
    "routes": {"name", "paths", "methods", "headers", "strip_path", "preserve_host", "request_buffering", "response_buffering"},
    "plugins": {"name", "route", "service", "config"},
}

# The settings of the plugins that are used.
PLUGINS = {
    "correlation-id": {"header_name", "generator", "echo_downstream"},
    "rate-limiting": {"second", "minute", "hour", "limit_by", "policy", "hide_client_headers", "fault_tolerant"},
    "proxy-cache": {"strategy", "cache_control", "response_code", "request_method", "content_type", "vary_headers", "cache_ttl"},
    "response-transformer": {"remove", "rename", "replace", "add", "append"},
    "request-size-limiting": {"allowed_payload_size", "size_unit", "require_content_length"},
}

HEALTHCHECKS = {
    "active": {"type", "http_path", "timeout", "concurrency", "healthy", "unhealthy"},
    "passive": {"type", "healthy", "unhealthy"},
}
HEALTHY = {"interval", "successes", "http_statuses"}
UNHEALTHY = {"interval", "http_failures", "tcp_failures", "timeouts", "http_statuses"}

# Where requests are to go: the route, and the service by it.
FILM = "/v1/movies/0190a5d2-7c3e-7b1a-9f00-1c2d3e4f5a6b"
EXPECTED = [
    ("GET", FILM, {}, "reads-public"),
    ("HEAD", "/v1/movies", {}, "reads-public"),
    ("GET", "/problems/not-found", {}, "reads-public"),
    ("GET", FILM, {"Authorization": "Bearer x"}, "reads-own"),
    ("GET", FILM, {"Cinelog-Min-Position": "7"}, "reads-at"),
    ("GET", "/v1/movies", {"Range": "items=0-1"}, "reads-part"),
    ("GET", FILM, {"If-None-Match": '"x"'}, "reads-if-new"),
    ("GET", "/v1/events/live", {}, "streams"),
    ("GET", "/v1/events/live", {"Authorization": "Bearer x"}, "streams-own"),
    ("POST", "/v1/movies", {"Authorization": "Bearer x"}, "writes"),
    ("PUT", f"{FILM}/ratings/me", {"Authorization": "Bearer x"}, "writes"),
    ("PATCH", FILM, {}, "writes"),
    ("DELETE", FILM, {}, "writes"),
    ("OPTIONS", "/v1/movies", {}, "writes"),
    ("BREW", "/v1/movies", {}, "writes"),
    ("GET", "/v1/jobs/x/results", {}, "jobs"),
    ("GET", "/v1/jobs/x", {"Authorization": "Bearer x"}, "jobs-own"),
    ("GET", "/v1/jobs/x", {"Authorization": "Bearer x", "If-None-Match": '"x"'}, "jobs-own"),
    ("DELETE", "/v1/jobs/x", {"Authorization": "Bearer x"}, "jobs-own"),
    ("DELETE", "/v1/jobs/x", {}, "jobs"),
    ("POST", "/v1/movies/bulk", {"Authorization": "Bearer x"}, "bulk"),
    ("POST", "/v1/movies/bulk", {"Prefer": "respond-async"}, "bulk-later"),
]


def wrong(root: pathlib.Path, yaml, services) -> list[str]:
    """All that is wrong with the file, as sentences. `services` are the names that docker-compose.yml has."""
    kong = yaml.safe_load((root / "deploy/kong.yml").read_text())
    found = unknown_names(kong) + wrong_references(kong, services)
    found += wrong_ways(kong) + wrong_keeping(kong) + wrong_bodies(kong)
    return [f"deploy/kong.yml: {sentence}" for sentence in found]


def unknown_names(kong):
    found = [f"{name} is no name that Kong knows" for name in sorted(set(kong) - KNOWN[""])]

    def look(kind, entity):
        for name in sorted(set(entity) - KNOWN[kind]):
            found.append(f"{name} is not known in {kind}")

    for upstream in kong["upstreams"]:
        look("upstreams", upstream)
        for target in upstream["targets"]:
            look("targets", target)
        for kind, checks in upstream["healthchecks"].items():
            names = HEALTHCHECKS.get(kind, set())
            found += [f"{kind}.{name} is not known in healthchecks" for name in sorted(set(checks) - names)]
            for state, known in [("healthy", HEALTHY), ("unhealthy", UNHEALTHY)]:
                odd = sorted(set(checks.get(state, {})) - known)
                found += [f"{kind}.{state}.{name} is not known in healthchecks" for name in odd]
    for service in kong["services"]:
        look("services", service)
        for route in service["routes"]:
            look("routes", route)
    for plugin in kong["plugins"]:
        look("plugins", plugin)
        settings = PLUGINS.get(plugin["name"])
        if settings is None:
            found.append(f"the plugin {plugin['name']} is not among those that were looked up")
            continue
        found += [f"{plugin['name']} has no setting {name}" for name in sorted(set(plugin["config"]) - settings)]
    return found


def wrong_references(kong, services):
    upstreams = {upstream["name"] for upstream in kong["upstreams"]}
    routes = [route["name"] for service in kong["services"] for route in service["routes"]]
    found = [f"{service['name']} leads to {service['host']}, which there is not"
             for service in kong["services"] if service["host"] not in upstreams]
    found += [f"{plugin['name']} is for the route {plugin['route']}, which there is not"
              for plugin in kong["plugins"] if plugin.get("route", routes[0]) not in routes]
    found += [f"two routes are called {name}" for name in sorted({n for n in routes if routes.count(n) > 1})]
    for upstream in kong["upstreams"]:
        for target in upstream["targets"]:
            name, _, port = target["target"].partition(":")
            if name not in services or port != "8080":
                found.append(f"docker-compose.yml has no {target['target']}")
    found += [f"the route {route['name']} changes the path" for service in kong["services"]
              for route in service["routes"] if route.get("strip_path") is not False]
    return found


def takes(route, method, path, headers):
    """Whether a route matches, and how much it asks for; `None` where it does not."""
    lower = {name.lower(): value for name, value in headers.items()}
    if method not in route.get("methods", [method]):
        return None
    prefix = max((p for p in route["paths"] if path.startswith(p)), key=len, default=None)
    if prefix is None:
        return None
    for name, values in route.get("headers", {}).items():
        value = lower.get(name.lower())
        if value is None or not any(re.search(pattern.removeprefix("~*"), value, re.IGNORECASE) for pattern in values):
            return None
    asks = sum(kind in route for kind in ("paths", "methods", "headers"))
    return asks, len(route.get("headers", {})), len(prefix)


def wrong_ways(kong):
    found = []
    routes = [(route, service) for service in kong["services"] for route in service["routes"]]
    for method, path, headers, expected in EXPECTED:
        matching = [(takes(route, method, path, headers), route["name"], service) for route, service in routes]
        matching = sorted((m for m in matching if m[0]), key=lambda match: match[0], reverse=True)
        taken = matching[0][1] if matching else "no route"
        if taken != expected:
            found.append(f"{method} {path} with {headers} is taken by {taken}, not by {expected}")
        if len(matching) > 1 and matching[0][0] == matching[1][0]:
            found.append(f"{method} {path} with {headers} may be taken by {taken} or {matching[1][1]}")
        if matching and method not in ("GET", "HEAD") and matching[0][2]["retries"] != 0:
            found.append(f"{method} {path} may be sent twice")
    return found


def wrong_keeping(kong):
    found = []
    for plugin in kong["plugins"]:
        if plugin["name"] != "proxy-cache":
            continue
        config = plugin["config"]
        if plugin.get("route") != "reads-public":
            found.append("proxy-cache sees more than public reads: it would keep what is answered to a token")
        if config.get("cache_control") is not True:
            found.append("proxy-cache does not do what Cache-Control says")
        if config.get("response_code") != [200]:
            found.append("proxy-cache keeps failures or parts")
        # What Cinelog's Vary names, but for what has a route of its own.
        if set(config.get("vary_headers", [])) != {"Accept", "Accept-Encoding", "Origin", "Prefer"}:
            found.append("proxy-cache would give out an answer in another form than was asked for")
    return found


def wrong_bodies(kong):
    """Routes by which a stranger's body fills the disk."""
    found, bounded = [], set()
    for plugin in kong["plugins"]:
        if plugin["name"] == "request-size-limiting":
            if plugin["config"].get("require_content_length") is not True:
                found.append("request-size-limiting reads a body to its end to find out its length")
            bounded.add(plugin.get("route"))
    routes = [route for service in kong["services"] for route in service["routes"]]
    found += [f"the route {route['name']} takes bodies of any length to disk" for route in routes
              if route.get("request_buffering") is not False and route["name"] not in bounded]
    return found
