//! The pages of the console as a browser without script reads them: it follows links and redirects, fills in forms and submits them.

use std::sync::OnceLock;

use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder};

use super::html::{Tag, read};
use super::staff::Browser;

/// A page, or a redirect that was not followed.
#[derive(Clone, Debug)]
pub struct Page {
    /// The path and query from which it came.
    pub address: String,
    pub status: u16,
    pub headers: HeaderMap,
    pub html: String,
    tags: OnceLock<Vec<Tag>>,
}

/// A form as it was shown. `fields` are what a browser submits: hidden fields and what is entered or chosen.
#[derive(Clone, Debug, PartialEq)]
pub struct Form {
    pub action: String,
    pub method: Method,
    pub fields: Vec<(String, String)>,
    /// The inputs that a person fills in, checks or chooses from, with the values to choose from.
    pub inputs: Vec<(String, Vec<String>)>,
    pub buttons: Vec<Button>,
}

/// A button of a form, with what it adds to the form and the address to which it submits it, if that is another one.
#[derive(Clone, Debug, PartialEq)]
pub struct Button {
    pub field: Option<(String, String)>,
    pub address: Option<String>,
}

impl Page {
    pub fn tags(&self) -> &[Tag] {
        self.tags.get_or_init(|| read(&self.html))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// What a person reads, without what is between quotes of attributes.
    pub fn text(&self) -> String {
        let texts = self.tags().iter().map(|tag| tag.text.trim()).filter(|text| !text.is_empty());
        texts.collect::<Vec<_>>().join(" ")
    }

    /// The texts right after the tags of this name.
    pub fn texts(&self, name: &str) -> Vec<String> {
        self.tags().iter().filter(|tag| tag.name == name).map(|tag| tag.text.clone()).collect()
    }

    pub fn title(&self) -> String {
        self.texts("h1").join(" ")
    }

    /// What the page says is wrong: the alerts, then the faults of inputs.
    pub fn faults(&self) -> Vec<String> {
        let tags = self.tags();
        let alerts = tags.iter().skip_while(|tag| tag.attribute("role") != Some("alert")).skip(1);
        let alerts = alerts.take_while(|tag| tag.name != "/div").filter(|tag| tag.name == "li");
        let inputs = tags.iter().filter(|tag| tag.name == "p" && tag.attribute("class") == Some("fault"));
        alerts.chain(inputs).map(|tag| tag.text.clone()).collect()
    }

    /// The addresses that the page names in links, forms, pictures and scripts, each with its attribute.
    pub fn addresses(&self) -> Vec<(&'static str, String)> {
        const ATTRIBUTES: [&str; 5] = ["href", "src", "action", "formaction", "hx-push-url"];
        let named = |tag: &Tag| ATTRIBUTES.map(|name| tag.attribute(name).map(|address| (name, address.to_owned())));
        self.tags().iter().flat_map(named).flatten().collect()
    }

    /// The links to other pages.
    pub fn links(&self) -> Vec<String> {
        let links = self.tags().iter().filter(|tag| tag.name == "a");
        links.filter_map(|tag| tag.attribute("href").map(str::to_owned)).collect()
    }

    /// The addresses of the navigation or of the tabs.
    pub fn navigation(&self) -> Vec<String> {
        let mut is_inside = false;
        let mut links = Vec::new();
        for tag in self.tags() {
            is_inside = tag.name == "nav" || is_inside && tag.name != "/nav";
            links.extend(tag.attribute("href").filter(|_| is_inside && tag.name == "a").map(str::to_owned));
        }
        links
    }

    /// The forms in their order. Inputs outside of a form that name it belong to it.
    pub fn forms(&self) -> Vec<Form> {
        let tags = self.tags();
        let begins = (0..tags.len()).filter(|at| tags[*at].name == "form");
        begins
            .map(|begin| {
                let within = tags[begin..].iter().take_while(|tag| tag.name != "/form");
                let id = tags[begin].attribute("id");
                let outside = tags.iter().filter(|tag| id.is_some() && tag.attribute("form") == id);
                Form::of(self, &tags[begin], &within.chain(outside).collect::<Vec<_>>())
            })
            .collect()
    }

    /// The first form with this action.
    #[track_caller]
    pub fn form(&self, action: &str) -> Form {
        let forms = self.forms();
        forms.iter().find(|form| form.action == action).cloned().unwrap_or_else(|| {
            let actions: Vec<&str> = forms.iter().map(|form| form.action.as_str()).collect();
            panic!("{} ({}) has no form {action}, but {actions:?}: {}", self.address, self.status, self.text())
        })
    }

    /// The address of a redirect.
    pub fn location(&self) -> Option<&str> {
        self.header("location")
    }
}

impl Form {
    fn of(page: &Page, form: &Tag, tags: &[&Tag]) -> Self {
        let text = |tag: &Tag, name: &str| tag.attribute(name).unwrap_or_default().to_owned();
        let action = form.attribute("action").map_or_else(|| page.address.clone(), str::to_owned);
        let method = if form.attribute("method") == Some("post") { Method::POST } else { Method::GET };
        let mut read = Self { action, method, fields: Vec::new(), inputs: Vec::new(), buttons: Vec::new() };
        for (at, tag) in tags.iter().enumerate() {
            let name = text(tag, "name");
            match (tag.name.as_str(), tag.attribute("type")) {
                ("input", Some("hidden")) => read.fields.push((name, text(tag, "value"))),
                ("input", Some("checkbox" | "radio")) if name.is_empty() => {}
                ("input", Some("checkbox" | "radio")) => {
                    read.input(&name).push(text(tag, "value"));
                    read.fields.extend(tag.attribute("checked").map(|_| (name, text(tag, "value"))));
                }
                ("input", _) => {
                    read.input(&name);
                    read.fields.push((name, text(tag, "value")));
                }
                ("textarea", _) => {
                    read.input(&name);
                    read.fields.push((name, tag.text.clone()));
                }
                ("select", _) => {
                    let options =
                        tags[at + 1..].iter().take_while(|tag| tag.name != "/select").filter(|tag| tag.name == "option");
                    let options: Vec<_> = options.collect();
                    let chosen = options.iter().find(|option| option.attribute("selected").is_some()).or(options.first());
                    read.fields.extend(chosen.map(|option| (name.clone(), text(option, "value"))));
                    *read.input(&name) = options.iter().map(|option| text(option, "value")).collect();
                }
                ("button", kind) if kind != Some("button") => {
                    let field = (!name.is_empty()).then(|| (name, text(tag, "value")));
                    read.buttons.push(Button { field, address: tag.attribute("formaction").map(str::to_owned) });
                }
                _ => {}
            }
        }
        read
    }

    fn input(&mut self, name: &str) -> &mut Vec<String> {
        let at = self.inputs.iter().position(|(own, _)| own == name);
        let at = at.unwrap_or_else(|| {
            self.inputs.push((name.to_owned(), Vec::new()));
            self.inputs.len() - 1
        });
        &mut self.inputs[at].1
    }

    /// The value that is submitted under this name.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// What a person has filled in.
    pub fn entered(&self) -> Vec<String> {
        let is_input = |name: &str| self.inputs.iter().any(|(own, _)| own == name);
        self.fields.iter().filter(|(name, _)| is_input(name)).map(|(_, value)| value.clone()).collect()
    }

    /// Fills in an input of the form.
    #[track_caller]
    pub fn fill(mut self, name: &str, value: &str) -> Self {
        assert!(self.inputs.iter().any(|(own, _)| own == name), "{} has no input {name}: {:?}", self.action, self.inputs);
        self.fields.retain(|(own, _)| own != name);
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Checks every box of this name.
    #[track_caller]
    pub fn check_all(mut self, name: &str) -> Self {
        let boxes = self.inputs.iter().find(|(own, _)| own == name).expect("boxes").1.clone();
        self.fields.extend(boxes.into_iter().map(|value| (name.to_owned(), value)));
        self
    }

    /// Changes what the page had fixed, as no browser does.
    pub fn forge(mut self, name: &str, value: Option<&str>) -> Self {
        self.fields.retain(|(own, _)| own != name);
        self.fields.extend(value.map(|value| (name.to_owned(), value.to_owned())));
        self
    }

    /// The form as each of its buttons submits it.
    pub fn pressed(&self) -> Vec<Self> {
        let press = |button: &Button| {
            let mut form = self.clone();
            form.fields.extend(button.field.clone());
            button.address.iter().for_each(|address| form.action.clone_from(address));
            form
        };
        self.buttons.iter().map(press).collect()
    }

    /// The form as the button with this address submits it.
    #[track_caller]
    pub fn by_button(&self, action: &str) -> Self {
        let pressed = self.pressed().into_iter().find(|form| form.action == action);
        pressed.unwrap_or_else(|| panic!("{} has no button to {action}: {:?}", self.action, self.buttons))
    }

    pub fn encoded(&self) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.fields).finish()
    }
}

impl Browser {
    /// Opens a page, and follows redirects.
    pub async fn open(&self, path: &str) -> Page {
        let page = self.page(path, self.request_to(Method::GET, path)).await;
        self.follow(page).await
    }

    /// The response to a request, without following a redirect.
    pub async fn page(&self, path: &str, request: RequestBuilder) -> Page {
        let response = request.send().await.unwrap();
        self.keep_cookies(response.headers());
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        // What is no page, such as a file, has no text here.
        let is_page = headers.get("content-type").is_some_and(|media_type| media_type == "text/html; charset=utf-8");
        let html = if is_page { response.text().await.unwrap() } else { String::new() };
        Page { address: path.to_owned(), status, headers, html, tags: OnceLock::new() }
    }

    /// The request of a form as a browser sends it.
    pub fn request_of(&self, form: &Form) -> RequestBuilder {
        if form.method == Method::GET {
            return self.request_to(Method::GET, &format!("{}?{}", form.action, form.encoded()));
        }
        let request = self.request_to(form.method.clone(), &form.action).header("sec-fetch-site", "same-origin");
        request.header("content-type", "application/x-www-form-urlencoded").body(form.encoded())
    }

    /// Submits a form, without following a redirect.
    pub async fn post_form(&self, form: &Form) -> Page {
        self.page(&form.action, self.request_of(form)).await
    }

    /// Submits a form, and follows redirects.
    pub async fn submit(&self, form: &Form) -> Page {
        let page = self.post_form(form).await;
        self.follow(page).await
    }

    async fn follow(&self, mut page: Page) -> Page {
        for _ in 0..5 {
            if page.status != 303 {
                return page;
            }
            let to = page.location().expect("a location").to_owned();
            assert!(to.starts_with("/console"), "{} redirects to {to}", page.address);
            page = self.page(&to, self.request_to(Method::GET, &to)).await;
        }
        panic!("too many redirects: {page:?}");
    }
}

/// The parameters of an address, decoded.
pub fn decoded_address(address: &str) -> String {
    percent_encoding::percent_decode_str(&address.replace('+', " ")).decode_utf8_lossy().into_owned()
}
