//! A field of a form.

/// The decoded value of the first field called `name` in `application/x-www-form-urlencoded`
/// text (a query or a body), as the URL standard parses it: `+` is a space and a `%` without two
/// hexadecimal digits stands for itself.
pub(crate) fn field(form: &[u8], name: &[u8]) -> Option<Vec<u8>> {
    form.split(|&byte| byte == b'&').find_map(|pair| {
        let mut halves = pair.splitn(2, |&byte| byte == b'=');
        let key = halves.next().unwrap_or_default();
        let value = halves.next().unwrap_or_default();
        (decoded(key) == name).then(|| decoded(value))
    })
}

fn decoded(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        rest = tail;
        match (first, tail) {
            (b'+', _) => bytes.push(b' '),
            (b'%', [high, low, after @ ..]) => match (digit(*high), digit(*low)) {
                (Some(high), Some(low)) => {
                    bytes.push(high << 4 | low);
                    rest = after;
                }
                _ => bytes.push(b'%'),
            },
            (byte, _) => bytes.push(*byte),
        }
    }
    bytes
}

/// The value of a hexadecimal digit.
fn digit(byte: u8) -> Option<u8> {
    let value = char::from(byte).to_digit(16)?;
    u8::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(form: &str, name: &str) -> Option<String> {
        field(form.as_bytes(), name.as_bytes()).map(|v| String::from_utf8(v).expect("UTF-8"))
    }

    #[test]
    fn the_first_field_of_that_name_is_decoded() {
        assert_eq!(found("d=%5B%22x%22%5D", "d").as_deref(), Some("[\"x\"]"));
        assert_eq!(found("a=1&d=2&d=3", "d").as_deref(), Some("2"));
        assert_eq!(found("%64=a+b%2Bc", "d").as_deref(), Some("a b+c"));
        assert_eq!(found("d=a=b", "d").as_deref(), Some("a=b"));
        assert_eq!(found("d=%EA%b0%80", "d").as_deref(), Some("가"));
    }

    #[test]
    fn a_field_without_value_is_empty_and_a_missing_one_is_none() {
        assert_eq!(found("d=", "d").as_deref(), Some(""));
        assert_eq!(found("d", "d").as_deref(), Some(""));
        assert_eq!(found("", "d"), None);
        assert_eq!(found("p=p", "d"), None);
    }

    #[test]
    fn a_percent_sign_without_two_digits_stands_for_itself() {
        assert_eq!(found("d=100%&x", "d").as_deref(), Some("100%"));
        assert_eq!(found("d=%4", "d").as_deref(), Some("%4"));
        assert_eq!(found("d=%zz%61", "d").as_deref(), Some("%zza"));
    }
}
