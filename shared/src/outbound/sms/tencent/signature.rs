//! The signature TC3-HMAC-SHA256 (cloud.tencent.com/document/api/213/30654, 签名方法 v3) of a POST request with a JSON body.

use jiff::Timestamp;

use crate::outbound::sms::digest::{hmac_sha256, host, sha256};
use crate::values::Secret;

const ALGORITHM: &str = "TC3-HMAC-SHA256";
const SIGNED_HEADERS: &str = "content-type;host;x-tc-action";
pub const CONTENT_TYPE: &str = "application/json; charset=utf-8";

pub struct Request<'a> {
    pub base_url: &'a str,
    /// The product: the first part of the host's name.
    pub service: &'a str,
    pub action: &'a str,
    pub body: &'a str,
    pub now: Timestamp,
}

impl Request<'_> {
    /// The header `Authorization`.
    pub fn authorization(&self, key_id: &str, key: Secret<&str>) -> String {
        let scope = self.scope();
        let signature = hmac_sha256(key_bytes(&self.signing_key(key)), &self.text());
        let signature = hex::encode(signature.expose());
        format!("{ALGORITHM} Credential={key_id}/{scope}, SignedHeaders={SIGNED_HEADERS}, Signature={signature}")
    }

    /// The day of UTC.
    fn date(&self) -> String {
        self.now.strftime("%Y-%m-%d").to_string()
    }

    fn scope(&self) -> String {
        format!("{}/{}/tc3_request", self.date(), self.service)
    }

    fn canonical(&self) -> String {
        let (host, action) = (host(self.base_url), self.action.to_lowercase());
        let headers = format!("content-type:{CONTENT_TYPE}\nhost:{host}\nx-tc-action:{action}\n");
        format!("POST\n/\n\n{headers}\n{SIGNED_HEADERS}\n{}", sha256(self.body))
    }

    /// The text that is signed.
    fn text(&self) -> String {
        format!("{ALGORITHM}\n{}\n{}\n{}", self.now.as_second(), self.scope(), sha256(&self.canonical()))
    }

    fn signing_key(&self, key: Secret<&str>) -> Secret<[u8; 32]> {
        let key = key.map(|key| format!("TC3{key}"));
        let of_day = hmac_sha256(key.as_deref().map(str::as_bytes), &self.date());
        let of_service = hmac_sha256(key_bytes(&of_day), self.service);
        hmac_sha256(key_bytes(&of_service), "tc3_request")
    }
}

fn key_bytes(key: &Secret<[u8; 32]>) -> Secret<&[u8]> {
    Secret::new(key.expose())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The worked example of the document (cloud.tencent.com/document/api/213/30654), with each of its steps. Its keys are asterisks.
    #[test]
    fn the_example_of_the_document_has_its_signature() {
        let stars = "*".repeat(32);
        let request = Request {
            base_url: "https://cvm.tencentcloudapi.com",
            service: "cvm",
            action: "DescribeInstances",
            body: r#"{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}"#,
            now: Timestamp::from_second(1_551_113_065).unwrap(),
        };
        let expected = "POST\n/\n\ncontent-type:application/json; charset=utf-8\nhost:cvm.tencentcloudapi.com\n\
                        x-tc-action:describeinstances\n\ncontent-type;host;x-tc-action\n\
                        35e9c5b0e3ae67532d3c9f17ead6c90222632e5b1ff7f6e89887f1398934f064";
        assert_eq!(request.canonical(), expected);
        let expected = "TC3-HMAC-SHA256\n1551113065\n2019-02-25/cvm/tc3_request\n\
                        7019a55be8395899b900fb5564e4200d984910f34794a27cb3fb7d10ff6a1e84";
        assert_eq!(request.text(), expected);
        let signing_key = request.signing_key(Secret::new(&stars));
        assert_eq!(hex::encode(signing_key.expose()), "b596b923aad85185e2d1f6659d2a062e0a86731226e021e61bfe06f7ed05f5af");
        let expected = format!(
            "TC3-HMAC-SHA256 Credential=AKID{stars}/2019-02-25/cvm/tc3_request, SignedHeaders=content-type;host;x-tc-action, \
             Signature=10b1a37a7301a02ca19a647ad722d5e43b4b3cff309d421d85b46093f6ab6c4f"
        );
        assert_eq!(request.authorization(&format!("AKID{stars}"), Secret::new(&stars)), expected);
    }
}
