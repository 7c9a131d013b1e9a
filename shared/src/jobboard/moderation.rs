//! The moderation of jobs (docs/design/jobboard.md, Moderation): what is known of the texts and the pictures of a job, and whether it is public.
//! `moderated.rs` applies it to a job, `moderating.rs` asks WeChat.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::outbound::wechat::content::{Suggestion, Unjudged};
use crate::values::{LocalTime, choices};

/// The pause after the first attempt without a result. Each one is twice as long as the one before.
const SHORTEST_PAUSE: SignedDuration = SignedDuration::from_mins(5);
/// WeChat pushes the result of a picture within 30 minutes. After this time it counts as lost.
const RESULT_LOST_AFTER: SignedDuration = SignedDuration::from_mins(45);
/// After so many attempts without a result a person decides.
const MOST_ATTEMPTS: u32 = 8;
/// A name with one of these words could be taken for that of a bank, of an authority, or of this platform.
const IMITATING: [&str; 16] = [
    "银行",
    "客服",
    "官方",
    "微信",
    "腾讯",
    "支付宝",
    "财付通",
    "公安",
    "警察",
    "法院",
    "检察院",
    "政府",
    "税务",
    "社保",
    "管理员",
    "工桥",
];

choices! {
    /// The setting `MODERATION`: what becomes of a content that WeChat has not judged yet.
    WhileUnjudged {
        /// It is public meanwhile.
        Publish = "publish",
        /// It waits.
        Hold = "hold",
    }
}

choices! {
    /// What is known of a text or of a picture.
    Verdict {
        /// WeChat did not answer.
        Unjudged = "unjudged",
        /// WeChat will push the result.
        Submitted = "submitted",
        Passed = "passed",
        /// A person decides.
        Review = "review",
        Risky = "risky",
    }
}

impl Verdict {
    pub(super) fn of(judged: Result<Suggestion, Unjudged>) -> Self {
        match judged {
            Ok(Suggestion::Pass) => Self::Passed,
            // WeChat never judges for a user who does not come back.
            Ok(Suggestion::Review) | Err(Unjudged::NotSeen) => Self::Review,
            Ok(Suggestion::Risky) => Self::Risky,
            Err(Unjudged::Unavailable) => Self::Unjudged,
        }
    }

    pub(super) fn is_open(self) -> bool {
        matches!(self, Self::Unjudged | Self::Submitted)
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckedPicture {
    pub url: String,
    pub verdict: Verdict,
    /// WeChat's name of the check.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Moderation {
    pub texts: Verdict,
    /// In the order of the job's photos.
    #[serde(default)]
    pub pictures: Vec<CheckedPicture>,
    /// How many attempts left something without a result.
    #[serde(default)]
    pub attempts: u32,
    /// When to ask WeChat again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<LocalTime>,
}

/// What follows from the verdicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Consequence {
    Public,
    Waits,
    TakenDown,
}

impl Moderation {
    fn verdicts(&self) -> impl Iterator<Item = Verdict> {
        [self.texts].into_iter().chain(self.pictures.iter().map(|picture| picture.verdict))
    }

    pub(super) fn consequence(&self, meanwhile: WhileUnjudged) -> Consequence {
        let any = |wanted: fn(Verdict) -> bool| self.verdicts().any(wanted);
        if any(|verdict| verdict == Verdict::Risky) {
            Consequence::TakenDown
        } else if any(|verdict| verdict == Verdict::Review) || meanwhile == WhileUnjudged::Hold && any(Verdict::is_open) {
            Consequence::Waits
        } else {
            Consequence::Public
        }
    }

    /// Plans the next attempt, if something has no result. After the last one a person decides.
    pub(super) fn plan(&mut self, now: Timestamp) {
        self.retry_at = None;
        if !self.verdicts().any(Verdict::is_open) {
            return;
        }
        if self.attempts >= MOST_ATTEMPTS {
            return self.decide(Verdict::Review);
        }
        let is_unjudged = self.verdicts().any(|verdict| verdict == Verdict::Unjudged);
        // Seven doublings of the shortest pause are ten hours.
        let pause = if is_unjudged { SHORTEST_PAUSE * (1 << self.attempts.min(7)) } else { RESULT_LOST_AFTER };
        self.retry_at = Some(LocalTime::from(now).later(pause));
        self.attempts += 1;
    }

    /// Gives everything that has no result this verdict.
    fn decide(&mut self, verdict: Verdict) {
        let pictures = self.pictures.iter_mut().map(|picture| &mut picture.verdict);
        for open in [&mut self.texts].into_iter().chain(pictures).filter(|verdict| verdict.is_open()) {
            *open = verdict;
        }
    }

    pub(super) fn approve(&mut self) {
        self.texts = Verdict::Passed;
        for picture in &mut self.pictures {
            picture.verdict = Verdict::Passed;
        }
        self.retry_at = None;
    }

    /// Applies the result that WeChat pushed. It changes nothing twice, and nothing that a person decided.
    pub(super) fn settle(&mut self, trace_id: &str, suggestion: Suggestion) {
        let is_of = |picture: &&mut CheckedPicture| picture.trace_id.as_deref() == Some(trace_id);
        for picture in self.pictures.iter_mut().filter(is_of).filter(|picture| picture.verdict == Verdict::Submitted) {
            picture.verdict = Verdict::of(Ok(suggestion));
        }
        if !self.verdicts().any(Verdict::is_open) {
            self.retry_at = None;
        }
    }
}

/// What becomes of the name of a user.
pub(super) enum NameVerdict {
    Accepted,
    /// A person decides.
    Review,
}

/// Whether a name could be taken for that of a bank, an authority or this platform.
pub(super) fn imitates(name: &str) -> bool {
    let name: String = name.chars().filter(|character| !character.is_whitespace()).collect();
    IMITATING.iter().any(|word| name.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn of(texts: Verdict, pictures: &[Verdict]) -> Moderation {
        let picture = |(place, verdict): (usize, &Verdict)| CheckedPicture {
            url: format!("https://a/{place}"),
            verdict: *verdict,
            trace_id: Some(place.to_string()),
        };
        Moderation { texts, pictures: pictures.iter().enumerate().map(picture).collect(), attempts: 0, retry_at: None }
    }

    #[test]
    fn the_worst_verdict_decides() {
        use Consequence::{Public, TakenDown, Waits};
        use Verdict::{Passed, Review, Risky, Submitted, Unjudged};
        for (texts, picture, publish, hold) in [
            (Passed, Passed, Public, Public),
            (Passed, Submitted, Public, Waits),
            (Unjudged, Passed, Public, Waits),
            (Unjudged, Review, Waits, Waits),
            (Review, Passed, Waits, Waits),
            (Review, Risky, TakenDown, TakenDown),
            (Unjudged, Risky, TakenDown, TakenDown),
        ] {
            let moderation = of(texts, &[Passed, picture]);
            let both = [WhileUnjudged::Publish, WhileUnjudged::Hold].map(|meanwhile| moderation.consequence(meanwhile));
            assert_eq!(both, [publish, hold], "{texts:?} {picture:?}");
        }
    }

    #[test]
    fn the_pauses_grow_and_a_person_decides_after_eight_attempts() {
        let (mut moderation, mut now, mut pauses) = (of(Verdict::Unjudged, &[]), at("2024-01-15T10:30:00Z"), Vec::new());
        moderation.plan(now);
        while let Some(retry_at) = moderation.retry_at {
            pauses.push(Timestamp::from(retry_at).duration_since(now).as_mins());
            now = retry_at.into();
            moderation.plan(now);
        }
        assert_eq!(pauses, [5, 10, 20, 40, 80, 160, 320, 640]);
        assert_eq!(moderation.texts, Verdict::Review);
    }

    #[test]
    fn a_result_counts_once_and_not_after_a_person_decided() {
        let mut moderation = of(Verdict::Passed, &[Verdict::Submitted, Verdict::Submitted]);
        moderation.plan(at("2024-01-15T10:30:00Z"));
        moderation.settle("0", Suggestion::Review);
        moderation.settle("0", Suggestion::Pass);
        moderation.settle("another", Suggestion::Risky);
        assert_eq!(
            moderation.pictures.iter().map(|picture| picture.verdict).collect::<Vec<_>>(),
            [Verdict::Review, Verdict::Submitted]
        );
        assert!(moderation.retry_at.is_some());
        moderation.approve();
        moderation.settle("1", Suggestion::Risky);
        assert_eq!((moderation.consequence(WhileUnjudged::Hold), moderation.retry_at), (Consequence::Public, None));
    }

    #[test]
    fn names_of_banks_and_of_staff_imitate() {
        for (name, is_imitating) in [("招商银行", true), ("官 方 客 服", true), ("李银", false), ("王行", false), ("", false)]
        {
            assert_eq!(imitates(name), is_imitating, "{name}");
        }
    }
}
