//! The cookie that keeps a client on its server.

use crate::answer::Header;

/// The longest value that is echoed, in bytes.
const VALUE_BYTES_MAX: usize = 256;

/// The header that sets `JSESSIONID`: some load balancers keep a client on one server only once
/// they see it, and put their own mark into it. The client's value is given back, or `dummy`
/// where there is none; it is set every time, so that the balancer may change it.
pub(crate) fn set_cookie(cookies: Option<&str>) -> Header {
    let value = cookies.and_then(value).unwrap_or("dummy");
    ("set-cookie", format!("JSESSIONID={value}; Path=/").into())
}

/// The client's value, where it is of the characters that a cookie may have (RFC 6265, 4.1.1).
fn value(cookies: &str) -> Option<&str> {
    let value = cookies.split(';').find_map(|cookie| {
        let (name, value) = cookie.split_once('=')?;
        (name.trim() == "JSESSIONID").then_some(value.trim())
    })?;
    let is_value = |byte: u8| byte.is_ascii_graphic() && !b"\",;\\".contains(&byte);
    let echoed = !value.is_empty() && value.len() <= VALUE_BYTES_MAX && value.bytes().all(is_value);
    echoed.then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(cookies: Option<&str>) -> String {
        set_cookie(cookies).1.into_owned()
    }

    #[test]
    fn a_client_without_the_cookie_gets_a_dummy() {
        for cookies in [
            None,
            Some(""),
            Some("a=b"),
            Some("JSESSIONID="),
            Some("JSESSIONID"),
        ] {
            assert_eq!(set(cookies), "JSESSIONID=dummy; Path=/", "{cookies:?}");
        }
    }

    #[test]
    fn the_clients_cookie_is_given_back() {
        assert_eq!(set(Some("JSESSIONID=abcdef")), "JSESSIONID=abcdef; Path=/");
        assert_eq!(
            set(Some("a=b; JSESSIONID=x.y=1")),
            "JSESSIONID=x.y=1; Path=/"
        );
    }

    #[test]
    fn a_value_that_no_cookie_has_is_not_given_back() {
        for odd in ["a b", "a\"b", "a\r\nx", "가", &"x".repeat(257)] {
            let cookies = format!("JSESSIONID={odd}");
            assert_eq!(set(Some(&cookies)), "JSESSIONID=dummy; Path=/", "{odd}");
        }
    }
}
