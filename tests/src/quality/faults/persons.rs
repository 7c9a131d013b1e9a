//! The commands that export and erase a person who exists in all families.

use serde_json::{Value, json};

use super::{Request, Scene, Write, counting, matrix, write};
use crate::ops::persons::Everywhere;
use crate::support::board::Board;
use crate::support::wire::Failure;
use crate::support::{Response, Stage};

/// A person in all families, and another one whose erasure is to be replayed.
pub struct Persons {
    person: Everywhere,
    objects: Value,
}

impl Scene for Persons {
    const WRITES: &'static [Write] = &[
        write("ops-admin export_person", ""),
        // What was erased at the first attempt is not counted again, nor is what was kept then.
        counting("ops-admin erase_person", "", &["records", "pictures", "kept"]),
        counting("ops-admin replay_erasures", "", &["records", "pictures", "kept"]),
    ];

    const OF_READS: &'static [Failure] = &[Failure::Rejected];

    const OUR_FAULT: &'static [&'static str] = &[];

    async fn set() -> Self {
        let person = Everywhere::open().await;
        let objects = json!(person.objects().await);
        // Another user was erased, and the table is restored to the moment before.
        let stage = &person.stage;
        let other = Board::of(&stage.address).join().await;
        let before = stage.items("jobboard").await;
        let order = json!({"command": "erase_person", "objects": [format!("jobboard/user/{}", other.id)], "reason": "r"});
        stage.address.command(&order).await;
        for item in before {
            stage.database("PutItem", &json!({"TableName": "jobboard", "Item": item})).await;
        }
        Self { person, objects }
    }

    fn stage(&self) -> &Stage {
        &self.person.stage
    }

    async fn send(&self, Write { route, .. }: &Write, _: &Request) -> Response {
        let command = match *route {
            "ops-admin export_person" => json!({"command": "export_person", "objects": self.objects, "reason": "r"}),
            "ops-admin erase_person" => json!({"command": "erase_person", "objects": self.objects, "reason": "r"}),
            _ => json!({"command": "replay_erasures", "since": "2024-01-15 00:00"}),
        };
        self.stage().address.operate(&command).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_call_of_an_export_and_an_erasure() {
    matrix::<Persons>("Persons", 6).await;
}
