//! The parameters of a query.

use std::convert::Infallible;
use std::str::FromStr;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use chat::{Problem, ProblemCode};

use crate::ProblemResponse;

/// The query of a request, which is asked for one parameter after the other and collects what is
/// wrong with them; [`Parameters::finish`] then tells all of it. Parameters that nobody asks for
/// are ignored.
#[derive(Debug)]
pub struct Parameters {
    pairs: Vec<(String, String)>,
    faults: Vec<(String, String)>,
}

impl Parameters {
    /// Reads a query such as `limit=50&before=7`, percent-encoded as forms are.
    pub fn of(query: &str) -> Self {
        let pairs = form_urlencoded::parse(query.as_bytes());
        Self {
            pairs: pairs.into_owned().collect(),
            faults: Vec::new(),
        }
    }

    /// The value of a parameter; `None` where it is absent, or given twice (which is noted).
    pub fn text(&mut self, name: &str) -> Option<&str> {
        let mut values = self.pairs.iter().filter(|(known, _)| known == name);
        let (first, second) = (values.next(), values.next());
        if second.is_some() {
            self.faults.push((name.to_owned(), "is given twice".into()));
            return None;
        }
        first.map(|(_, value)| value.as_str())
    }

    /// A parameter parsed as `T` that passes `is_good`; `None` where it is absent, or wrong (which
    /// is noted). `expected` completes the sentence "… is not …".
    pub fn parsed<T: FromStr>(
        &mut self,
        name: &str,
        expected: &str,
        is_good: impl FnOnce(&T) -> bool,
    ) -> Option<T> {
        let parsed = self.text(name)?.parse().ok().filter(is_good);
        if parsed.is_none() {
            self.faults
                .push((name.to_owned(), format!("is not {expected}")));
        }
        parsed
    }

    /// Notes what is wrong with a parameter; `detail` completes the sentence "The parameter … …".
    pub fn fault(&mut self, name: &str, detail: String) {
        self.faults.push((name.to_owned(), detail));
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// A problem that names every parameter that is wrong, as `?name`, in the order of the
    /// questions.
    pub fn finish(self) -> Result<(), ProblemResponse> {
        let Some((name, detail)) = self.faults.first() else {
            return Ok(());
        };
        let problem = Problem::new(
            ProblemCode::InvalidRequest,
            format!("The parameter {name} {detail}."),
        );
        let pointed = self.faults.into_iter().fold(problem, |problem, fault| {
            problem.pointing_at(format!("?{}", fault.0), fault.1)
        });
        Err(pointed.into())
    }
}

impl<S: Sync> FromRequestParts<S> for Parameters {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(parts.uri.query().unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_and_absent_parameters_are_read_and_the_unknown_ignored() {
        let mut parameters = Parameters::of("limit=5&q=a%20b+%EB%A7%88&x=1&x=2");
        assert_eq!(
            parameters.parsed("limit", "a number", |_: &u32| true),
            Some(5)
        );
        assert_eq!(parameters.text("q"), Some("a b 마"));
        assert_eq!(parameters.text("before"), None);
        parameters.finish().expect("no fault");
    }

    #[test]
    fn every_wrong_parameter_is_named() {
        let mut parameters = Parameters::of("limit=many&before=-1&after=1&after=2");
        assert_eq!(
            parameters.parsed::<u32>("limit", "a number", |_| true),
            None
        );
        assert_eq!(
            parameters.parsed::<i64>("before", "a number from 0", |n| *n >= 0),
            None
        );
        assert_eq!(parameters.text("after"), None);

        let ProblemResponse(problem) = parameters.finish().expect_err("three faults");
        let faults: Vec<_> = problem
            .errors()
            .iter()
            .map(|error| (error.pointer.as_ref(), error.detail.as_ref()))
            .collect();
        assert_eq!(
            faults,
            [
                ("?limit", "is not a number"),
                ("?before", "is not a number from 0"),
                ("?after", "is given twice")
            ]
        );
        assert_eq!(problem.detail(), "The parameter limit is not a number.");
    }
}
