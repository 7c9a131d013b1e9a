//! How long an event, or a receiver, waits after a failure.

use jiff::SignedDuration;

use crate::crypto::random::random;
use crate::error::Result;

/// The waits after the first failures, in seconds; later ones are eight hours.
const WAITS: [i64; 8] = [5, 30, 120, 600, 1800, 3600, 7200, 14400];
const LONGEST: i64 = 8 * 3600;

/// The wait after this many failures, with up to a fifth more at random, so that receivers which failed together are not called together.
/// A receiver may ask for a longer one, up to eight hours.
pub fn wait(failures: u32, asked: Option<u64>) -> Result<SignedDuration> {
    let place = usize::try_from(failures.saturating_sub(1)).unwrap_or(usize::MAX);
    let seconds = WAITS.get(place).copied().unwrap_or(LONGEST);
    let asked = asked.map_or(0, |asked| i64::try_from(asked).unwrap_or(LONGEST).min(LONGEST));
    let [jitter] = random()?;
    let wait = SignedDuration::from_secs(seconds.max(asked));
    Ok(wait + wait * i32::from(jitter) / (5 * 255))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The waits of docs/design/webhooks.md.
    #[test]
    fn a_wait_grows_to_eight_hours_with_up_to_a_fifth_more() {
        let expected = [5, 30, 120, 600, 1800, 3600, 7200, 14400, 28800, 28800];
        for (failures, seconds) in (1..).zip(expected) {
            for _ in 0..50 {
                let wait = wait(failures, None).unwrap().as_secs_f64();
                assert!((f64::from(seconds)..=f64::from(seconds) * 1.2).contains(&wait), "{failures}: {wait}");
            }
        }
        let waits = |asked| wait(1, Some(asked)).unwrap().as_secs();
        assert!((60..=72).contains(&waits(60)) && waits(1) < 7, "a shorter wait than the own one is not followed");
        assert!((28800..=34560).contains(&waits(u64::MAX)));
    }
}
