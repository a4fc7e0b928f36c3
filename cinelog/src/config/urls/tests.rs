//! Which addresses there are, what is said of others, and that passwords in them are not shown.

use super::*;

fn log(url: &str) -> Result<LogUrl, String> {
    LogUrl::try_from(url.to_owned())
}

#[test]
fn every_kind_of_log_has_its_scheme() {
    assert_eq!(log("sqlite:log.db"), Ok(LogUrl::Sqlite("log.db".into())));
    for url in ["postgres://u@h/d", "postgresql://u:p@h:5433/d?sslmode=verify-full"] {
        assert!(matches!(log(url), Ok(LogUrl::Postgres(_))), "{url}");
    }
    for url in [
        "kurrentdb://localhost:2113?tls=false",
        "kurrentdb+discover://u:p@films.example",
        "kurrentdb://a:2113,b:2113,c:2113",
    ] {
        assert!(matches!(log(url), Ok(LogUrl::KurrentDb(_))), "{url}");
    }
}

#[test]
fn the_read_model_is_in_no_event_store() {
    let refused = ReadModelUrl::try_from("kurrentdb://h:2113".to_owned()).unwrap_err();
    assert!(refused.contains("postgres://"), "{refused}");
    assert!(ReadModelUrl::try_from("postgres://h/d".to_owned()).is_ok());
}

#[test]
fn what_is_no_address_is_refused_without_being_repeated() {
    for wrong in [
        "postgres://u:secret@h:port/d",
        "postgres://u:secret@h",
        "postgres://u:secret@h/d?sslmode=maybe",
        "postgres://u:secret@h/d?sslmdoe=verify-full",
        "postgres:secret",
        "kurrentdb://",
        "kurrentdb://u:secret@",
        "kurrentdb://u:secret@h:x",
        "mysql://u:secret@h",
        "secret",
        "sqlite:",
    ] {
        let error = log(wrong).unwrap_err();
        assert!(!error.contains("secret"), "{error}");
        assert!(error.contains("expected") || error.contains("sslmode"), "{error}");
    }
}

#[test]
fn what_is_no_address_of_a_redis_is_refused_without_being_repeated() {
    let read = |url: &str| RedisUrl::try_from(url.to_owned());
    for right in
        ["redis://h", "redis://:secret@h:6379/3", "rediss://u:se%2Fcret@h/", "redis://[::1]:6379"]
    {
        let url = read(right).unwrap();
        assert_eq!((url.reveal(), url.has_tls()), (right, right.starts_with("rediss")));
        assert!(!format!("{url:?} {}", String::from(url.clone())).contains("cret"), "{url:?}");
    }
    for wrong in [
        "http://u:secret@h",
        "redis:secret",
        "redis://u:secret@",
        "redis://u:secret@h:port",
        "redis://u:secret@h/films",
        "redis://u:secret@h?protocol=resp3",
        "rediss://u:secret@h/#insecure",
        "secret",
    ] {
        let error = read(wrong).unwrap_err();
        assert!(!error.contains("secret"), "{error}");
    }
}

#[test]
fn a_password_is_never_shown_and_always_given_to_whoever_connects() {
    for (url, shown) in [
        ("postgres://u:secret@h:5433/d", "postgres://u:********@h:5433/d"),
        ("postgres://u:se%2Fcret@h/d", "postgres://u:********@h/d"),
        ("postgres://u@h/d?password=secret", "postgres://u@h/d?password=********"),
        (
            "postgres://h/d?user=u&password=secret&sslmode=require",
            "postgres://h/d?user=u&password=********&sslmode=require",
        ),
        ("kurrentdb://u:sec:ret@a:1,b:2?tls=true", "kurrentdb://u:********@a:1,b:2?tls=true"),
    ] {
        let parsed = log(url).unwrap();
        assert_eq!(parsed.to_string(), shown);
        assert!(!format!("{parsed:?}").contains("secret"), "{parsed:?}");
        assert_eq!(log(shown).unwrap().to_string(), shown, "what is shown can be read again");
        let (LogUrl::Postgres(server) | LogUrl::KurrentDb(server)) = parsed else { panic!() };
        assert_eq!(server.reveal(), url);
    }
}
