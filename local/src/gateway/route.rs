//! Which function serves a request. The precedence is API Gateway's: first the routes without `{proxy+}`, on these a literal segment before a
//! parameter; on the same path, the request's method before `ANY`.

use std::collections::{BTreeSet, HashMap};

use matchit::{InsertError, Router};

use crate::template::Route;

const ANY: &str = "ANY";

pub struct Routes {
    exact: Routers,
    /// The routes with `{proxy+}`, the rest of a path.
    greedy: Routers,
}

/// One router per method of the template. That of `ANY` serves all other methods.
struct Routers(HashMap<String, Router<Route>>);

/// The route of a request.
pub struct Found {
    pub function: String,
    /// `GET /api/v1/users/{channel_user_id}`.
    pub key: String,
    /// As in the path, which is decoded once.
    pub parameters: Vec<(String, String)>,
}

impl Routes {
    /// Fails if two routes match the same requests.
    pub fn new(routes: &[Route]) -> Result<Self, String> {
        let (greedy, exact): (Vec<&Route>, Vec<&Route>) = routes.iter().partition(|route| route.path.ends_with("+}"));
        Ok(Self { exact: Routers::new(&exact)?, greedy: Routers::new(&greedy)? })
    }

    pub fn find(&self, method: &str, path: &str) -> Option<Found> {
        // Several slashes at the beginning count as one.
        let path = format!("/{}", path.trim_start_matches('/'));
        self.exact.find(method, &path).or_else(|| self.greedy.find(method, &path))
    }
}

impl Routers {
    fn new(routes: &[&Route]) -> Result<Self, String> {
        let methods: BTreeSet<&str> = routes.iter().map(|route| &*route.method).chain([ANY]).collect();
        let routers = methods.into_iter().map(|method| Ok((method.to_owned(), router(routes, method)?)));
        routers.collect::<Result<_, String>>().map(Self)
    }

    fn find(&self, method: &str, path: &str) -> Option<Found> {
        let found = self.0.get(method).or_else(|| self.0.get(ANY))?.at(path).ok()?;
        let Route { method, path, function } = found.value;
        let parameters = found.params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Some(Found { function: function.clone(), key: format!("{method} {path}"), parameters })
    }
}

/// The routes of a method, and those of `ANY` on other paths.
fn router(routes: &[&Route], method: &str) -> Result<Router<Route>, String> {
    let mut router = Router::new();
    for method in [method, ANY] {
        for route in routes.iter().filter(|route| route.method == method) {
            for pattern in patterns(&route.path) {
                match router.insert(pattern.clone(), (*route).clone()) {
                    Err(InsertError::Conflict { with }) if method == ANY && with == pattern => {}
                    result => result.map_err(|error| format!("{method} {pattern}: {error}"))?,
                }
            }
        }
    }
    Ok(router)
}

/// A path of the template in matchit's notation. `{proxy+}` also matches nothing, after the slash.
fn patterns(path: &str) -> Vec<String> {
    match path.strip_suffix("+}").and_then(|path| path.rsplit_once('{')) {
        Some((parent, name)) => vec![format!("{parent}{{*{name}}}"), parent.to_owned()],
        None => vec![path.to_owned()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(method: &str, path: &str) -> Route {
        Route { method: method.into(), path: path.into(), function: path.into() }
    }

    #[test]
    fn the_most_specific_route_wins() {
        let routes = [
            route("ANY", "/api/{proxy+}"),
            route("GET", "/api/users/{id}"),
            route("GET", "/api/users/me"),
            route("POST", "/api/users/me/{proxy+}"),
            route("ANY", "/api/users/{id}"),
            route("ANY", "/api/users/{proxy+}"),
        ];
        let routes = Routes::new(&routes).unwrap();
        let key = |method, path| routes.find(method, path).map(|found| found.key);
        assert_eq!(key("GET", "/api/users/me").as_deref(), Some("GET /api/users/me"));
        assert_eq!(key("GET", "/api/users/7").as_deref(), Some("GET /api/users/{id}"));
        assert_eq!(key("PUT", "/api/users/me").as_deref(), Some("ANY /api/users/{id}"));
        assert_eq!(key("GET", "/api/users/7/").as_deref(), Some("ANY /api/users/{proxy+}"));
        assert_eq!(key("GET", "/api/users/me/1").as_deref(), Some("ANY /api/users/{proxy+}"));
        assert_eq!(key("POST", "/api/users/me/1").as_deref(), Some("POST /api/users/me/{proxy+}"));
        assert_eq!(key("DELETE", "/api/users//").as_deref(), Some("ANY /api/users/{proxy+}"));
        assert_eq!(key("GET", "/api/user/me").as_deref(), Some("ANY /api/{proxy+}"));
        assert_eq!(key("GET", "/api/").as_deref(), Some("ANY /api/{proxy+}"));
        assert_eq!(key("GET", "//api/users/me").as_deref(), Some("GET /api/users/me"));
        assert_eq!(key("GET", "/api"), None);
        assert_eq!(key("GET", "/"), None);
        let parameters = |path| routes.find("GET", path).map(|found| found.parameters);
        assert_eq!(parameters("/api/a/b"), Some(vec![("proxy".to_owned(), "a/b".to_owned())]));
        assert_eq!(parameters("/api/users/%41"), Some(vec![("id".to_owned(), "%41".to_owned())]));
    }

    #[test]
    fn two_routes_for_the_same_requests_are_rejected() {
        assert!(Routes::new(&[route("GET", "/a/{x}"), route("GET", "/a/{y}")]).is_err());
        assert!(Routes::new(&[route("GET", "/a/{x}"), route("ANY", "/a/{y}/b"), route("ANY", "/a/{x}")]).is_ok());
        assert!(Routes::new(&crate::template::Template::read().unwrap().routes()).is_ok());
    }
}
