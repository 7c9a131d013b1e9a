//! What the tests of all records have in common: where a kind of record is found, what it takes and what it refuses.

use serde_json::{Value, json};

use super::{Address, Answer, Partner, Stage, document, problem, success, world};

/// What an answer says is wrong: fields, each with the reason.
pub type Faults<'a> = &'a [(&'a str, &'a str)];

/// A kind of record that partners push. The document's example of it begins with its id.
pub struct Resource {
    pub name: &'static str,
    pub path: &'static str,
    pub id_field: &'static str,
    pub server_id: &'static str,
    /// The kinds whose examples its own refers to, directly or not, in the order in which they can be pushed.
    pub needs: &'static [&'static str],
    /// A field that takes any text and may change at any time.
    pub text_field: &'static str,
}

pub const USERS: Resource = Resource {
    name: "users",
    path: "/api/v1/users",
    id_field: "channel_user_id",
    server_id: "user_id",
    needs: &[],
    text_field: "name",
};
pub const COMPANIES: Resource = Resource {
    name: "companies",
    path: "/api/v1/companies",
    id_field: "channel_company_id",
    server_id: "company_id",
    needs: &[],
    text_field: "company_name",
};
pub const TASKS: Resource = Resource {
    name: "tasks",
    path: "/api/v1/tasks",
    id_field: "channel_task_id",
    server_id: "task_id",
    needs: &["companies"],
    text_field: "task_name",
};
pub const APPLICATIONS: Resource = Resource {
    name: "applications",
    path: "/api/v1/applications",
    id_field: "channel_application_id",
    server_id: "application_id",
    needs: &["users", "companies", "tasks"],
    text_field: "remark",
};
pub const PAYMENTS: Resource = Resource {
    name: "payments",
    path: "/api/v1/payments",
    id_field: "channel_payment_id",
    server_id: "payment_id",
    needs: &["users", "companies", "tasks", "applications"],
    text_field: "remark",
};

/// In the order in which their examples can be pushed.
pub static ALL: [Resource; 5] = [USERS, COMPANIES, TASKS, APPLICATIONS, PAYMENTS];

impl Resource {
    pub fn example(&self) -> Value {
        document::parsed(self.id_field)
    }

    /// The example with this member instead, or in addition.
    pub fn with(&self, field: &str, value: impl Into<Value>) -> Value {
        let mut body = self.example();
        set(&mut body, field, value.into());
        body
    }

    /// The example without this member.
    pub fn without(&self, field: &str) -> Value {
        self.with(field, Value::Null)
    }

    /// The path of the record with this id.
    pub fn at(&self, id: &str) -> String {
        format!("{}/{id}", self.path)
    }

    /// The path of the example.
    pub fn there(&self) -> String {
        self.at(self.example()[self.id_field].as_str().unwrap())
    }

    pub fn is_listed(&self) -> bool {
        !matches!(self.name, "users" | "companies")
    }

    /// A partner that has all that the example refers to.
    pub async fn partner(&self, address: &Address) -> Partner {
        let partner = Partner::join(address).await;
        partner.has(self.needs).await;
        partner
    }

    pub async fn absent(&self, partner: &Partner, id: &str) {
        let missing = problem(404, 1001, &[(self.id_field, "does not exist")]);
        assert_eq!(partner.get(&self.at(id)).await, missing);
    }

    /// The body is stored and answered whole; gives that answer.
    pub async fn keeps(&self, partner: &Partner, body: &Value) -> Value {
        self.keeps_as(partner, &body.to_string(), body).await
    }

    pub async fn keeps_as(&self, partner: &Partner, sent: &str, expected: &Value) -> Value {
        let whole = self.create_as(partner, sent, expected).await;
        let id = expected[self.id_field].as_str().unwrap();
        assert_eq!(partner.get(&self.at(id)).await, success(whole.clone()), "{sent}");
        whole
    }

    /// Posts the body. Returns the whole record that a read must return then.
    pub async fn create(&self, partner: &Partner, body: &Value) -> Value {
        self.create_as(partner, &body.to_string(), body).await
    }

    async fn create_as(&self, partner: &Partner, sent: &str, content: &Value) -> Value {
        let created = partner.post_text(self.path, sent).await;
        self.whole(&created, content)
    }

    /// The whole record of this content, by the response to the request that created it. That response is as documented.
    #[track_caller]
    pub fn whole(&self, created: &Answer, content: &Value) -> Value {
        let (server_id, created_at) = (&created.body["data"][self.server_id], &created.body["data"]["created_at"]);
        assert!(server_id.as_str().is_some_and(is_number), "{content}: {created:?}");
        assert!(created_at.as_str().is_some_and(|at| at.len() == "2024-01-15T10:30:00Z".len()), "{created:?}");
        let data = json!({(self.server_id): server_id, (self.id_field): content[self.id_field], "created_at": created_at});
        assert_eq!(*created, success(data));
        let mut whole = content.clone();
        whole[self.server_id] = server_id.clone();
        whole["created_at"] = created_at.clone();
        whole["updated_at"] = created_at.clone();
        whole
    }

    /// Each of the values is taken and answered as it was sent.
    pub async fn takes(&self, partner: &Partner, field: &str, values: impl IntoIterator<Item = impl Into<Value>>) {
        for (count, value) in values.into_iter().enumerate() {
            let mut body = self.with(field, value);
            if field != self.id_field {
                body[self.id_field] = format!("{field}.{count}").into();
            }
            self.keeps(partner, &body).await;
        }
    }

    /// The body is refused for these faults, and nothing is stored.
    pub async fn refuses(&self, partner: &Partner, body: &Value, faults: Faults<'_>) {
        assert_eq!(partner.post(self.path, body).await, problem(400, 1001, faults), "{body}");
        if let Some(id) =
            body[self.id_field].as_str().filter(|id| !faults.iter().any(|(field, _)| *field == self.id_field || id.is_empty()))
        {
            self.absent(partner, id).await;
        }
    }

    /// Each of the values is refused for this reason.
    pub async fn refuses_each(
        &self,
        partner: &Partner,
        field: &str,
        reason: &str,
        values: impl IntoIterator<Item = impl Into<Value>>,
    ) {
        for value in values {
            self.refuses(partner, &self.with(field, value), &[(field, reason)]).await;
        }
    }

    /// Posted again, the example answers as it did at first, also when this patch came between; with this member it is
    /// another record's content.
    pub async fn is_created_once(&self, patch: Value, other: (&str, Value)) {
        let stage = Stage::open().await;
        let partner = self.partner(&stage.address).await;
        let first = partner.post_text(self.path, document::example(self.id_field)).await;
        let mut whole = self.whole(&first, &self.example());
        stage.clock.advance(jiff::SignedDuration::from_secs(90));
        assert_eq!(partner.post(self.path, &self.example()).await, first);

        for (field, value) in patch.as_object().unwrap() {
            set(&mut whole, field, value.clone());
        }
        whole["updated_at"] = "2024-01-15T10:31:30Z".into();
        let changed = partner.put(&self.there(), &patch).await;
        assert_eq!(changed, success(whole));
        stage.clock.advance(jiff::SignedDuration::from_secs(90));
        assert_eq!(partner.post(self.path, &self.example()).await, first);

        let conflict = problem(409, 1001, &[(self.id_field, "exists with different content")]);
        assert_eq!(partner.post(self.path, &self.with(other.0, other.1)).await, conflict);
        let mut amended = self.example();
        for (field, value) in patch.as_object().unwrap() {
            set(&mut amended, field, value.clone());
        }
        assert_eq!(partner.post(self.path, &amended).await, conflict, "not even with the content it has now");
        assert_eq!(partner.get(&self.there()).await, changed);
    }

    /// Each patch is merged into the example: it changes these members and no others. Null removes one.
    pub async fn merges(&self, cases: &[(Value, &[(&str, Value)])]) {
        let stage = Stage::open().await;
        let partner = self.partner(&stage.address).await;
        for (count, (patch, changes)) in cases.iter().enumerate() {
            let id = format!("merged.{count}");
            let mut whole = self.keeps(&partner, &self.with(self.id_field, id.as_str())).await;
            for (field, value) in *changes {
                set(&mut whole, field, value.clone());
            }
            assert_eq!(partner.put(&self.at(&id), patch).await, success(whole.clone()), "{patch}");
            assert_eq!(partner.get(&self.at(&id)).await, success(whole), "{patch}");
        }
    }

    /// Each patch is refused for these faults with this status, and the example stays as it is.
    pub async fn refuses_patches(&self, cases: &[(Value, u16, Faults<'_>)]) {
        let partner = self.partner(world()).await;
        let whole = self.keeps(&partner, &self.example()).await;
        for (patch, status, faults) in cases {
            assert_eq!(partner.put(&self.there(), patch).await, problem(*status, 1001, faults), "{patch}");
            assert_eq!(partner.get(&self.there()).await, success(whole.clone()), "{patch}");
        }
    }

    /// The list answers exactly these records, in this order, on one page.
    pub async fn lists(&self, partner: &Partner, query: &str, ids: &[&str]) {
        let mut list = Vec::new();
        for id in ids {
            list.push(partner.get(&self.at(id)).await.body["data"].clone());
        }
        let data = json!({"list": list, "total": ids.len(), "page": 1, "page_size": 20, "next_cursor": null});
        assert_eq!(partner.get(&format!("{}?{query}", self.path)).await, success(data), "{query}");
    }
}

/// A decimal number without sign, as ids are written.
pub fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Sets a member, named by its path; null removes it.
pub fn set(body: &mut Value, field: &str, value: Value) {
    let (parent, name) = match field.rsplit_once('.') {
        Some((parent, name)) => (parent.split('.').fold(body, |place, name| &mut place[name]), name),
        None => (body, field),
    };
    match value {
        Value::Null => drop(parent.as_object_mut().unwrap().remove(name)),
        value => parent[name] = value,
    }
}

/// A JSON number with exactly these digits.
pub fn number(literal: &str) -> Value {
    serde_json::from_str(literal).unwrap()
}
