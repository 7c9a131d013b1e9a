//! A browser that opens the page of a webhook (docs/design/webhooks.md).

use client::page::{Page, visit};
use reqwest::{Client, Method};

use super::product::Product;

pub const PATH: &str = "/docs/webhooks";

/// The parameters of a link that the product signs now.
pub fn link(product: &Product) -> Vec<(&'static str, String)> {
    let tonce = product.tonce();
    let signature = product.sign("GET", PATH, &tonce, "");
    vec![("access_key", product.access_key.clone()), ("tonce", tonce), ("signature", signature)]
}

/// It follows no redirect.
#[derive(Clone)]
pub struct Browser {
    http: Client,
    url: String,
    pub cookie: Option<String>,
}

impl Browser {
    pub fn new(base_url: &str) -> Self {
        Self { http: client::client(), url: format!("{base_url}{PATH}"), cookie: None }
    }

    /// A browser that has opened a link of the product.
    pub async fn of(product: &Product) -> Self {
        let mut browser = Self::new(&product.address.base_url);
        let opened = browser.open(&link(product)).await;
        assert_eq!((opened.status, opened.header("location")), (303, Some(PATH)), "{opened:?}");
        browser
    }

    /// Opens a link, and keeps the cookie that the response sets.
    pub async fn open(&mut self, link: &[(&str, String)]) -> Page {
        let page = visit(self.http.get(&self.url).query(link), self.cookie.as_deref(), None).await;
        self.cookie = page.cookie().or(self.cookie.take());
        page
    }

    pub async fn get(&self, query: &[(&str, &str)]) -> Page {
        visit(self.http.get(&self.url).query(query), self.cookie.as_deref(), None).await
    }

    pub async fn submit(&self, fields: &[(&str, &str)]) -> Page {
        visit(self.http.request(Method::POST, &self.url), self.cookie.as_deref(), Some(fields)).await
    }
}
