//! Settings from the environment, with every fault told at once.
//!
//! A [`Settings`] is asked for one variable after the other and collects what is wrong instead of
//! stopping at the first; [`Settings::finish`] then says all of it. A variable that is set to the
//! empty text counts as absent. Values are named in faults only when they are no secret.

mod logs;
mod profile;

pub use logs::{LogFormat, Logs};
pub use profile::Profile;

use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::str::FromStr;

/// Looks a variable up by its name.
type Lookup<'a> = dyn Fn(&str) -> Option<OsString> + 'a;

/// Reads named variables and remembers every fault.
pub struct Settings<'a> {
    lookup: Box<Lookup<'a>>,
    faults: Vec<Fault>,
}

/// One variable that is missing or wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The variable's name.
    pub name: String,
    /// What is wrong and what would be right.
    pub detail: String,
}

/// Everything that is wrong with the configuration, a line each.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Faults(pub Vec<Fault>);

impl<'a> Settings<'a> {
    /// Reads through `lookup`, which a `config.rs` points at the environment and a test at a table.
    pub fn new(lookup: impl Fn(&str) -> Option<OsString> + 'a) -> Self {
        Self {
            lookup: Box::new(lookup),
            faults: Vec::new(),
        }
    }

    /// The text of a variable, or `None` where it is absent.
    pub fn text(&mut self, name: &str) -> Option<String> {
        let value = (self.lookup)(name).filter(|value| !value.is_empty())?;
        match value.into_string() {
            Ok(text) => Some(text),
            Err(_) => {
                self.fault(name, "is not valid UTF-8");
                None
            }
        }
    }

    /// The text of a variable without which there is no starting; `None` after noting the fault.
    pub fn required_text(&mut self, name: &str, expected: &str) -> Option<String> {
        let known = self.faults.len();
        let text = self.text(name);
        if text.is_none() && self.faults.len() == known {
            self.fault(name, format!("is not set; set it to {expected}"));
        }
        text
    }

    /// A variable parsed as `T`; `None` where it is absent, or wrong (which is noted).
    /// `expected` completes the sentence "… is not …".
    pub fn parsed<T: FromStr>(&mut self, name: &str, expected: &str) -> Option<T> {
        let text = self.text(name)?;
        let parsed = text.trim().parse().ok();
        if parsed.is_none() {
            self.fault(name, format!("{text:?} is not {expected}"));
        }
        parsed
    }

    /// A comma-separated list, each part trimmed; empty where the variable is absent.
    pub fn list(&mut self, name: &str) -> Vec<String> {
        self.text(name)
            .unwrap_or_default()
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(str::to_owned)
            .collect()
    }

    /// The PEM that a variable holds, on one line with `\\n` or on many, or that is in the file it
    /// names. Never quoted in a fault: it may be a secret.
    pub fn pem(&mut self, name: &str) -> Option<String> {
        let text = self.text(name)?;
        if text.contains("-----BEGIN") {
            return Some(text.replace("\\n", "\n"));
        }
        match fs::read_to_string(text.trim()) {
            Ok(pem) => Some(pem),
            Err(error) => {
                self.fault(
                    name,
                    format!("is neither PEM nor a file that can be read: {error}"),
                );
                None
            }
        }
    }

    /// Notes a fault that only the caller can see.
    pub fn fault(&mut self, name: &str, detail: impl Into<String>) {
        self.faults.push(Fault {
            name: name.to_owned(),
            detail: detail.into(),
        });
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// All faults that were noted, in the order of the questions.
    pub fn finish(self) -> Result<(), Faults> {
        if self.faults.is_empty() {
            Ok(())
        } else {
            Err(Faults(self.faults))
        }
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, Fault { name, detail }) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{name}: {detail}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(name: &str) -> Option<OsString> {
        match name {
            "PORT" => Some("many".into()),
            "GOOD" => Some(" 7 ".into()),
            "EMPTY" => Some("".into()),
            "LIST" => Some("a, b,,c ".into()),
            _ => None,
        }
    }

    #[test]
    fn all_faults_are_told_at_once() {
        let mut settings = Settings::new(table);
        assert_eq!(settings.parsed::<u16>("PORT", "a port"), None);
        assert_eq!(settings.required_text("URL", "an address"), None);
        assert_eq!(settings.parsed::<u16>("GOOD", "a number"), Some(7));
        let faults = settings.finish().expect_err("two faults");
        assert_eq!(
            faults.to_string(),
            "PORT: \"many\" is not a port\nURL: is not set; set it to an address"
        );
    }

    #[test]
    fn an_empty_variable_is_an_absent_one() {
        let mut settings = Settings::new(table);
        assert_eq!(settings.text("EMPTY"), None);
        assert_eq!(settings.list("EMPTY"), Vec::<String>::new());
        assert_eq!(settings.list("LIST"), ["a", "b", "c"]);
        settings.finish().expect("no fault");
    }

    #[test]
    fn a_pem_may_stand_on_one_line_and_is_not_quoted_where_it_is_wrong() {
        let mut settings = Settings::new(|name| match name {
            "KEY" => Some("-----BEGIN X-----\\nabc".into()),
            _ => Some("hunter2".into()),
        });
        assert_eq!(
            settings.pem("KEY").as_deref(),
            Some("-----BEGIN X-----\nabc")
        );
        assert_eq!(settings.pem("OTHER"), None);
        let faults = settings.finish().expect_err("no such file");
        assert!(!faults.to_string().contains("hunter2"));
    }

    #[cfg(unix)]
    #[test]
    fn bytes_that_are_no_text_are_a_fault_and_not_an_absence() {
        use std::os::unix::ffi::OsStringExt;
        let mut settings = Settings::new(|_| Some(OsString::from_vec(vec![0xff])));
        assert_eq!(settings.required_text("URL", "an address"), None);
        assert_eq!(settings.finish().expect_err("one fault").0.len(), 1);
    }
}
