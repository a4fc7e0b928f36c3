# Where the nodes are, and who may purge. The names are those of docker-compose.yml.

probe ready {
    .url = "/readyz";
    .interval = 1s;
    .timeout = 1s;
    .window = 3;
    .threshold = 2;
    .initial = 2;
}

backend query_1 {
    .host = "query-1";
    .port = "8080";
    .probe = ready;
    .connect_timeout = 500ms;
    .first_byte_timeout = 60s;
}

backend query_2 {
    .host = "query-2";
    .port = "8080";
    .probe = ready;
    .connect_timeout = 500ms;
    .first_byte_timeout = 60s;
}

backend command_1 {
    .host = "command-1";
    .port = "8080";
    .probe = ready;
    .connect_timeout = 500ms;
    .first_byte_timeout = 60s;
}

backend command_2 {
    .host = "command-2";
    .port = "8080";
    .probe = ready;
    .connect_timeout = 500ms;
    .first_byte_timeout = 60s;
}

sub vcl_init {
    new query = directors.round_robin();
    query.add_backend(query_1);
    query.add_backend(query_2);
    new command = directors.round_robin();
    command.add_backend(command_1);
    command.add_backend(command_2);
    new jobs = directors.shard();
    jobs.add_backend(command_1);
    jobs.add_backend(command_2);
    jobs.reconfigure();
}

# From where query nodes may purge: private networks. They need the token as well.
acl purgers {
    "127.0.0.0"/8;
    "10.0.0.0"/8;
    "172.16.0.0"/12;
    "192.168.0.0"/16;
    "::1";
    "fc00::"/7;
}
