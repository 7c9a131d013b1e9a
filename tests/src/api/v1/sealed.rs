//! What a channel pushes of persons is stored sealed, and records of earlier versions are read, changed and moved.

use serde_json::{Value, json};

use crate::support::persons::{Keys, assert_not_stored, assert_present, assert_sealed, reseal, stored};
use crate::support::resource::{APPLICATIONS, COMPANIES, PAYMENTS, TASKS, USERS};
use crate::support::{Partner, Response, Stage, success};

const ID_CARD: &str = "44030119880312457X";
const PHONE: &str = "+8613761542098";
const METHOD: &str = "某云人脸核验";
const FACE: &str = "https://faces.example.com/planted-7731.jpg";
const CONTACT_PHONE: &str = "020-83517264";
const BANK_ACCOUNT: &str = "6217003810045529871";
/// What must not be stored in the clear, with the scores of the face.
const PLANTED: [&str; 9] = [ID_CARD, PHONE, "13761542098", METHOD, "91.4472", "83.6619", FACE, CONTACT_PHONE, BANK_ACCOUNT];

/// A kind of record with sealed fields.
struct Kind {
    name: &'static str,
    sealed: &'static [&'static str],
    /// What an earlier version sealed, each field alone.
    alone: &'static [&'static str],
    /// The attributes by which staff find the record.
    found_by: &'static [&'static str],
}

const KINDS: [Kind; 3] = [
    Kind {
        name: "user",
        sealed: &["id_card", "phone", "live_certification"],
        alone: &["id_card"],
        found_by: &["by_phone", "by_id_number"],
    },
    Kind { name: "company", sealed: &["contact_phone"], alone: &[], found_by: &["by_phone"] },
    Kind { name: "payment", sealed: &["bank_account"], alone: &["bank_account"], found_by: &[] },
];

struct Pushed {
    stage: Stage,
    partner: Partner,
    user: Value,
}

impl Pushed {
    async fn open() -> Self {
        let stage = Stage::open().await;
        let partner = Partner::join(&stage.address).await;
        let mut user = USERS.example();
        (user["id_card"], user["phone"]) = (ID_CARD.into(), PHONE.into());
        let certification = &mut user["live_certification"];
        (certification["certification_method"], certification["face_score"]) = (METHOD.into(), json!(91.4472));
        (certification["liveness_score"], certification["photos"]) = (json!(83.6619), json!([FACE]));
        let pushed = Self { stage, partner, user };
        pushed.push().await;
        pushed
    }

    /// Pushes a record of each kind. A repeat finds the same records.
    async fn push(&self) {
        let partner = &self.partner;
        USERS.create(partner, &self.user).await;
        COMPANIES.create(partner, &COMPANIES.with("contact_phone", CONTACT_PHONE)).await;
        TASKS.create(partner, &TASKS.example()).await;
        APPLICATIONS.create(partner, &APPLICATIONS.example()).await;
        PAYMENTS.create(partner, &PAYMENTS.with("bank_account", BANK_ACCOUNT)).await;
    }

    async fn responses(&self) -> Vec<Response> {
        let records = [USERS, COMPANIES, TASKS, APPLICATIONS, PAYMENTS];
        let paths = records.iter().flat_map(|kind| {
            let list = kind.is_listed().then(|| kind.path.to_owned());
            [Some(kind.example_path()), list].into_iter().flatten()
        });
        let mut responses = Vec::new();
        for path in paths {
            let response = self.partner.get(&path).await;
            assert_eq!(response.status, 200, "{path}: {response:?}");
            responses.push(response);
        }
        responses
    }

    async fn assert_sealed(&self) {
        assert_present(&stored(&self.stage).await, &PLANTED);
        let items = assert_not_stored(&self.stage, "channel", &PLANTED).await;
        for Kind { name, sealed, found_by, .. } in KINDS {
            let mut of_kind = items.iter().filter(|item| item["sk"]["S"] == name);
            assert_sealed(of_kind.next().expect(name), sealed, found_by);
            assert_eq!(of_kind.next(), None, "{name}");
        }
    }

    /// Stores the records as an earlier version did: before any field was sealed, or when some were sealed alone.
    async fn make_earlier(&self, has_sealed: bool) {
        let keys = Keys::of(&self.stage, "CHANNEL_SECRET").await;
        for item in self.stage.items("channel").await {
            if let Some(kind) = KINDS.iter().find(|kind| item["sk"]["S"] == kind.name) {
                let item = keys.earlier(&item, if has_sealed { kind.alone } else { &[] });
                let is_whole = kind.sealed.iter().all(|field| item.get(*field).is_some());
                assert!(item.get("sealed").is_none() && is_whole, "{item}");
                self.stage.database("PutItem", &json!({"TableName": "channel", "Item": item})).await;
            }
        }
    }
}

#[tokio::test]
async fn what_is_stored_of_persons_is_sealed() {
    let pushed = Pushed::open().await;
    let before = pushed.responses().await;
    assert_eq!(before[0].body["data"]["live_certification"], pushed.user["live_certification"]);
    pushed.assert_sealed().await;
    // A repeated request is recognised, and a change seals the record again.
    pushed.push().await;
    assert_eq!(pushed.responses().await, before);
    let changed = json!({"name": "王小明", "live_certification": pushed.user["live_certification"]});
    assert_eq!(pushed.partner.put(&USERS.example_path(), &changed).await.body["data"]["name"], "王小明");
    pushed.assert_sealed().await;
}

#[tokio::test]
async fn records_of_earlier_versions_answer_the_same_until_reseal_has_moved_them_and_after() {
    let pushed = Pushed::open().await;
    let before = pushed.responses().await;
    for has_sealed in [true, false] {
        pushed.make_earlier(has_sealed).await;
        assert_eq!(pushed.responses().await, before, "{has_sealed}");
        pushed.push().await;
        assert_eq!(reseal(&pushed.stage, "channel").await, KINDS.len() as u64, "{has_sealed}");
        pushed.assert_sealed().await;
        assert_eq!(pushed.responses().await, before, "{has_sealed}");
        pushed.push().await;
        assert_eq!(reseal(&pushed.stage, "channel").await, 0, "{has_sealed}");
    }
}

#[tokio::test]
async fn a_record_of_an_earlier_version_is_sealed_by_its_next_change() {
    let pushed = Pushed::open().await;
    let before = pushed.responses().await;
    pushed.make_earlier(false).await;
    let partner = &pushed.partner;
    for (path, patch) in [
        (USERS.example_path(), json!({"name": "王小明"})),
        (COMPANIES.example_path(), json!({"contact_person": "赵六"})),
        (PAYMENTS.example_path(), json!({"remark": "已核对"})),
    ] {
        let mut expected = partner.get(&path).await.body["data"].clone();
        expected.as_object_mut().unwrap().extend(patch.as_object().unwrap().clone());
        assert_eq!(partner.put(&path, &patch).await, success(expected));
    }
    pushed.assert_sealed().await;
    assert_ne!(pushed.responses().await, before);
}
