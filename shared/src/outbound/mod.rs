//! The services that the families call: CloudWatch Logs, Secrets Manager, SQS, WeChat, the providers of text messages, and the receivers of
//! events.

pub mod aws;
mod http;
pub mod logs;
pub mod queue;
pub mod receivers;
pub mod secret;
pub mod sms;
pub mod wechat;
