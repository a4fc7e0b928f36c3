//! Lists and objects as Python prints them, `[{'id': 16, 'name': 'Animation'}]`: much data that is
//! passed around has them in its cells.

use serde_json::Value;

/// Reads what Python has printed. `None` where it is something else than lists, objects, texts, numbers
/// and the three constants.
pub(super) fn parse(text: &str) -> Option<Value> {
    let mut json = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\'' | '"' => {
                let string = string(c, &mut chars)?;
                json.push_str(&Value::String(string).to_string());
            }
            c if c.is_alphabetic() => {
                let mut word = String::from(c);
                while let Some(c) = chars.next_if(|c| c.is_alphanumeric()) {
                    word.push(c);
                }
                json.push_str(match word.as_str() {
                    "None" => "null",
                    "True" => "true",
                    "False" => "false",
                    _ => return None,
                });
            }
            c => json.push(c),
        }
    }
    serde_json::from_str(&json).ok()
}

/// The rest of a text that began with `quote`.
fn string(quote: char, chars: &mut impl Iterator<Item = char>) -> Option<String> {
    let mut text = String::new();
    loop {
        match chars.next()? {
            c if c == quote => return Some(text),
            '\\' => match chars.next()? {
                'n' => text.push('\n'),
                't' => text.push('\t'),
                'r' => text.push('\r'),
                'x' => text.push(code(chars, 2)?),
                'u' => text.push(code(chars, 4)?),
                c => text.push(c),
            },
            c => text.push(c),
        }
    }
}

/// A character by its number, in so many hexadecimal digits.
fn code(chars: &mut impl Iterator<Item = char>, digits: usize) -> Option<char> {
    let mut code = 0;
    for _ in 0..digits {
        code = code * 16 + chars.next()?.to_digit(16)?;
    }
    char::from_u32(code)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_python_prints_is_read() {
        assert_eq!(
            parse(r#"[{'id': 1, 'name': "Andy's", 'adult': False, 'x': None}, 'a\'b\xe9']"#),
            Some(json!([{"id": 1, "name": "Andy's", "adult": false, "x": null}, "a'bé"]))
        );
        assert_eq!(parse("[nan]"), None);
        assert_eq!(parse("['a"), None);
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in ".{0,40}") {
            let _ = parse(&text);
        }
    }
}
