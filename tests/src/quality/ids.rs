//! What two processes make in the same moment: ids are made without asking anybody.

use std::collections::HashSet;

use serde_json::json;

use crate::support::Stage;
use crate::support::board::Board;

/// So many of each, while the clock stands still: a process takes any of the lower 2,048 ids of a millisecond that is greater than its last
/// one, or else the next one, so that the two walk up to the same height and meet.
const EACH: usize = 40;

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
