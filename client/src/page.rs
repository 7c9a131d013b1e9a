//! Pages as a browser receives them that follows no redirect.

use reqwest::RequestBuilder;
use reqwest::header::HeaderMap;

/// A page in the browser.
#[derive(Debug)]
pub struct Page {
    pub status: u16,
    pub headers: HeaderMap,
    pub html: String,
}

impl Page {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The cookie that the page sets, as the browser sends it again.
    pub fn cookie(&self) -> Option<String> {
        self.header("set-cookie")?.split(';').next().map(str::to_owned)
    }

    /// The value of a form's field.
    pub fn field(&self, name: &str) -> String {
        let behind = self.html.split(&format!("name=\"{name}\" value=\"")).nth(1);
        unescaped(behind.and_then(|text| text.split('"').next()).unwrap_or_else(|| panic!("no {name} in {}", self.html)))
    }

    /// Checks that the page has no script, that it may not be framed, cached or named to other sites, and that it has this policy.
    pub fn is_safe(&self, policy: &str) {
        for (name, value) in [
            ("content-security-policy", policy),
            ("x-frame-options", "DENY"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(self.header(name), Some(value), "{name}");
        }
        for script in ["<script", "javascript:", " onclick", " onload", " onerror"] {
            assert!(!self.html.to_ascii_lowercase().contains(script), "{script}");
        }
    }

    /// The error message of the page.
    pub fn message(&self) -> Option<String> {
        let text = self.html.split("role=\"alert\">").nth(1)?;
        text.split('<').next().map(unescaped)
    }

    /// The parameters of a redirect to the app's callback.
    pub fn called_back(&self, callback: &str) -> Vec<(String, String)> {
        assert_eq!((self.status, self.html.as_str(), self.header("cache-control")), (303, "", Some("no-store")), "{self:?}");
        let query = self.header("location").and_then(|location| location.strip_prefix(callback)).expect("the callback");
        assert!(query.starts_with(if callback.contains('?') { '&' } else { '?' }), "{query}");
        form_urlencoded::parse(&query.as_bytes()[1..]).into_owned().collect()
    }
}

/// Decodes the character references that the pages use.
fn unescaped(text: &str) -> String {
    let named = [("&lt;", "<"), ("&#60;", "<"), ("&gt;", ">"), ("&#62;", ">"), ("&quot;", "\""), ("&#34;", "\"")];
    let text = named.iter().fold(text.to_owned(), |text, (reference, character)| text.replace(reference, character));
    text.replace("&#39;", "'").replace("&#x27;", "'").replace("&amp;", "&").replace("&#38;", "&")
}

/// Sends a request as a browser with this cookie, and with the fields of a form.
pub async fn visit(mut request: RequestBuilder, cookie: Option<&str>, form: Option<&[(&str, &str)]>) -> Page {
    if let Some(cookie) = cookie {
        request = request.header("cookie", format!("other=1; {cookie}"));
    }
    if let Some(fields) = form {
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        request = request.header("content-type", "application/x-www-form-urlencoded").body(form);
    }
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Page { status, headers, html: response.text().await.unwrap() }
}
