//! A server that is measured.

use std::net::SocketAddr;
use std::str::FromStr;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use serde::Serialize;

use crate::dialect::Dialect;

/// Where a server is, how it is spoken to and which processes it is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Target {
    /// What it is called in the report.
    pub(crate) name: String,
    /// Where it listens, once for each of its instances; connections are spread over them evenly.
    pub(crate) at: Vec<SocketAddr>,
    /// The path of its WebSocket endpoint.
    pub(crate) path: String,
    /// How it is spoken to.
    pub(crate) dialect: Dialect,
    /// The server's processes.
    pub(crate) pids: Vec<u32>,
    /// The processes of its database and broker, which are accounted apart.
    pub(crate) backends: Vec<u32>,
    /// Where `/auth/guest` gives out tokens; none are used without it.
    pub(crate) guests: Option<SocketAddr>,
    /// The Postgres that it stores in.
    pub(crate) database: Option<String>,
}

impl Target {
    /// The instance of the `index`th connection.
    pub(crate) fn instance(&self, index: usize) -> SocketAddr {
        self.at[index % self.at.len()]
    }
}

/// How a target is written.
pub(crate) const TARGET_FORM: &str = "name=maru,at=127.0.0.1:8080[,at=…],dialect=maru,pid=1234[,pid=…][,backend=…][,path=/ws][,guests=127.0.0.1:8081][,database=postgres://…]";

impl FromStr for Target {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let (mut name, mut dialect, mut guests, mut database) = (None, None, None, None);
        let mut at = Vec::new();
        let (mut path, mut pids, mut backends) = ("/ws".to_owned(), Vec::new(), Vec::new());
        for part in text.split(',') {
            let (key, value) = part
                .split_once('=')
                .with_context(|| format!("{part:?} is not key=value, as in {TARGET_FORM}"))?;
            let wrong = || format!("{part:?} cannot be read; the form is {TARGET_FORM}");
            match key {
                "name" => name = Some(value.to_owned()),
                "at" => at.push(value.parse().with_context(wrong)?),
                "dialect" => {
                    let known = Dialect::from_str(value, true);
                    dialect = Some(known.map_err(anyhow::Error::msg).with_context(wrong)?);
                }
                "guests" => guests = Some(value.parse().with_context(wrong)?),
                "database" => database = Some(value.to_owned()),
                "path" => path = value.to_owned(),
                "pid" => pids.push(value.parse().with_context(wrong)?),
                "backend" => backends.push(value.parse().with_context(wrong)?),
                _ => bail!("{key:?} says nothing about a target; the form is {TARGET_FORM}"),
            }
        }
        if at.is_empty() {
            bail!("a target has an address: {TARGET_FORM}");
        }
        if pids.is_empty() {
            bail!("a target has at least one pid: {TARGET_FORM}");
        }
        let dialect = dialect.with_context(|| format!("a target has a dialect: {TARGET_FORM}"))?;
        Ok(Self {
            name: name.with_context(|| format!("a target has a name: {TARGET_FORM}"))?,
            at,
            path,
            dialect,
            pids,
            backends,
            guests,
            database,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_says_where_what_and_whose() {
        let text =
            "name=spring,at=127.0.0.1:9,at=127.0.0.1:10,dialect=spring,pid=7,pid=8,path=/stomp";
        let target: Target = text.parse().expect("a target");
        assert_eq!(target.pids, [7, 8]);
        assert_eq!(target.dialect, Dialect::Spring);
        assert_eq!(target.path, "/stomp");
        let ports = [0, 1, 2].map(|index| target.instance(index).port());
        assert_eq!(ports, [9, 10, 9]);
    }

    #[test]
    fn what_is_missing_or_unknown_is_named() {
        for (text, named) in [
            ("name=a,at=127.0.0.1:9,dialect=maru", "pid"),
            ("name=a,at=127.0.0.1:9,pid=1", "dialect"),
            ("name=a,pid=1,dialect=maru", "address"),
            ("name=a,colour=red", "colour"),
            ("name=a,at=here", "at=here"),
        ] {
            let error = text.parse::<Target>().expect_err(text);
            assert!(error.to_string().contains(named), "{error}");
        }
    }
}
