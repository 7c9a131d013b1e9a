//! The account at the provider: its keys, and the signature and templates that the provider approved: the ones that
//! docs/operations.md lists for the operator to file.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::{Map, Value, json};

const OPERATIONS: &str = include_str!("../../../docs/operations.md");
/// The head of the table of templates.
const HEAD: &str = "| template | type | text |";
const SECRET: &str = "sms-secret";

/// The templates to file: name, whether it is one of a code, text with `${name}` for each parameter.
static FILED: LazyLock<Vec<(&str, bool, &str)>> = LazyLock::new(|| {
    let rows = OPERATIONS.lines().skip_while(|line| *line != HEAD).skip(2).take_while(|line| line.starts_with('|'));
    rows.filter_map(|row| {
        let mut cells = row.split('|').skip(1).map(|cell| cell.trim().trim_matches('`'));
        Some((cells.next()?, cells.next()?.starts_with("验证码"), cells.next()?))
    })
    .collect()
});

/// Fills in the secret that the template leaves to the operator.
pub fn fill(secrets: &mut BTreeMap<String, String>) {
    let stored = secrets.get(SECRET).and_then(|secret| serde_json::from_str::<Value>(secret).ok());
    let Some(mut account) = stored.filter(|account| account["sign_name"] == "") else { return };
    let ids = |first: u32| -> Map<String, Value> {
        (first..).zip(FILED.iter()).map(|(id, (name, ..))| ((*name).to_owned(), id.to_string().into())).collect()
    };
    account["key_id"] = "local".into();
    account["sdk_app_id"] = "1400006666".into();
    account["sign_name"] = "工桥".into();
    account["templates"] = ids(1_000_001).into();
    account["abroad"] = json!({"sign_name": "", "templates": ids(2_000_001)});
    secrets.insert(SECRET.to_owned(), account.to_string());
}

pub struct Account {
    pub key_id: String,
    pub key: String,
    pub sdk_app_id: String,
    pub sign_name: String,
    templates: Vec<Approved>,
}

/// An approved template.
pub struct Approved {
    id: String,
    /// For numbers outside of the mainland.
    pub is_abroad: bool,
    /// Of a code: its one parameter has four to six digits.
    pub is_code: bool,
    text: &'static str,
}

impl Account {
    pub fn of(secret: &Value) -> Self {
        let text = |name: &str| secret[name].as_str().unwrap_or_default().to_owned();
        let approved = |ids: &Value, is_abroad: bool| -> Vec<Approved> {
            let filed = FILED.iter().filter_map(|(name, is_code, text)| {
                Some(Approved { id: ids[name].as_str()?.to_owned(), is_abroad, is_code: *is_code, text })
            });
            filed.collect()
        };
        let mut templates = approved(&secret["templates"], false);
        templates.extend(approved(&secret["abroad"]["templates"], true));
        Self {
            key_id: text("key_id"),
            key: text("key"),
            sdk_app_id: text("sdk_app_id"),
            sign_name: text("sign_name"),
            templates,
        }
    }

    pub fn template(&self, id: &str) -> Option<&Approved> {
        self.templates.iter().find(|template| template.id == id)
    }
}

impl Approved {
    /// The names of its parameters, in the order of the text.
    pub fn names(&self) -> Vec<&'static str> {
        self.text.split("${").skip(1).filter_map(|rest| rest.split('}').next()).collect()
    }

    /// The text with these parameters.
    pub fn render(&self, parameters: &[(&str, String)]) -> String {
        parameters.iter().fold(self.text.to_owned(), |text, (name, value)| text.replace(&format!("${{{name}}}"), value))
    }
}
