//! `traceparent` (W3C Trace Context): the text, and what it says.

use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};

/// Later versions may be longer than version 00, but not without bound.
const BYTES_MAX: usize = 256;

/// Whether `text` is a `traceparent` (W3C Trace Context section 3.2): `00-{trace}-{parent}-{flags}` in
/// lower-case hexadecimal digits, ids not all zeros. Later versions may have more after the flags.
#[must_use]
pub fn is_traceparent(text: &str) -> bool {
    let hex = |part: &str, len: usize| {
        part.len() == len && part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    };
    let id = |part: &str, len: usize| hex(part, len) && part.bytes().any(|b| b != b'0');
    let mut parts = text.splitn(5, '-');
    let mut next = || parts.next().unwrap_or_default();
    let (version, trace, parent, flags) = (next(), next(), next(), next());
    let more = parts.next().is_some();
    hex(version, 2)
        && version != "ff"
        && id(trace, 32)
        && id(parent, 16)
        && hex(flags, 2)
        && !(more && version == "00")
        && text.len() <= BYTES_MAX
        && text.bytes().all(|b| b.is_ascii_graphic())
}

/// The span that a `traceparent` names, in whatever process it was. `None` where it is none.
pub(crate) fn parse(text: &str) -> Option<SpanContext> {
    if !is_traceparent(text) {
        return None;
    }
    let trace = TraceId::from_hex(text.get(3..35)?).ok()?;
    let span = SpanId::from_hex(text.get(36..52)?).ok()?;
    let flags = u8::from_str_radix(text.get(53..55)?, 16).ok()?;
    // Other flags than this one mean nothing to us, and may not be passed on (section 3.2.2.5.2).
    let flags = TraceFlags::default().with_sampled(flags & 1 == 1);
    Some(SpanContext::new(trace, span, flags, true, TraceState::default()))
}

/// The `traceparent` that names a span.
pub(crate) fn text(context: &SpanContext) -> String {
    let flags = context.trace_flags().to_u8();
    format!("00-{}-{}-{flags:02x}", context.trace_id(), context.span_id())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GIVEN: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_traceparent_follows_the_grammar_of_its_version() {
        assert!(is_traceparent(GIVEN));
        assert!(is_traceparent(&GIVEN.replacen("00", "01", 1).replace("-01", "-01-more")));
        for bad in [
            GIVEN.to_uppercase(),
            GIVEN.replacen("00", "ff", 1),
            format!("{GIVEN}-more"),
            GIVEN.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32)),
            GIVEN.replace("00f067aa0ba902b7", &"0".repeat(16)),
            GIVEN[..54].to_owned(),
            String::new(),
        ] {
            assert!(!is_traceparent(&bad), "{bad}");
            assert!(parse(&bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn whether_it_is_sampled_is_the_last_bit_of_the_flags() {
        for (flags, sampled) in [("00", false), ("01", true), ("02", false), ("ff", true)] {
            let given = GIVEN.replace("-01", &format!("-{flags}"));
            let context = parse(&given).unwrap();
            assert_eq!(context.is_sampled(), sampled, "{flags}");
            assert!(context.is_remote());
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(trace in 1u128.., span in 1u64.., sampled: bool) {
            let flags = TraceFlags::default().with_sampled(sampled);
            let state = TraceState::default();
            let context = SpanContext::new(trace.into(), span.into(), flags, true, state);
            prop_assert_eq!(parse(&text(&context)), Some(context));
        }

        #[test]
        fn no_text_makes_it_panic(given in "\\PC{0,300}") {
            prop_assert_eq!(parse(&given).is_some(), is_traceparent(&given));
        }
    }
}
