//! Two processes create ids in the same moment, without any coordination.

use std::collections::HashSet;

use serde_json::json;

use crate::support::Stage;
use crate::support::board::Board;

/// How many of each kind, while the clock stands still. A process draws one of 2,048 ids of the millisecond above its last one, or takes
/// the next id: the two sequences run into each other.
const EACH: usize = 40;

#[tokio::test]
async fn two_processes_never_create_the_same_id() {
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
