//! Quotation marks that stand where none should: `"Weird Al" Yankovic`, `"the "best" film"`.

use super::Dialect;

/// Whether every cell that begins with a mark ends with one, and has others only in pairs.
pub(super) fn are_paired(text: &[u8], Dialect { delimiter, quote }: Dialect) -> bool {
    let Some(quote) = quote else { return true };
    let ends_cell = |byte: Option<&u8>| byte.is_none_or(|&byte| byte == delimiter || byte == b'\n');
    let (mut at, mut starts_cell) = (0, true);
    while let Some(&byte) = text.get(at) {
        at += 1;
        if !starts_cell || byte != quote {
            starts_cell = byte == delimiter;
            continue;
        }
        // Goes to the mark that ends the cell.
        loop {
            match text.get(at) {
                None => return false,
                Some(&byte) if byte != quote => at += 1,
                Some(_) if text.get(at + 1) == Some(&quote) => at += 2,
                Some(_) if ends_cell(text.get(at + 1)) => break,
                Some(_) => return false,
            }
        }
        at += 1;
        starts_cell = false;
    }
    true
}

/// The cells of a line whose marks are not paired: a mark ends a cell only where the delimiter follows,
/// and where no mark does so the one at the beginning is a character too.
pub(super) fn split(line: &str, Dialect { delimiter, quote }: Dialect) -> Vec<String> {
    let (delimiter, quote) = (char::from(delimiter), quote.map(char::from));
    let mut cells = Vec::new();
    let mut rest = Some(line);
    // Ends, since each round takes a cell off the line.
    while let Some(text) = rest {
        let quoted = quote.and_then(|quote| {
            let inside = text.strip_prefix(quote)?;
            let end = inside.match_indices(quote).find(|(at, mark)| {
                let after = &inside[at + mark.len()..];
                after.is_empty() || after.starts_with(delimiter)
            });
            let (end, mark) = end?;
            let cell = inside[..end].replace(&format!("{quote}{quote}"), &quote.to_string());
            Some((cell, &inside[end + mark.len()..]))
        });
        let (cell, after) = match quoted {
            Some(quoted) => quoted,
            None => {
                let end = text.find(delimiter).unwrap_or(text.len());
                (text[..end].to_owned(), &text[end..])
            }
        };
        cells.push(cell);
        rest = after.strip_prefix(delimiter);
    }
    cells
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CSV: Dialect = Dialect { delimiter: b',', quote: Some(b'"') };

    #[test]
    fn marks_are_paired_as_the_format_has_it() {
        for good in ["a,b", "\"a,\"\"b\"\"\",c", "5\" tall,\"x\ny\"", "", "\"\""] {
            assert!(are_paired(good.as_bytes(), CSV), "{good}");
        }
        for bad in ["\"a", "\"a\"b,c", "x,\"the \"best\" film\"", "\"\"\""] {
            assert!(!are_paired(bad.as_bytes(), CSV), "{bad}");
        }
    }

    #[test]
    fn marks_inside_are_characters() {
        assert_eq!(split("\"Weird Al\" Yankovic,1989", CSV), ["\"Weird Al\" Yankovic", "1989"]);
        assert_eq!(
            split("\"a,b\",\"the \"best\" film\",x", CSV),
            ["a,b", "the \"best\" film", "x"]
        );
    }

    proptest! {
        #[test]
        fn any_line_has_cells(line in "[a\",b]{0,20}") {
            prop_assert!(!split(&line, CSV).is_empty());
            are_paired(line.as_bytes(), CSV);
        }
    }
}
