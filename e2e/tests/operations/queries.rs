//! What dashboards and alerts ask for is there: every expression is understood by Prometheus, and every
//! metric and label in it is one that a running Cinelog has.

use std::{collections::BTreeSet, fs, time::Instant};

use e2e::PATIENCE;
use serde_json::Value;

use crate::{
    expressions::asked,
    prometheus::{Prometheus, deployed},
    running::Running,
};

/// An expression, and where it stands.
struct Expression {
    place: String,
    text: String,
    /// Whether it gives something while all is well.
    has_result: bool,
}

/// The expressions of a dashboard, with what Grafana would put into them.
fn of_dashboard(dashboard: &Value) -> Vec<Expression> {
    let mut found = Vec::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        let targets = panel["targets"].as_array().cloned().unwrap_or_default();
        assert_eq!(targets.is_empty(), panel["type"] == "row", "{}", panel["title"]);
        for target in targets {
            let text = target["expr"].as_str().unwrap();
            let text = text.replace("$__rate_interval", "1m").replace("$job", "cinelog");
            let text = text.replace("$instance", ".*");
            assert!(!text.contains('$'), "what is put in for the variable? {text}");
            let place = format!("panel {}", panel["title"]);
            found.push(Expression { place, text, has_result: true });
        }
    }
    found
}

/// What the variables of a dashboard are chosen from: `label_values(metric, label)`.
fn of_variables(dashboard: &Value) -> Vec<(String, String)> {
    let variables = dashboard["templating"]["list"].as_array().unwrap().iter();
    let queries = variables.filter_map(|variable| variable["query"]["query"].as_str());
    let pair = |query: &str| {
        let inner = query.strip_prefix("label_values(").and_then(|it| it.strip_suffix(')'));
        let (metric, label) = inner.unwrap_or_else(|| panic!("{query}")).rsplit_once(", ").unwrap();
        (metric.replace("$job", "cinelog"), label.to_owned())
    };
    queries.map(pair).collect()
}

/// What an expression asks for and Prometheus has not.
async fn missing(prometheus: &Prometheus, expression: &Expression) -> Vec<String> {
    let asked = asked(&expression.text);
    let mut missing = Vec::new();
    let mut labels = BTreeSet::new();
    for selector in &asked.selectors {
        let metric = &selector.metric;
        let all = prometheus.query(metric).await;
        let series = all.as_array().unwrap();
        if series.is_empty() {
            missing.push(format!("{}: there is no metric {metric}", expression.place));
        }
        labels.extend(
            series.iter().flat_map(|one| one["metric"].as_object().unwrap().keys().cloned()),
        );
        for (label, operator, value) in &selector.matchers {
            // A value that only failures have, such as a status, is asked for by a pattern.
            let condition = match operator.as_str() {
                "=" => format!("{metric}{{{label}=\"{value}\"}}"),
                _ => format!("{metric}{{{label}!=\"\"}}"),
            };
            if prometheus.query(&condition).await.as_array().unwrap().is_empty() {
                missing.push(format!("{}: there is no {condition}", expression.place));
            }
        }
    }
    for label in asked.labels.difference(&labels) {
        missing.push(format!("{}: nothing has a label {label}", expression.place));
    }
    let result = prometheus.query(&expression.text).await;
    if expression.has_result && result.as_array().is_some_and(Vec::is_empty) {
        missing.push(format!("{}: nothing comes of {}", expression.place, expression.text));
    }
    missing
}

/// What all expressions and variables ask for and Prometheus has not.
async fn missing_in_all(
    prometheus: &Prometheus,
    expressions: &[Expression],
    variables: &[(String, String)],
) -> Vec<String> {
    let mut missing_all = Vec::new();
    for expression in expressions {
        missing_all.extend(missing(prometheus, expression).await);
    }
    for (metric, label) in variables {
        let by = format!("count by ({label}) ({metric})");
        let values = prometheus.query(&by).await;
        if values.as_array().unwrap().iter().all(|it| it["metric"][label].is_null()) {
            missing_all.push(format!("variable {label}: {metric} has none"));
        }
    }
    missing_all
}

#[tokio::test(flavor = "multi_thread")]
async fn every_metric_and_label_that_dashboards_and_alerts_ask_for_is_there() {
    let running = Running::start().await;
    let prometheus = Prometheus::watching(&running.targets()).await;
    // Between two looks of Prometheus: there is something to have a rate of.
    running.work().await;

    let text = fs::read_to_string(deployed("grafana/cinelog.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&text).unwrap();
    let mut expressions = of_dashboard(&dashboard);
    let panels = expressions.len();
    for rule in prometheus.rules().await {
        let place = format!("alert {}", rule["name"]);
        let text = rule["query"].as_str().unwrap().to_owned();
        expressions.push(Expression { place, text, has_result: false });
    }
    let alerts = expressions.len() - panels;
    assert!(panels >= 30 && alerts >= 15, "{panels} expressions of panels, {alerts} of alerts");
    let variables = of_variables(&dashboard);
    // It comes with the next looks; and what Prometheus looks at in vain has nothing until the next one.
    let deadline = Instant::now() + PATIENCE;
    let mut missing_all = missing_in_all(&prometheus, &expressions, &variables).await;
    while !missing_all.is_empty() && Instant::now() < deadline {
        missing_all = missing_in_all(&prometheus, &expressions, &variables).await;
    }
    assert!(missing_all.is_empty(), "{missing_all:#?}");
    println!("{panels} expressions of panels and {alerts} of alerts ask for what there is");
}
