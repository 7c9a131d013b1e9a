//! The services that the families call: CloudWatch Logs, Secrets Manager, WeChat, and the providers of text messages.

mod http;
pub mod logs;
pub mod secret;
pub mod sms;
pub mod wechat;
