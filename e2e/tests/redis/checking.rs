//! What is configured is tried out, and what is wrong with it is said without a password.

use std::ffi::OsStr;

use e2e::{Output, run_in};
use proving_ground::PrivateRedis;

fn check(environment: &[(&str, &str)]) -> Output {
    let environment: Vec<_> =
        environment.iter().map(|(name, value)| (*name, OsStr::new(*value))).collect();
    run_in(&environment, ["redis", "check"])
}

#[tokio::test]
async fn a_redis_that_does_all_that_is_asked_of_it_passes() {
    let redis = PrivateRedis::start_with(&[("requirepass", "sesame")]).await;
    let url = redis.url().replace("://", "://:sesame@");
    let long = ("CINELOG__REDIS__TIMEOUT", "1s");
    // The longest that may be set, which a machine that stands still for a second misses all the same.
    let mut tries = (0..5).map(|_| check(&[("CINELOG__REDIS__URL", &url), long]));
    let output = tries.find(|output| output.success).expect("one in five is in time");
    for step in ["answers in time", "shares answers", "counts for all nodes"] {
        assert!(output.stdout.contains(step), "{output:?}");
    }
}

#[tokio::test]
async fn what_is_wrong_is_said_and_no_password_shown() {
    let redis = PrivateRedis::start_with(&[("requirepass", "right")]).await;
    let with = |login: &str| redis.url().replace("://", &format!("://{login}@"));
    let short = ("CINELOG__REDIS__CONNECT_TIMEOUT", "3s");
    let cases = [
        (vec![("CINELOG__REDIS__URL", with(":sesame"))], "does not answer"),
        (vec![("CINELOG__REDIS__URL", "redis://:sesame@127.0.0.1:1".to_owned())], "refused"),
        (vec![("CINELOG__REDIS__URL", "redis://:sesame@host:port".to_owned())], "redis.url"),
        (vec![("CINELOG__REDIS__PREFIX", "a b".to_owned())], "redis.prefix"),
        (vec![("CINELOG__REDIS__CHANGE_FEED", "true".to_owned())], "redis.change_feed"),
        (vec![], "redis.url is not set"),
    ];
    for (environment, said) in cases {
        let mut environment: Vec<_> =
            environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
        environment.push(short);
        let output = check(&environment);
        assert!(!output.success && output.stderr.contains(said), "{said}: {output:?}");
        assert!(!format!("{output:?}").contains("sesame"), "{output:?}");
    }
}
