//! The services that the families call: Secrets Manager, SNS and WeChat.

pub mod secret;
pub mod sms;
pub mod wechat;
