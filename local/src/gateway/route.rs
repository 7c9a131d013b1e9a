//! Which function serves a request: the most specific path first, a method before `ANY`, as API Gateway does it.

use crate::template::Route;

pub struct Routes(Vec<Pattern>);

struct Pattern {
    method: String,
    path: String,
    function: String,
    segments: Vec<Segment>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Segment {
    Literal(String),
    Parameter(String),
    /// `{proxy+}`: all the rest.
    Rest(String),
}

/// The route of a request.
pub struct Found {
    pub function: String,
    /// `GET /api/v1/users/{channel_user_id}`.
    pub key: String,
    /// Raw, as they stand in the path.
    pub parameters: Vec<(String, String)>,
}

impl Routes {
    pub fn new(routes: &[Route]) -> Self {
        let mut patterns: Vec<Pattern> = routes
            .iter()
            .map(|Route { method, path, function }| Pattern {
                method: method.clone(),
                path: path.clone(),
                function: function.clone(),
                segments: path.trim_start_matches('/').split('/').map(Segment::of).collect(),
            })
            .collect();
        patterns.sort_by_key(|pattern| (pattern.segments.clone(), pattern.method == "ANY"));
        Self(patterns)
    }

    pub fn find(&self, method: &str, path: &str) -> Option<Found> {
        let path: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        self.0.iter().filter(|pattern| pattern.method == method || pattern.method == "ANY").find_map(|pattern| {
            let parameters = pattern.parameters(&path)?;
            let key = format!("{} {}", pattern.method, pattern.path);
            Some(Found { function: pattern.function.clone(), key, parameters })
        })
    }
}

impl Pattern {
    fn parameters(&self, path: &[&str]) -> Option<Vec<(String, String)>> {
        let mut parameters = Vec::new();
        let mut path = path.iter();
        for segment in &self.segments {
            match segment {
                Segment::Literal(literal) if path.next()? == literal => {}
                Segment::Literal(_) => return None,
                Segment::Parameter(name) => match *path.next()? {
                    "" => return None,
                    value => parameters.push((name.clone(), value.to_owned())),
                },
                Segment::Rest(name) => {
                    let rest: Vec<&str> = path.by_ref().copied().collect();
                    if rest.is_empty() {
                        return None;
                    }
                    parameters.push((name.clone(), rest.join("/")));
                }
            }
        }
        path.next().is_none().then_some(parameters)
    }
}

impl Segment {
    fn of(text: &str) -> Self {
        match text.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            Some(name) => match name.strip_suffix('+') {
                Some(name) => Self::Rest(name.to_owned()),
                None => Self::Parameter(name.to_owned()),
            },
            None => Self::Literal(text.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_specific_route_wins() {
        let route = |method: &str, path: &str| Route { method: method.into(), path: path.into(), function: path.into() };
        let routes =
            Routes::new(&[route("ANY", "/api/{proxy+}"), route("GET", "/api/users/{id}"), route("GET", "/api/users/me")]);
        let key = |method, path| routes.find(method, path).map(|found| found.key);
        assert_eq!(key("GET", "/api/users/me").as_deref(), Some("GET /api/users/me"));
        assert_eq!(key("GET", "/api/users/7").as_deref(), Some("GET /api/users/{id}"));
        assert_eq!(key("PUT", "/api/users/7").as_deref(), Some("ANY /api/{proxy+}"));
        assert_eq!(key("GET", "/api/users/7/").as_deref(), Some("ANY /api/{proxy+}"));
        assert_eq!(key("GET", "/"), None);
        let parameters = routes.find("GET", "/api/a/b").map(|found| found.parameters);
        assert_eq!(parameters, Some(vec![("proxy".to_owned(), "a/b".to_owned())]));
    }
}
