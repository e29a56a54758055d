//! When a certificate ends, for the log. Walks over DER (X.690) as far as RFC 5280, 4.1 needs, and
//! checks nothing: what does not look like a certificate has no end.

/// The tags of the two forms of a time, and of the optional version (RFC 5280, 4.1 and 4.1.2.5).
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const VERSION: u8 = 0xa0;

/// The last moment at which a certificate is valid, such as `2030-01-31T23:59:59Z`.
pub(super) fn not_after(certificate: &[u8]) -> Option<String> {
    let signed = element(element(certificate)?.content)?;
    let first = element(signed.content)?;
    let serial = if first.tag == VERSION { element(first.rest)? } else { first };
    let algorithm = element(serial.rest)?;
    let issuer = element(algorithm.rest)?;
    let validity = element(issuer.rest)?;
    let not_before = element(validity.content)?;
    let not_after = element(not_before.rest)?;
    let text = std::str::from_utf8(not_after.content).ok()?;
    let (year, rest) = match not_after.tag {
        UTC_TIME => {
            let (year, rest) = text.split_at_checked(2)?;
            let century = if year >= "50" { "19" } else { "20" };
            (format!("{century}{year}"), rest)
        }
        GENERALIZED_TIME => text.split_at_checked(4).map(|(year, rest)| (year.to_owned(), rest))?,
        _ => return None,
    };
    let [m1, m2, d1, d2, h1, h2, min1, min2, s1, s2, 'Z'] = rest.chars().collect::<Vec<_>>()[..]
    else {
        return None;
    };
    Some(format!("{year}-{m1}{m2}-{d1}{d2}T{h1}{h2}:{min1}{min2}:{s1}{s2}Z"))
}

/// One value and what follows it.
struct Element<'a> {
    tag: u8,
    content: &'a [u8],
    rest: &'a [u8],
}

fn element(der: &[u8]) -> Option<Element<'_>> {
    let (&[tag, length], rest) = der.split_first_chunk()?;
    // Below 128 it is the length; else the number of bytes that hold it.
    let (length, rest) = match usize::from(length) {
        length @ ..0x80 => (length, rest),
        n => {
            let (bytes, rest) = rest.split_at_checked(n - 0x80)?;
            if bytes.len() > LENGTH_BYTES_MAX {
                return None;
            }
            (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
        }
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some(Element { tag, content, rest })
}

/// No certificate is longer than three bytes can say.
const LENGTH_BYTES_MAX: usize = 3;
