//! A database's URL, which may name several servers, as those of libpq do.

use std::str::FromStr;

use anyhow::{Context, bail, ensure};
use sqlx::postgres::PgConnectOptions;

/// The servers that a URL names, in its order: `postgres://user:password@a:5432,b:5432/db`, or
/// `postgres:///db?host=a,b&port=5432`. An error repeats nothing of it: it holds a password.
pub fn servers(url: &str) -> anyhow::Result<Vec<PgConnectOptions>> {
    let (scheme, rest) = url.split_once("://").context("it has no scheme")?;
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, path) = place.split_once('/').unwrap_or((place, ""));
    let (user, authority) = authority.rsplit_once('@').unwrap_or(("", authority));
    let at = if user.is_empty() { "" } else { "@" };
    let (lists, others) = parameters(query)?;
    let beside: Vec<&str> = authority.split(',').collect();
    let count = match lists.hosts.len() {
        0 => beside.len(),
        named => named,
    };
    ensure!(
        lists.ports.len() < 2 || lists.ports.len() == count,
        "it names another number of ports than of hosts"
    );
    let mut servers = Vec::new();
    for number in 0..count {
        // A host of the query holds above the one that stands in its usual place.
        let host = lists.hosts.get(number).map(|host| format!("host={host}"));
        let port = lists.ports.get(number).or(lists.ports.first());
        let port = port.map(|port| format!("port={port}"));
        let beside = beside.get(number).or(beside.first()).unwrap_or(&"");
        let parameters: Vec<&str> = others
            .iter()
            .copied()
            .chain(host.as_deref())
            .chain(port.as_deref())
            .collect();
        let parameters = parameters.join("&");
        let url = format!("{scheme}://{user}{at}{beside}/{path}?{parameters}");
        servers.push(PgConnectOptions::from_str(&url).map_err(|_| anyhow::anyhow!("it is none"))?);
    }
    Ok(servers)
}

#[derive(Default)]
struct Lists<'a> {
    hosts: Vec<&'a str>,
    ports: Vec<&'a str>,
}

/// Takes out of a query what names servers.
fn parameters(query: &str) -> anyhow::Result<(Lists<'_>, Vec<&str>)> {
    let (mut lists, mut others) = (Lists::default(), Vec::new());
    for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
        match parameter.split_once('=') {
            Some(("host", hosts)) => lists.hosts = split(hosts),
            Some(("port", ports)) => lists.ports = split(ports),
            // The core writes: it looks for the one that takes writes, whether it is told to or not.
            Some(("target_session_attrs", "read-write" | "primary" | "any")) => {}
            Some(("target_session_attrs", _)) => {
                bail!("its target_session_attrs is not read-write: billing writes")
            }
            _ => others.push(parameter),
        }
    }
    Ok((lists, others))
}

fn split(list: &str) -> Vec<&str> {
    list.split("%2C").flat_map(|part| part.split(',')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(url: &str) -> Vec<String> {
        let servers = servers(url).unwrap();
        let place = |server: &PgConnectOptions| {
            assert_eq!(server.get_username(), "u");
            assert_eq!(server.get_database(), Some("db"));
            let host = server
                .get_socket()
                .map_or(server.get_host().to_owned(), |folder| {
                    folder.display().to_string()
                });
            format!("{host}:{}", server.get_port())
        };
        servers.iter().map(place).collect()
    }

    #[test]
    fn a_url_names_one_server_or_several_as_those_of_libpq_do() {
        for (url, named) in [
            ("postgres://u:p@a:1/db", vec!["a:1"]),
            (
                "postgres://u:p%2C@a:1,b:2/db?sslmode=require",
                vec!["a:1", "b:2"],
            ),
            (
                "postgres://u@a,[::1]:7/db?target_session_attrs=read-write",
                vec!["a:5432", "[::1]:7"],
            ),
            ("postgres://u@localhost:9/db?host=/x", vec!["/x:9"]),
            (
                "postgres://u@localhost/db?host=/x,/y",
                vec!["/x:5432", "/y:5432"],
            ),
            (
                "postgres://u@localhost/db?host=a%2Cb&port=1,2",
                vec!["a:1", "b:2"],
            ),
            ("postgres://u@x/db?host=a,b&port=3", vec!["a:3", "b:3"]),
        ] {
            assert_eq!(places(url), named, "{url}");
        }
    }

    #[test]
    fn a_url_that_asks_for_a_server_that_takes_no_writes_is_refused() {
        for url in [
            "postgres://u@a,b/db?target_session_attrs=standby",
            "postgres://u@a,b/db?host=a,b,c&port=1,2",
            "a/db",
        ] {
            assert!(servers(url).is_err(), "{url}");
        }
    }
}
