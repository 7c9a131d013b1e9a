//! The fuzz targets send their input to a whole system in this process. A test does the same with the corpus.

use bench::Failure;
use bench::callers::Callers;
use local::template::Template;
use local::{Options, Routes, World};
use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use tokio::runtime::Runtime;

const FORM: &str = "application/x-www-form-urlencoded";

/// A system with its demo data, and its clients.
pub struct System {
    runtime: Runtime,
    callers: Callers,
    routes: Routes,
    _world: World,
}

impl System {
    pub fn start() -> Result<Self, Failure> {
        // libFuzzer would end the process at every panic, but a function returns an error response after a panic.
        drop(std::panic::take_hook());
        let runtime = Runtime::new()?;
        let (world, callers) = runtime.block_on(async {
            let world = World::start(Options { demo: true, ..Options::default() }).await?;
            let callers = Callers::of(&world).await?;
            Ok::<_, Failure>((world, callers))
        })?;
        Ok(Self { runtime, callers, routes: routes()?, _world: world })
    }

    /// Invokes a function with an arbitrary event, in which the placeholders of `events/` are filled in. Any response below 500 passes.
    pub fn event(&self, bytes: &[u8]) -> Result<(), Failure> {
        let filled = std::str::from_utf8(bytes).ok().and_then(|text| self.callers.filled(text.to_owned()).ok());
        let event = filled.map_or_else(|| bytes.to_owned(), String::into_bytes);
        let function = function(&self.routes, &serde_json::from_slice(&event).unwrap_or_default());
        let url = format!("{}/2015-03-31/functions/{function}/invocations", self.callers.base_url);
        let result = self.send(self.callers.http.post(url).body(event))?;
        match serde_json::from_str::<Value>(&result)?["statusCode"].as_u64() {
            Some(500..) => Err(result.into()),
            _ => Ok(()),
        }
    }

    /// Sends a form body, and the same bytes as the signed payload in a form.
    pub fn form(&self, bytes: &[u8]) -> Result<(), Failure> {
        let (session, callers) = (&self.callers.values["session_token"], &self.callers);
        for (method, path) in [(Method::POST, "/employee"), (Method::PUT, "/employee"), (Method::POST, "/verifycode")] {
            let request = callers.http.request(method, format!("{}{path}", callers.base_url)).header("x-auth-token", session);
            self.send(request.header("content-type", FORM).body(bytes.to_owned()))?;
        }
        let consent = callers.http.post(format!("{}/api/v2/oauth/authorize", callers.base_url));
        self.send(consent.header("content-type", FORM).body(bytes.to_owned()))?;
        let (path, payload) = ("/api/v2/attendance_punches", String::from_utf8_lossy(bytes));
        let signed = callers.signed("POST", path, &payload);
        let body = form_urlencoded::Serializer::new(String::new()).append_pair("payload", &payload).finish();
        let request = callers.http.post(format!("{}{path}?{signed}", callers.base_url)).header("content-type", FORM);
        self.send(request.body(body))?;
        Ok(())
    }

    /// The body of the response, which must not be a server error.
    fn send(&self, request: RequestBuilder) -> Result<String, Failure> {
        self.runtime.block_on(async {
            let response = request.send().await?;
            let (status, text) = (response.status(), response.text().await?);
            if status.is_server_error() { Err(format!("{status} {text}").into()) } else { Ok(text) }
        })
    }
}

fn routes() -> Result<Routes, Failure> {
    Ok(Routes::new(&Template::read()?.routes())?)
}

/// The function that serves the path of the event, or `signing-employee` if no function does.
fn function(routes: &Routes, event: &Value) -> String {
    let method = event["requestContext"]["http"]["method"].as_str().unwrap_or_default();
    let found = routes.find(method, event["rawPath"].as_str().unwrap_or_default());
    found.map_or_else(|| "signing-employee".to_owned(), |found| found.function)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn files(folder: &str) -> Vec<Vec<u8>> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let files = std::fs::read_dir(folder).unwrap().map(|file| std::fs::read(file.unwrap().path()).unwrap());
        files.collect()
    }

    #[test]
    fn the_corpus_causes_no_server_error() {
        let system = System::start().unwrap();
        let (events, forms) = (files("../events"), files("corpus/form_body"));
        assert!(events.len() > 90 && !forms.is_empty());
        for event in events {
            system.event(&event).unwrap();
            system.event(&event[..event.len() / 2]).unwrap();
        }
        for form in forms {
            system.form(&form).unwrap();
        }
    }

    #[test]
    fn an_event_is_sent_to_the_function_of_its_path() {
        let routes = routes().unwrap();
        let at = |method: &str, path: &str| {
            function(&routes, &serde_json::json!({"rawPath": path, "requestContext": {"http": {"method": method}}}))
        };
        assert_eq!(at("GET", "/api/v1/users/U1"), "channel-users");
        assert_eq!(at("POST", "/api/v2/employees/1/notify"), "hris-integration");
        assert_eq!(at("GET", "/nowhere"), "signing-employee");
    }
}
