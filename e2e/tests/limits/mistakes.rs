//! What is written wrong is said by its key, with what was expected; what is right is printed as it is.

use std::ffi::OsStr;

use e2e::{Output, run_in};

use crate::ground::variable;

fn check(key: &str, value: &str) -> Output {
    let name = variable(key);
    run_in(&[(&*name, OsStr::new(value))], ["config", "check"])
}

#[test]
fn a_mistake_is_said_by_its_key_and_with_what_was_expected() {
    for (key, value, said) in [
        ("read", "often", ["limits.read", "\"often\" is no rate", "100 per minute; 1000 per hour"]),
        ("read", "5 per fortnight", ["limits.read", "\"fortnight\"", "second, minute, hour, day"]),
        ("read", "0 per day", ["limits.read", "from 1 to 4294967295", "5/second"]),
        (
            "search",
            "with nobody",
            ["limits.search", "\"nobody\" is no group", "registration, mail"],
        ),
        ("limits/write/member", "many", ["limits.write", "\"many\" is no rate", "unlimited"]),
        ("limits/sign_in/admin", "9/s", ["limits.sign_in", "not known yet", "30 per minute"]),
        ("server/trusted_proxies", "proxy", ["server.trusted_proxies", "\"proxy\"", "10.0.0.0/8"]),
        (
            "server/trusted_proxies",
            "10.1.1.1/8",
            ["server.trusted_proxies", "not a whole", "10.0.0.0/8"],
        ),
        ("server/forwarded_header", "via", ["server.forwarded_header", "via", "x-forwarded-for"]),
    ] {
        let output = check(key, value);
        assert!(!output.success, "{key} = {value}: {output:?}");
        for part in said {
            assert!(output.stderr.contains(part), "{part}: {}", output.stderr);
        }
    }
}

#[test]
fn what_is_right_is_printed_as_it_can_be_read_again() {
    let output = check("read", "100/min; 1000 per 60 minutes").expect_success();
    assert!(output.stdout.contains("read = \"100 per minute; 1000 per hour\""), "{output:?}");
    let output = check("limits/read/member", "10/s").expect_success();
    assert!(output.stdout.contains("member = \"10 per second\""), "{output:?}");
}
