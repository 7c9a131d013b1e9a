//! A demo member of staff who signs in to the console.

use client::Address;
use local::World;
use local::demo::Staff;
use reqwest::Response;
use serde_json::{Value, json};
use shared::runtime::clock::{Clock as _, SystemClock};
use shared::staff::roles::Role;

use crate::Failure;

/// A browser that keeps the cookies of one member.
pub struct Member {
    http: reqwest::Client,
    base_url: String,
    cookies: Vec<(String, String)>,
}

impl Member {
    /// The demo member of a role, signed in. A phone gets one text message a minute.
    pub async fn sign_in(world: &World, role: Role) -> Result<Self, Failure> {
        let staff =
            world.demo.as_ref().and_then(|demo| demo.staff.iter().find(|staff| staff.role == role)).ok_or("no staff")?;
        let mut member = Self { http: local::http::client(), base_url: world.base_url.clone(), cookies: Vec::new() };
        member.prove(world, staff).await?;
        Ok(member)
    }

    async fn prove(&mut self, world: &World, staff: &Staff) -> Result<(), Failure> {
        self.step("sign-in", &json!({"phone": staff.phone})).await?;
        let code = Address::of(world).code(&staff.phone).await;
        self.step("code", &json!({"phone": staff.phone, "code": code})).await?;
        self.step("totp", &json!({"code": staff.code(SystemClock.now())?})).await
    }

    async fn step(&mut self, step: &str, fields: &Value) -> Result<(), Failure> {
        let request = self.http.post(format!("{}/console/api/{step}", self.base_url)).header("cookie", self.cookies());
        let response = request.json(fields).send().await?.error_for_status()?;
        for cookie in response.headers().get_all("set-cookie") {
            let (name, value) = cookie.to_str()?.split(';').next().and_then(|pair| pair.split_once('=')).ok_or("no cookie")?;
            self.cookies.retain(|(own, _)| own != name);
            if !value.is_empty() {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        Ok(())
    }

    /// The value of the cookie of the session.
    pub fn session(&self) -> Result<&str, Failure> {
        let session = self.cookies.iter().find(|(name, _)| name == "__Host-console");
        Ok(session.map(|(_, value)| value.as_str()).ok_or("no session")?)
    }

    /// The header `Cookie`.
    fn cookies(&self) -> String {
        let pairs: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join("; ")
    }

    pub async fn open(&self, address: &str) -> Result<Response, Failure> {
        let request = self.http.get(format!("{}{address}", self.base_url)).header("cookie", self.cookies());
        Ok(request.send().await?)
    }

    /// Submits a form.
    pub async fn submit(&self, address: &str, fields: &[(&str, &str)]) -> Result<Response, Failure> {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self.http.post(format!("{}{address}", self.base_url)).header("cookie", self.cookies());
        Ok(request.header("content-type", "application/x-www-form-urlencoded").body(body).send().await?)
    }
}
