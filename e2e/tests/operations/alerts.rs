//! Alerts fire when they should, and each says where it stands what to do.

use std::{fs, path::Path, process::Command};

use crate::prometheus::{Prometheus, deployed};

/// Runs promtool to its end, in the folder of the alerts.
fn promtool(arguments: &[&str]) -> String {
    let output = Command::new("promtool").args(arguments).current_dir(deployed("alerts")).output();
    let output = output.expect("promtool is missing: scripts/prometheus installs it");
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(output.status.success(), "{said}");
    said
}

#[test]
fn the_configuration_and_the_rules_are_what_prometheus_reads() {
    promtool(&["check", "config", "../prometheus.yml"]);
    promtool(&["check", "rules", "cinelog.yml"]);
}

#[test]
fn alerts_are_quiet_while_all_is_well_and_fire_when_their_time_has_come() {
    let said = promtool(&["test", "rules", "cinelog_test.yml"]);
    assert!(said.contains("SUCCESS"), "{said}");
}

/// The anchors of the headings of a page, as GitHub makes them.
fn anchors(page: &str) -> Vec<String> {
    let headings = page.lines().filter(|line| line.starts_with('#'));
    let anchor = |line: &str| {
        let text = line.trim_start_matches('#').trim().to_lowercase();
        let kept = text.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        kept.collect::<String>().replace(' ', "-")
    };
    headings.map(anchor).collect()
}

#[tokio::test]
async fn every_alert_has_a_section_that_says_what_to_do_and_every_section_an_alert() {
    let prometheus = Prometheus::watching(&[]).await;
    let page = "docs/operations.md";
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(page);
    let anchors = anchors(&fs::read_to_string(file).unwrap());
    let mut alerts = Vec::new();
    for rule in prometheus.rules().await {
        let name = rule["name"].as_str().unwrap().to_lowercase();
        assert_eq!(rule["annotations"]["runbook_url"], format!("{page}#{name}"));
        assert!(anchors.contains(&name), "{page} has no section {name}");
        assert!(rule["annotations"]["summary"].is_string(), "{name}");
        assert!(rule["labels"]["severity"] == "page" || rule["labels"]["severity"] == "ticket");
        alerts.push(name);
    }
    let sections =
        anchors.iter().filter(|anchor| anchor.starts_with("cinelog") && !anchor.contains('-'));
    for section in sections {
        assert!(alerts.contains(section), "{page} explains {section}, which is no alert");
    }
}
