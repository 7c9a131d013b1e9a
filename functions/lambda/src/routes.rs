//! The route table: every endpoint, with the function and the source file that serve it.

/// One `METHOD /path function file` per line. A test generates it from the handlers and compares.
const TABLE: &str = include_str!("../../../openapi/routes.txt");

/// One line of the table.
#[derive(Debug, PartialEq, Eq)]
pub struct Route {
    pub method: &'static str,
    pub path: &'static str,
    pub function: &'static str,
    /// Relative to the root of the repository.
    pub file: &'static str,
}

impl Route {
    fn parse(line: &'static str) -> Option<Self> {
        let mut words = line.split_ascii_whitespace();
        Some(Self { method: words.next()?, path: words.next()?, function: words.next()?, file: words.next()? })
    }
}

/// Every route, parsed as the iterator advances.
pub fn all() -> impl Iterator<Item = Route> {
    TABLE.lines().filter_map(Route::parse)
}

/// The routes of one family.
pub fn of(family: &str) -> impl Iterator<Item = Route> {
    all().filter(move |route| route.function.split_once('-').is_some_and(|(name, _)| name == family))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_a_route() {
        let lines: Vec<_> = TABLE.lines().map(Route::parse).collect();
        assert!(lines.len() > 90 && lines.iter().all(Option::is_some), "{lines:?}");
        let first = Route {
            method: "GET",
            path: "/api/v1/applications",
            function: "channel-applications",
            file: "functions/channel/src/applications.rs",
        };
        assert_eq!(all().next(), Some(first));
    }
}
