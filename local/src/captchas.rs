//! The solutions of captchas, for tests: decrypted from the table with the system's own key.

use std::collections::HashMap;
use std::sync::Arc;

use shared::crypto::credentials::hash;
use shared::crypto::keyring::Keyring;
use shared::error::Result;
use shared::runtime::clock::SystemClock;
use shared::runtime::environment::Environment;
use shared::storage::sealed::{self, Fields};
use shared::storage::table::attribute::read_text;
use shared::storage::table::{Key, Store};
use shared::values::Secret;

pub struct Captchas {
    store: Store,
    keyring: Keyring,
    table: String,
}

impl Captchas {
    /// The captchas of the system whose functions have these variables.
    pub async fn of(variables: &HashMap<String, String>) -> Result<Self> {
        let environment = Environment::new(variables.clone(), Arc::new(SystemClock));
        let table = environment.required("CREDENTIALS_TABLE")?.to_owned();
        let keyring = environment.keyring(environment.required("SIGNING_SECRET")?).await?;
        Ok(Self { store: environment.store(), keyring, table })
    }

    /// The text in the picture; `None` after the first attempt to solve it.
    pub async fn answer(&self, id: &str) -> Result<Option<String>> {
        let key = Key::new(format!("signing#captcha#{}", hash(Secret::new(id)).expose()), "captcha");
        let Some(mut item) = self.store.get(&self.table, key.clone()).await? else { return Ok(None) };
        sealed::open(&self.keyring, &key, &Fields::of(&["answer"]), &mut item)?;
        read_text(&item, "answer").map(Some)
    }
}
