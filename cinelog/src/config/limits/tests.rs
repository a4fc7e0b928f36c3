//! What may be written for a group, and which rules follow from it.

use http_kit::RateCallers;
use rate_limit::Policy;

use super::*;

fn read(toml: &str) -> Result<LimitsConfig, String> {
    let config: LimitsConfig = toml::from_str(toml).map_err(|error| error.to_string())?;
    let mut wrong = Vec::new();
    config.check(&mut wrong);
    if wrong.is_empty() { Ok(config) } else { Err(wrong.join("\n")) }
}

fn told(policy: &Option<Policy>) -> String {
    let Some(policy) = policy else { return "unlimited".to_owned() };
    let told = |window: &rate_limit::Window| {
        format!("{}={}/{}", window.name(), window.quota(), window.length().as_secs())
    };
    policy.windows().iter().map(told).collect::<Vec<_>>().join(" ")
}

/// Anonymous and the four roles.
fn rule(config: &LimitsConfig, group: RateGroup) -> (String, Vec<String>) {
    let rules = config.rules().unwrap();
    let (_, rule) = rules.into_iter().find(|(of, _)| *of == group).unwrap();
    let callers = match &rule.callers {
        RateCallers::Anybody(policy) => vec![told(&Some(policy.clone()))],
        RateCallers::ByRole { anonymous, roles } => {
            std::iter::once(anonymous).chain(roles).map(told).collect()
        }
    };
    (rule.counter, callers)
}

#[test]
fn by_default_only_what_is_about_accounts_is_limited() {
    let config = LimitsConfig::default();
    let groups: Vec<_> = config.rules().unwrap().into_iter().map(|(group, _)| group).collect();
    use RateGroup::{Account, Mail, Registration, SignIn};
    assert_eq!(groups, [Account, SignIn, Registration, Mail]);
    assert_eq!(rule(&config, Account).1, ["account-minute=300/60"; 5]);
    let (counter, policies) = rule(&config, RateGroup::SignIn);
    assert_eq!(counter, "sign_in");
    assert_eq!(policies, ["sign_in-minute=30/60 sign_in-hour=300/3600"]);
}

#[test]
fn one_text_is_for_everybody_and_a_table_goes_on_from_role_to_role() {
    let config = read("read = \"5/s\"\nsearch = {anonymous = \"1/s\", member = \"2/s\", admin = \"unlimited\"}\nwrite = {editor = \"3/s\"}").unwrap();
    assert_eq!(rule(&config, RateGroup::Read).1, ["read-second=5/1"; 5]);
    let [one, two] = ["search-second=1/1", "search-second=2/1"];
    assert_eq!(rule(&config, RateGroup::Search).1, [one, one, two, two, "unlimited"]);
    let write = ["unlimited", "unlimited", "unlimited", "write-second=3/1", "write-second=3/1"];
    assert_eq!(rule(&config, RateGroup::Write).1, write);
}

#[test]
fn groups_that_go_together_share_a_counter_and_its_rates() {
    let config =
        read("read = \"5/s\"\nsearch = \"with read\"\nmail = \"with registration\"").unwrap();
    assert_eq!(rule(&config, RateGroup::Search), rule(&config, RateGroup::Read));
    assert_eq!(rule(&config, RateGroup::Mail).0, "registration");
}

#[test]
fn what_is_written_wrong_is_said_with_what_was_expected() {
    for (toml, said) in [
        ("read = \"often\"", "\"often\" is no rate, expected such as"),
        ("read = 5", "expected rates for everybody"),
        ("read = {guest = \"5/s\"}", "anonymous"),
        ("read = {member = \"5\"}", "10 per 5 minutes"),
        ("read = \"with exempt\"", "expected \"with\" and one of read, search"),
        ("read = \"with read\"", "limits.read: is with itself"),
        ("read = \"with search\"\nsearch = \"with rate\"", "limits.read: search is with another"),
        ("read = \"with mail\"", "limits.read: mail is not counted in the same way"),
        ("sign_in = {member = \"5/s\"}", "limits.sign_in: who asks is not known yet"),
        ("reads = \"5/s\"", "reads"),
    ] {
        let error = read(toml).unwrap_err();
        assert!(error.contains(said), "{toml}: {error}");
    }
}

#[test]
fn what_is_printed_is_read_again() {
    let config =
        read("read = {anonymous = \"1/s;60/m\", admin = \"unlimited\"}\nsearch = \"with read\"")
            .unwrap();
    let printed = toml::to_string(&config).unwrap();
    assert_eq!(toml::to_string(&read(&printed).unwrap()).unwrap(), printed);
}
