//! What two processes make in the same moment: ids are made without asking anybody.

use std::collections::HashSet;

use serde_json::json;

use crate::support::board::Board;
use crate::support::{Partner, Stage};

/// So many of each, while the clock stands still: a process takes any of the lower 2,048 ids of a millisecond that is greater than its last
/// one, or else the next one, so that the two walk up to the same height and meet.
const EACH: usize = 40;
const UPLOADS: usize = 150;

#[tokio::test]
async fn jobs_orders_and_users_have_ids_of_their_own() {
    let stage = Stage::open().await;
    let (address, _other) = stage.another_process().await;
    let mut owners = Vec::new();
    for address in [&stage.address, &address] {
        let board = Board::of(address);
        for _ in 0..EACH {
            owners.push(board.join().await);
        }
    }
    let users: HashSet<u64> = owners.iter().map(|owner| owner.id).collect();
    let (mut jobs, mut orders) = (HashSet::new(), HashSet::new());
    for owner in &owners {
        jobs.insert(owner.post_job(json!({})).await);
        orders.insert(owner.order_voucher().await);
    }
    assert_eq!((users.len(), jobs.len(), orders.len()), (2 * EACH, 2 * EACH, 2 * EACH));
}

#[tokio::test]
async fn uploads_have_names_of_their_own() {
    let stage = Stage::open().await;
    let (address, _other) = stage.another_process().await;
    let partner = Partner::join(&stage.address).await;
    let mut names = HashSet::new();
    for base_url in [&stage.address.base_url, &address.base_url] {
        let partner = Partner { base_url: base_url.clone(), ..partner.clone() };
        for _ in 0..UPLOADS {
            let upload = json!({"purpose": "resume", "content_type": "application/pdf", "size": 8});
            let begun = partner.post("/api/v1/uploads", &upload).await;
            let url = begun.body["data"]["url"].as_str().unwrap_or_else(|| panic!("{begun:?}"));
            names.insert(url.rsplit_once('/').unwrap().1.to_owned());
        }
    }
    assert_eq!(names.len(), 2 * UPLOADS);
}
