//! How a mapping is written: `Title=title,"Major Genre"=genres[]`.

use super::MappingError;

/// The columns and what they are said to be. A column may be in quotation marks, doubled inside; it
/// must be where it has a comma or `=`.
pub(super) fn pairs(text: &str) -> Result<Vec<(String, String)>, MappingError> {
    let mut pairs = Vec::new();
    let mut rest = text.trim();
    // Ends, since each round takes a pair off the text.
    while !rest.is_empty() {
        let (column, after) = column(rest)?;
        let (target, after) = after.split_once(',').unwrap_or((after, ""));
        pairs.push((column, target.trim().to_owned()));
        rest = after.trim_start();
    }
    if pairs.is_empty() { Err(MappingError::NoTarget(text.to_owned())) } else { Ok(pairs) }
}

/// The first column, and what follows its `=`.
fn column(text: &str) -> Result<(String, &str), MappingError> {
    let no_target = || MappingError::NoTarget(text.to_owned());
    let Some(mut rest) = text.strip_prefix('"') else {
        let (column, after) = text.split_once('=').ok_or_else(no_target)?;
        let column = column.trim();
        return if column.is_empty() { Err(no_target()) } else { Ok((column.to_owned(), after)) };
    };
    let mut column = String::new();
    loop {
        let (part, after) =
            rest.split_once('"').ok_or_else(|| MappingError::OpenQuote(text.to_owned()))?;
        column.push_str(part);
        match after.strip_prefix('"') {
            Some(after) => {
                column.push('"');
                rest = after;
            }
            None => {
                let after = after.trim_start().strip_prefix('=').ok_or_else(no_target)?;
                return Ok((column, after));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Vec<(String, String)> {
        pairs(text).unwrap()
    }

    fn pair(column: &str, target: &str) -> (String, String) {
        (column.to_owned(), target.to_owned())
    }

    #[test]
    fn a_mapping_has_commas_between_columns() {
        assert_eq!(
            read(r#"Title=title,"Major Genre"=genres[] , Running Time min = runtime_minutes"#),
            [
                pair("Title", "title"),
                pair("Major Genre", "genres[]"),
                pair("Running Time min", "runtime_minutes")
            ]
        );
    }

    #[test]
    fn a_column_in_quotation_marks_may_have_anything_in_its_name() {
        assert_eq!(read(r#""a,b=""c"""=title"#), [pair(r#"a,b="c""#, "title")]);
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in ".{0,60}") {
            let _ = pairs(&text);
        }

        #[test]
        fn what_is_written_in_quotation_marks_is_read_back(columns in proptest::collection::vec(".{1,10}", 1..5)) {
            let quoted = columns.iter().map(|name| format!("\"{}\"=title", name.replace('"', "\"\"")));
            let text = quoted.collect::<Vec<_>>().join(",");
            let read: Vec<String> = read(&text).into_iter().map(|(column, _)| column).collect();
            prop_assert_eq!(read, columns);
        }
    }
}
