//! What may be written where, which of it wins, and what is said of mistakes.

use std::io::Write;

use super::*;

fn load(toml: &str) -> Result<Config, String> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(toml.as_bytes()).unwrap();
    Config::load(Some(file.path()), &Overrides::default()).map_err(|e| e.to_string())
}

#[test]
fn an_empty_file_gives_the_defaults() {
    let config = load("").unwrap();
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.log.url.to_string(), "sqlite:log.db");
}

#[test]
fn an_unknown_key_is_named() {
    let error = load("[server]\nlissten = \"127.0.0.1:1\"").unwrap_err();
    assert!(error.contains("server") && error.contains("lissten"), "{error}");
    assert!(error.contains("listen"), "it says what there is: {error}");
}

#[test]
fn a_bad_value_is_named_with_what_was_expected() {
    let error = load("[query]\nmax_age = \"soon\"").unwrap_err();
    assert!(error.contains("query.max_age") && error.contains("10m"), "{error}");
    let error = load("[log]\nurl = \"mysql://x\"").unwrap_err();
    assert!(error.contains("log.url") && error.contains("sqlite:"), "{error}");
}

#[test]
fn a_password_is_shown_by_no_error_and_by_no_print_of_the_values() {
    let postgres = "url = \"postgres://cinelog:s3cr3t@db.example/films\"";
    let config = load(&format!("[log]\n{postgres}\n[read_model]\n{postgres}")).unwrap();
    for shown in [toml::to_string(&config).unwrap(), format!("{config:?}")] {
        assert!(shown.contains("postgres://cinelog:********@db.example/films"), "{shown}");
        assert!(!shown.contains("s3cr3t"), "{shown}");
    }
    let wrong = "url = \"postgres://cinelog:s3cr3t@db.example:port/films\"";
    let error = load(&format!("[log]\n{wrong}\n[read_model]\n{wrong}")).unwrap_err();
    assert!(error.contains("log.url") && error.contains("read_model.url"), "{error}");
    assert!(!error.contains("s3cr3t"), "{error}");
}

#[test]
fn the_log_and_the_read_model_may_share_a_database() {
    let postgres = "url = \"postgres://cinelog@localhost/films\"";
    load(&format!("[log]\n{postgres}\n[read_model]\n{postgres}")).unwrap();
}

#[test]
fn a_projector_that_is_fed_by_kafka_needs_brokers_and_a_read_model_on_postgres() {
    let error = load("[projector]\nsource = \"kafka\"").unwrap_err();
    for part in ["projector.source", "read_model.url is sqlite:read-model.db", "kafka.brokers"] {
        assert!(error.contains(part), "{part} in {error}");
    }
    let error = load("[projector]\nsource = \"redis\"").unwrap_err();
    assert!(error.contains("projector.source") && error.contains("kafka"), "{error}");
}

#[cfg(not(feature = "kurrentdb"))]
#[test]
fn a_binary_without_kurrentdb_says_how_to_get_one_with_it() {
    let error = load("[log]\nurl = \"kurrentdb://localhost:2113\"").unwrap_err();
    for part in ["log.url", "--features kurrentdb", "Docker"] {
        assert!(error.contains(part), "{part} in {error}");
    }
}

#[cfg(not(feature = "kafka"))]
#[test]
fn a_binary_without_kafka_says_how_to_get_one_with_it() {
    let error = load("[kafka]\nbrokers = \"localhost:9092\"").unwrap_err();
    for part in ["kafka.brokers", "--features kafka", "Docker"] {
        assert!(error.contains(part), "{part} in {error}");
    }
}

#[cfg(feature = "kafka")]
#[test]
fn a_process_that_does_everything_relays_where_there_is_a_kafka() {
    let brokers = "[kafka]\nbrokers = \"localhost:9092\"";
    assert!(load(brokers).unwrap().server.roles.has(Role::Relay));
    let part = format!("{brokers}\n[server]\nroles = \"command, query\"");
    assert!(!load(&part).unwrap().server.roles.has(Role::Relay));
    assert!(!load("").unwrap().server.roles.has(Role::Relay));
}

#[test]
fn a_relay_must_know_where_kafka_is() {
    let error = load("[server]\nroles = \"relay\"").unwrap_err();
    assert!(error.contains("kafka.brokers"), "{error}");
}

#[test]
fn a_value_out_of_range_is_named() {
    let error = load("[server]\nbody_limit_bytes = 1\n[read_model]\nreaders = 0").unwrap_err();
    assert!(error.contains("server.body_limit_bytes"), "{error}");
    assert!(error.contains("read_model.readers"), "both are told at once: {error}");
    let error = load("[identity]\nconnections = 0\nstatement_timeout = \"1ms\"").unwrap_err();
    assert!(error.contains("identity.connections: 0 is out of range, expected 1 to 64"), "{error}");
    assert!(error.contains("identity.statement_timeout in milliseconds"), "{error}");
}

#[test]
fn the_log_and_the_read_model_cannot_share_a_file() {
    let error = load("[read_model]\nurl = \"sqlite:log.db\"").unwrap_err();
    assert!(error.contains("read_model.url"), "{error}");
}

#[test]
fn mistakes_in_several_sections_are_told_at_once() {
    let error = load("[server]\nlissten = 1\n[query]\nmax_age = 5\n[lgo]\nurl = 1").unwrap_err();
    for key in ["lissten", "query.max_age", "lgo"] {
        assert!(error.contains(key), "{key} in {error}");
    }
}

#[test]
fn a_mistake_in_each_section_is_told() {
    let schema = reference::schema();
    let sections: Vec<_> = schema["properties"].as_object().unwrap().keys().collect();
    let toml: String =
        sections.iter().map(|section| format!("[{section}]\nnone_such = 1\n")).collect();
    let error = load(&toml).unwrap_err();
    for section in sections {
        let is_of_it = |line: &&str| line.trim().starts_with(section.as_str());
        let line = error.lines().find(is_of_it).unwrap_or_else(|| panic!("{section} in {error}"));
        assert!(line.contains("none_such"), "{line}");
    }
}

#[test]
fn an_address_that_cannot_be_purged_is_named() {
    let error =
        load("[gateway]\npurge = [\"https://cdn.example/\"]\npurge_token = \"x\"").unwrap_err();
    assert!(error.contains("gateway.purge: expected") && error.contains("http://"), "{error}");
    assert!(error.contains("gateway.purge_token"), "{error}");
    load("[gateway]\npurge = [\"http://varnish:8000/\"]").unwrap();
}

#[test]
fn a_flag_wins_over_the_file() {
    let mut flags = Overrides::default();
    flags.set("server.data", Some("elsewhere"));
    flags.set("server.listen", None::<String>);
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"[server]\ndata = \"here\"\nlisten = \"127.0.0.1:9\"").unwrap();
    let config = Config::load(Some(file.path()), &flags).unwrap();
    assert_eq!(config.server.data, PathBuf::from("elsewhere"));
    assert_eq!(config.server.listen.port(), 9);
}

fn load_with(variables: &[(&str, &str)]) -> Result<Config, String> {
    let file = tempfile::NamedTempFile::new().unwrap();
    Config::read(Some(file.path()), Environment::of(variables), &Overrides::default())
        .map_err(|error| error.to_string())
}

#[test]
fn a_text_of_the_environment_is_a_text_whatever_it_looks_like() {
    for text in ["123456", "true", "false", "1.5", "-7", "[x]", "{a=1}", "'x'", "0123"] {
        let config = load_with(&[
            ("kafka.protocol", "sasl_ssl"),
            ("kafka.username", text),
            ("kafka.password", text),
            ("objects.secret_access_key", text),
            ("objects.access_key_id", text),
            ("identity.audience", text),
            ("telemetry.otlp_headers_file", text),
        ])
        .unwrap();
        let kafka = &config.kafka;
        assert_eq!((kafka.username.as_str(), kafka.password.reveal()), (text, Some(text)));
        let objects = &config.objects;
        assert_eq!(objects.secret_access_key.reveal(), Some(text));
        assert_eq!((&*objects.access_key_id, &*config.identity.audience), (text, text));
        assert_eq!(config.telemetry.otlp_headers_file, Some(PathBuf::from(text)));
    }
    let token = "1234567890123456";
    let config = load_with(&[("gateway.purge_token", token)]).unwrap();
    assert_eq!(config.gateway.purge_token.reveal(), Some(token));
}

#[test]
fn the_environment_sets_numbers_switches_durations_and_lists() {
    let config = load_with(&[
        ("log.readers", "7"),
        ("kafka.replication", "3"),
        ("telemetry.sampling_ratio", "0.1"),
        ("command.require_if_match", "true"),
        ("query.max_age", "10m"),
        ("server.roles", "[query, command]"),
        ("gateway.purge", "http://a:80/, http://b:80/"),
    ])
    .unwrap();
    assert_eq!((config.log.readers, config.kafka.replication), (7, Some(3)));
    assert_eq!(config.telemetry.sampling_ratio.to_string(), "0.1");
    assert!(config.command.require_if_match);
    assert_eq!(config.query.max_age.as_secs(), 600);
    assert_eq!(config.server.roles.to_string(), "command, query");
    assert_eq!(config.gateway.purge, ["http://a:80/", "http://b:80/"]);
    let config = load_with(&[("gateway.purge", r#"["http://a:80/"]"#)]).unwrap();
    assert_eq!(config.gateway.purge, ["http://a:80/"]);
}

#[test]
fn the_environment_sets_keys_of_things_that_have_names() {
    let provider = "identity.providers.google";
    let config = load_with(&[
        (&format!("{provider}.issuer"), "https://accounts.google.com"),
        (&format!("{provider}.client_id"), "4711"),
        (&format!("{provider}.client_secret"), "true"),
        (&format!("{provider}.scopes"), "email, profile"),
        (&format!("{provider}.link_by_email"), "false"),
        (&format!("{provider}.redirect_uri"), "https://a.example/v1/login/google/callback"),
    ])
    .unwrap();
    let google = &config.identity.providers["google"];
    assert_eq!((&*google.client_id, google.client_secret.reveal()), ("4711", Some("true")));
    assert_eq!((google.link_by_email, &*google.scopes[1]), (false, "profile"));
}

#[test]
fn what_cannot_be_a_value_of_the_environment_is_named_and_not_shown() {
    let login = "http://user:pwSECRET@x/";
    let mut keys = vec!["log.readers", "gateway.purge", "log.url", "read_model.url"];
    keys.extend(["redis.url", "objects.url", "objects.endpoint", "telemetry.otlp_endpoint"]);
    keys.extend(["kafka.brokers", "server.listen", "kafka.password.more", "kafka.topic"]);
    for key in keys {
        let mut variables = vec![(key, login)];
        if key == "objects.endpoint" {
            variables.push(("objects.url", "s3://films"));
        }
        let error = load_with(&variables).unwrap_err();
        let key = key.trim_end_matches(".more");
        assert!(error.contains(&format!("{key}: ")), "{key} in {error}");
        assert!(!error.contains("SECRET"), "{error}");
    }
    let error = load_with(&[("kafka", "SECRET"), ("kafka.topic", "x")]).unwrap_err();
    assert!(error.contains("kafka: ") && !error.contains("SECRET"), "{error}");
}

#[test]
fn a_value_of_the_wrong_type_in_the_file_is_not_shown() {
    let error = load("[kafka]\npassword = 4711\n[gateway]\npurge = 4711").unwrap_err();
    for part in ["kafka.password: found a number, expected a string", "gateway.purge: "] {
        assert!(error.contains(part), "{part} in {error}");
    }
    assert!(!error.contains("4711"), "{error}");
}

#[test]
fn a_file_that_is_no_toml_is_said_once_and_blamed_on_no_section() {
    let error = load("[kafka]\npassword = s3cret\n").unwrap_err();
    assert_eq!(error.lines().count(), 2, "{error}");
    assert!(error.contains("line 2, column 12: ") && !error.contains("s3cret"), "{error}");
}

#[test]
fn the_effective_values_read_back_as_a_file() {
    let printed = toml::to_string(&Config::default()).unwrap();
    let again = load(&printed).unwrap();
    assert_eq!(toml::to_string(&again).unwrap(), printed);
}
