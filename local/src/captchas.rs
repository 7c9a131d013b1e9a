//! What the pictures of captchas show, for tests: read where only the system itself can read it.

use std::collections::HashMap;
use std::sync::Arc;

use shared::crypto::keyring::Keyring;
use shared::error::Result;
use shared::runtime::clock::SystemClock;
use shared::runtime::environment::Environment;
use shared::storage::table::attribute::read_text;
use shared::storage::table::{Key, Store};
use shared::{sealed, secrets};

pub struct Captchas {
    store: Store,
    keyring: Keyring,
    table: String,
}

impl Captchas {
    /// Those of the system whose functions see these variables.
    pub async fn of(variables: &HashMap<String, String>) -> Result<Self> {
        let environment = Environment::new(variables.clone(), Arc::new(SystemClock)).await;
        let table = environment.required("CREDENTIALS_TABLE")?.to_owned();
        let (store, keyring) = environment.open(&table, environment.required("SIGNING_SECRET")?).await?;
        Ok(Self { store, keyring, table })
    }

    /// What the picture shows, if it was not tried yet.
    pub async fn answer(&self, id: &str) -> Result<Option<String>> {
        let key = Key::new(format!("signing#captcha#{}", secrets::hash(id)), "captcha");
        let Some(mut item) = self.store.get(&self.table, key.clone()).await? else { return Ok(None) };
        sealed::open(&self.keyring, &key, &["answer"], &mut item)?;
        read_text(&item, "answer").map(Some)
    }
}
