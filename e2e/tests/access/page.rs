//! The table in `docs/access.md`: what everybody was told.

use std::{collections::BTreeMap, fmt::Write, fs, path::Path};

use crate::{callers::Who, walk::Seen};

/// Where it is.
const PAGE: &str = "../docs/access.md";

/// Between these lines, which stay.
const BEGIN: &str = "<!-- made by e2e/tests/access, written by scripts/generate -->\n";
const END: &str = "<!-- end -->\n";

/// Asks to write the table rather than to compare it.
const WRITE: &str = "CINELOG_WRITE_GENERATED";

/// Compares the committed table with what was seen; or writes it, where that is asked for.
pub(crate) fn compare_or_write(seen: &Seen) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE);
    let page = fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(BEGIN).expect("the line where the table begins");
    let (table, after) = rest.split_once(END).expect("the line where it ends");
    let made = table_of(seen);
    if std::env::var_os(WRITE).is_some() {
        fs::write(&path, format!("{before}{BEGIN}{made}{END}{after}")).unwrap();
    } else {
        assert!(
            table == made,
            "docs/access.md is not what was seen; scripts/generate writes it\n{made}"
        );
    }
}

fn table_of(seen: &Seen) -> String {
    let mut table = String::from(
        "\n| route | role | scope | nobody | viewer | member | editor | admin | key | counted as |\n\
         |---|---|---|---|---|---|---|---|---|---|\n",
    );
    for (row, told) in seen {
        let (role, scope) = match &row.needs {
            Some((role, scope)) => (role.as_str(), format!("`{scope}`")),
            None => ("–", "–".to_owned()),
        };
        let told = columns(row.needs.as_ref().map(|(_, scope)| scope.as_str()), told);
        let group = &row.group;
        // Writing to a String never fails.
        let _ = writeln!(table, "| `{}` | {role} | {scope} | {told} | {group} |", row.name());
    }
    table + "\n"
}

/// What nobody, each role and a key with the scope that is needed were told.
fn columns(scope: Option<&str>, told: &BTreeMap<String, u16>) -> String {
    let key = match scope {
        // No key has this one: another stands for all.
        None | Some("account") => "ratings",
        Some(scope) => scope,
    };
    let mut all = vec![format!("{:?}", Who::Nobody)];
    all.extend(crate::callers::ROLES.map(|role| format!("{:?}", Who::Role(role))));
    all.push(format!("Key({key:?})"));
    all.iter().map(|who| told[who].to_string()).collect::<Vec<_>>().join(" | ")
}
