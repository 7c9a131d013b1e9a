//! The services that the families call: CloudWatch Logs, Secrets Manager, SNS and WeChat.

mod http;
pub mod logs;
pub mod secret;
pub mod sms;
pub mod wechat;
