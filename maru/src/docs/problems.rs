//! `/docs/problems`: where the `type` of a problem leads.

use std::fmt::Write;

use chat::ProblemCode;

/// Every kind of problem, each under its own fragment.
pub(super) fn catalogue() -> String {
    let mut rows = String::new();
    for code in ProblemCode::ALL {
        let (name, title) = (code.as_str(), code.title());
        let again = if code.retryable() { "yes" } else { "no" };
        let status = code.status();
        write!(
            rows,
            "<tr id=\"{name}\"><th scope=\"row\"><code>{name}</code></th><td>{title}</td>\
             <td>{status}</td><td>{again}</td></tr>"
        )
        .expect("a String takes everything");
    }
    include_str!("problems.html").replace("{rows}", &rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_of_a_problem_leads_to_its_row() {
        let page = catalogue();
        for code in ProblemCode::ALL {
            let uri = code.type_uri();
            let fragment = uri
                .strip_prefix("/docs/problems#")
                .expect("a fragment of it");
            assert!(page.contains(&format!("id=\"{fragment}\"")), "{uri}");
        }
    }
}
