//! What the moderation makes of a job, and which texts of a job it is about.

use jiff::Timestamp;

use super::job::{Content, Job, State};
use super::moderation::{Consequence, Moderation, WhileUnjudged};
use super::values::{Note, Tags};
use crate::error::{Error, Result};
use crate::outbound::wechat::messages::PictureChecked;
use crate::values::{LocalTime, Text};

/// A job whose picture is risky is taken down with this reason, which its owner sees.
const RISKY_PICTURE: &str = "照片未通过微信内容安全检测，请更换照片后重新发布";
/// Who takes it down.
const BY: &str = "wechat";

impl Job {
    /// Whether it is listed, or will be when nothing speaks against it.
    pub(super) fn is_offered(&self) -> bool {
        matches!(self.state, State::Open | State::Waiting)
    }

    /// Opens, holds or takes down an offered job as its verdicts say.
    pub(super) fn moderate(&mut self, meanwhile: WhileUnjudged, now: Timestamp) -> Result<()> {
        let Some(moderation) = self.moderation.as_ref().filter(|_| self.is_offered()) else { return Ok(()) };
        match moderation.consequence(meanwhile) {
            Consequence::Public => self.state = State::Open,
            Consequence::Waits => self.state = State::Waiting,
            Consequence::TakenDown => {
                let reason = Text::parse(RISKY_PICTURE).map_err(Error::internal)?;
                let by = Text::parse(BY).map_err(Error::internal)?;
                self.remove(State::TakenDown, Note { reason, by, at: now.into() });
            }
        }
        Ok(())
    }

    /// Applies the result of a picture that WeChat pushed.
    pub(super) fn settle_picture(&mut self, checked: &PictureChecked, meanwhile: WhileUnjudged, now: Timestamp) -> Result<()> {
        if let Some(moderation) = &mut self.moderation {
            moderation.settle(&checked.trace_id, checked.suggestion);
        }
        self.moderate(meanwhile, now)
    }

    /// A person approves an offered job as it is.
    pub(super) fn approve(&mut self) {
        self.moderation.iter_mut().for_each(Moderation::approve);
        self.state = State::Open;
    }

    /// When to ask WeChat again about an offered job.
    pub(super) fn check_again_at(&self) -> Option<LocalTime> {
        self.moderation.as_ref().filter(|_| self.is_offered())?.retry_at
    }
}

impl Content {
    /// All texts but the contact person, as one.
    pub(super) fn text_to_check(&self) -> String {
        let tags = |tags: &Tags| tags.iter().map(str::to_owned).collect::<Vec<_>>();
        let texts = [
            self.positions.as_str(),
            self.description.as_str(),
            self.address.as_str(),
            self.first_area_des.as_str(),
            self.second_area_des.as_str(),
            self.third_area_des.as_str(),
            self.four_area_des.as_str(),
        ];
        let tags = [tags(&self.basic_protection), tags(&self.salary_benefits), tags(&self.attendance_leave)].concat();
        let texts: Vec<&str> =
            texts.into_iter().chain(tags.iter().map(String::as_str)).filter(|text| !text.is_empty()).collect();
        texts.join("\n")
    }

    /// Whether the texts that WeChat judges are the same.
    pub(super) fn has_texts_of(&self, other: &Self) -> bool {
        self.contact_person == other.contact_person && self.text_to_check() == other.text_to_check()
    }
}
