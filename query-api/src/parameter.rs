//! Query parameters: each is declared once, and from that both documented and read.
//!
//! What a declaration's JSON Schema allows is read, and everything else is refused, so that the
//! document at `/openapi.json` is exact. Nothing here knows what a parameter is for.

use utoipa::openapi::{
    ArrayBuilder, Object, ObjectBuilder, RefOr, Required, Schema, SchemaFormat, Type,
    path::{ParameterBuilder, ParameterIn, ParameterStyle},
    schema::SchemaType,
};

/// A query parameter.
#[derive(Clone)]
pub(crate) struct Parameter {
    /// Its name, such as `year[gte]`.
    pub(crate) name: String,
    /// What its values look like.
    pub(crate) form: Form,
    /// What it is for; Markdown.
    pub(crate) description: String,
    /// Whether it stands in the OpenAPI document. Cursors do not: no client can make one up.
    pub(crate) documented: bool,
}

/// What a parameter's values look like.
#[derive(Clone)]
pub(crate) enum Form {
    /// A whole number in these bounds.
    Integer { min: i64, max: i64 },
    /// A number in these bounds.
    Number { min: i64, max: i64 },
    /// A day, as `YYYY-MM-DD`.
    Date,
    /// A text of 1 to this many characters, not all of them blank.
    Text { max_chars: usize },
    /// Several of these words, at most so many, between commas.
    Words { of: Vec<String>, most: usize },
    /// Several texts that keep a rule, at most so many, between commas.
    RuledList { rule: Rule, most: usize },
    /// Names: the parameter may be repeated at most so many times, and each may hold several names
    /// between commas.
    Names { most: usize },
}

/// What a text must look like.
#[derive(Clone, Copy)]
pub(crate) struct Rule {
    /// The regular expression, in the words of JSON Schema.
    pub(crate) pattern: &'static str,
    /// The most characters.
    pub(crate) max_chars: usize,
    /// The same rule, in code.
    pub(crate) holds: fn(&str) -> bool,
    /// The same rule, in English: "must be …".
    pub(crate) must: &'static str,
}

/// A value that was read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Argument {
    Integer(i64),
    Number(f64),
    Text(String),
    List(Vec<String>),
}

/// The most characters of one value of [`Form::Names`].
const MAX_NAMES_CHARS: usize = 200;

/// A text that says something holds a character that [`is_blank`] does not hold for.
pub(crate) const TEXT_PATTERN: &str =
    r"[^\u0000-\u0020\u007f-\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]";

/// A value of [`Form::Names`] holds such a character that is not a comma.
const NAMES_PATTERN: &str =
    r"[^,\u0000-\u0020\u007f-\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]";

impl Parameter {
    /// A documented parameter.
    pub(crate) fn new(name: impl Into<String>, form: Form, description: impl Into<String>) -> Self {
        Self { name: name.into(), form, description: description.into(), documented: true }
    }

    /// The parameter as OpenAPI describes it.
    pub(crate) fn openapi(&self) -> utoipa::openapi::path::Parameter {
        let parameter = ParameterBuilder::new()
            .name(&self.name)
            .parameter_in(ParameterIn::Query)
            .required(Required::False)
            .description(Some(&self.description))
            .schema(Some(self.form.schema()));
        match self.form {
            Form::Words { .. } | Form::RuledList { .. } => {
                parameter.style(Some(ParameterStyle::Form)).explode(Some(false)).build()
            }
            _ => parameter.build(),
        }
    }
}

impl Form {
    fn schema(&self) -> RefOr<Schema> {
        let text = || ObjectBuilder::new().schema_type(Type::String).min_length(Some(1));
        let ruled = |rule: &Rule| {
            text().max_length(Some(rule.max_chars)).pattern(Some(rule.pattern)).build()
        };
        let list = |items: Object, most: usize| {
            ArrayBuilder::new().items(items).min_items(Some(1)).max_items(Some(most)).into()
        };
        match self {
            Self::Integer { min, max } => {
                let format = SchemaFormat::Custom("int64".to_owned());
                bounded(Type::Integer, *min, *max).format(Some(format)).into()
            }
            Self::Number { min, max } => bounded(Type::Number, *min, *max).into(),
            Self::Date => ObjectBuilder::new()
                .schema_type(Type::String)
                .format(Some(SchemaFormat::Custom("date".to_owned())))
                .into(),
            Self::Text { max_chars } => {
                text().max_length(Some(*max_chars)).pattern(Some(TEXT_PATTERN)).into()
            }
            Self::Words { of, most } => {
                let word = ObjectBuilder::new()
                    .schema_type(Type::String)
                    .enum_values(Some(of.iter().cloned()));
                list(word.build(), *most)
            }
            Self::RuledList { rule, most } => list(ruled(rule), *most),
            // Each value by itself: that there may be several is said in words. As a list, a single
            // name could not be told from a value of another type once it is in an address.
            Self::Names { .. } => {
                text().max_length(Some(MAX_NAMES_CHARS)).pattern(Some(NAMES_PATTERN)).into()
            }
        }
    }

    /// Reads one value.
    ///
    /// # Errors
    /// What the value must be, in English.
    pub(crate) fn read(&self, text: &str) -> Result<Argument, String> {
        match self {
            Self::Integer { min, max } => integer(text)
                .filter(|number| (min..=max).contains(&number))
                .map(Argument::Integer)
                .ok_or_else(|| format!("must be a whole number from {min} to {max}")),
            Self::Number { min, max } => number(text)
                .filter(|number| in_bounds(*number, *min, *max))
                .map(Argument::Number)
                .ok_or_else(|| format!("must be a number from {min} to {max}")),
            Self::Date => is_date(text)
                .then(|| Argument::Text(text.to_owned()))
                .ok_or_else(|| "must be a day such as 1994-09-23".to_owned()),
            Self::Text { max_chars } => is_text(text, *max_chars)
                .then(|| Argument::Text(text.to_owned()))
                .ok_or_else(|| format!("must have 1 to {max_chars} characters, not all blank")),
            Self::Words { of, most } => read_list(text, *most, |word| {
                let known = of.iter().any(|known| known == word);
                known.then(|| word.to_owned()).ok_or_else(|| {
                    format!("must be a list, between commas, of these: {}", of.join(", "))
                })
            }),
            Self::RuledList { rule, most } => read_list(text, *most, |item| rule.read(item)),
            Self::Names { .. } => read_names(text),
        }
    }

    /// How often the parameter may be given.
    pub(crate) fn most_times(&self) -> usize {
        if let Self::Names { most } = self { *most } else { 1 }
    }
}

impl Rule {
    fn read(&self, text: &str) -> Result<String, String> {
        ((1..=self.max_chars).contains(&text.chars().count()) && (self.holds)(text))
            .then(|| text.to_owned())
            .ok_or_else(|| format!("must be {}", self.must))
    }
}

/// Whether a text has 1 to so many characters, and one that is not blank.
pub(crate) fn is_text(text: &str, max_chars: usize) -> bool {
    text.chars().count() <= max_chars && !text.chars().all(is_blank)
}

/// Whether a character shows nothing: white space and control characters. A slug made of nothing else
/// would be anybody's.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || c.is_control()
}

fn bounded(of: Type, min: i64, max: i64) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::new(of)).minimum(Some(min)).maximum(Some(max))
}

#[expect(clippy::cast_precision_loss, reason = "bounds are small whole numbers")]
fn in_bounds(number: f64, min: i64, max: i64) -> bool {
    (min as f64..=max as f64).contains(&number)
}

fn read_list(
    text: &str,
    most: usize,
    read: impl Fn(&str) -> Result<String, String>,
) -> Result<Argument, String> {
    let items = text.split(',').map(read).collect::<Result<Vec<_>, _>>()?;
    if items.len() > most {
        return Err(format!("must have at most {most} parts"));
    }
    Ok(Argument::List(items))
}

fn read_names(text: &str) -> Result<Argument, String> {
    let says_something = |c: char| c != ',' && !is_blank(c);
    if text.chars().count() > MAX_NAMES_CHARS || !text.contains(says_something) {
        return Err(format!(
            "must be a name or a slug, or several between commas, of at most {MAX_NAMES_CHARS} \
             characters in all"
        ));
    }
    let is_name = |part: &&str| part.contains(says_something);
    Ok(Argument::List(text.split(',').filter(is_name).map(str::to_owned).collect()))
}

/// A number in JSON's notation. (`inf`, `+1` and `.5` are none, though Rust reads them.)
fn number(text: &str) -> Option<f64> {
    let starts_well = text.starts_with(|c: char| c == '-' || c.is_ascii_digit());
    let ends_well = text.ends_with(|c: char| c.is_ascii_digit());
    (starts_well && ends_well).then(|| serde_json::from_str(text).ok()).flatten()
}

/// A whole number in JSON's notation: `7`, and `7.0` as well, which JSON Schema takes for the same.
fn integer(text: &str) -> Option<i64> {
    if let Ok(number) = serde_json::from_str::<i64>(text) {
        return number_is_plain(text).then_some(number);
    }
    /// Up to here every whole number is exactly one `f64`.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let number = number(text).filter(|number| number.fract() == 0.0 && number.abs() <= EXACT)?;
    #[expect(clippy::cast_possible_truncation, reason = "it is whole, and small enough")]
    Some(number as i64)
}

/// Whether there is nothing but the number: serde_json allows white space around it.
fn number_is_plain(text: &str) -> bool {
    text.bytes().all(|byte| byte == b'-' || byte.is_ascii_digit())
}

/// Whether `text` is a full date of RFC 3339, which is stricter than what jiff reads.
fn is_date(text: &str) -> bool {
    let is_plain = text.len() == 10
        && text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    is_plain && text.parse::<jiff::civil::Date>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether one of the characters that a pattern excludes is this one.
    fn excludes(pattern: &str, c: char) -> bool {
        let class = pattern.strip_prefix("[^").unwrap().strip_suffix(']').unwrap();
        let (comma, class) = class.strip_prefix(',').map_or((false, class), |rest| (true, rest));
        let code = |text: &str| u32::from_str_radix(text.strip_prefix("\\u").unwrap(), 16).unwrap();
        let mut ranges = Vec::new();
        let mut rest = class;
        while !rest.is_empty() {
            let (first, after) = rest.split_at(6);
            let (last, after) = match after.strip_prefix('-') {
                Some(after) => after.split_at(6),
                None => (first, after),
            };
            ranges.push(code(first)..=code(last));
            rest = after;
        }
        (comma && c == ',') || ranges.iter().any(|range| range.contains(&u32::from(c)))
    }

    #[test]
    fn the_patterns_exclude_what_is_blank_and_nothing_else() {
        for c in '\0'..=char::MAX {
            assert_eq!(excludes(TEXT_PATTERN, c), is_blank(c), "{c:?}");
            assert_eq!(excludes(NAMES_PATTERN, c), is_blank(c) || c == ',', "{c:?}");
        }
    }

    #[test]
    fn a_blank_text_is_none() {
        for text in ["", " ", "\u{2003}", "\t\u{a0}\u{1}"] {
            assert!(!is_text(text, 9), "{text:?}");
            assert!(read_names(text).is_err(), "{text:?}");
        }
        assert!(is_text(" a", 9));
        assert_eq!(read_names("\u{2003},a"), Ok(Argument::List(vec!["a".to_owned()])));
    }
}
