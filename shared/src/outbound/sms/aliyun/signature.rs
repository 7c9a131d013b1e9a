//! The signature ACS3-HMAC-SHA256 (help.aliyun.com, V3版本请求体&签名机制) of a POST request with all parameters in its query.

use std::fmt::Write as _;

use jiff::Timestamp;

use crate::outbound::sms::digest::{hmac_sha256, host, sha256};
use crate::values::Secret;

const ALGORITHM: &str = "ACS3-HMAC-SHA256";

pub struct Request<'a> {
    pub base_url: &'a str,
    pub action: &'a str,
    pub version: &'a str,
    pub query: &'a [(&'a str, String)],
    pub now: Timestamp,
    /// Another one for each request.
    pub nonce: &'a str,
}

impl Request<'_> {
    pub fn url(&self) -> String {
        format!("{}/?{}", self.base_url, self.canonical_query())
    }

    /// The headers that are signed, in their order, but for `host`, which comes first.
    pub fn headers(&self) -> [(&'static str, String); 5] {
        [
            ("x-acs-action", self.action.to_owned()),
            ("x-acs-content-sha256", sha256("")),
            ("x-acs-date", self.now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()),
            ("x-acs-signature-nonce", self.nonce.to_owned()),
            ("x-acs-version", self.version.to_owned()),
        ]
    }

    /// The header `Authorization`.
    pub fn authorization(&self, key_id: &str, key: Secret<&str>) -> String {
        let (canonical, names) = self.canonical();
        let text = format!("{ALGORITHM}\n{}", sha256(&canonical));
        let signature = hex::encode(hmac_sha256(key.map(str::as_bytes), &text).expose());
        format!("{ALGORITHM} Credential={key_id},SignedHeaders={names},Signature={signature}")
    }

    /// The canonical request, and the names of its headers.
    fn canonical(&self) -> (String, String) {
        let host = host(self.base_url).to_owned();
        let (mut lines, mut names) = (String::new(), Vec::new());
        for (name, value) in [("host", host)].into_iter().chain(self.headers()) {
            let _ = writeln!(lines, "{name}:{value}");
            names.push(name);
        }
        let names = names.join(";");
        (format!("POST\n/\n{}\n{lines}\n{names}\n{}", self.canonical_query(), sha256("")), names)
    }

    /// The parameters by name.
    fn canonical_query(&self) -> String {
        let mut pairs: Vec<String> =
            self.query.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
        pairs.sort_unstable();
        pairs.join("&")
    }
}

/// Encodes everything but the unreserved characters of RFC 3986.
fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => encoded.push(char::from(byte)),
            _ => {
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The worked example of the document (V3版本请求体&签名机制, 固定参数示例), with each of its steps.
    #[test]
    fn the_example_of_the_document_has_its_signature() {
        let query = [
            ("RegionId", "cn-shanghai".to_owned()),
            ("ImageId", "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd".to_owned()),
        ];
        let request = Request {
            base_url: "https://ecs.cn-shanghai.aliyuncs.com",
            action: "RunInstances",
            version: "2014-05-26",
            query: &query,
            now: "2023-10-26T10:22:32Z".parse().unwrap(),
            nonce: "3156853299f313e23d1673dc12e1703d",
        };
        let (canonical, _) = request.canonical();
        let expected = "POST\n/\nImageId=win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd&RegionId=cn-shanghai\n\
                        host:ecs.cn-shanghai.aliyuncs.com\nx-acs-action:RunInstances\n\
                        x-acs-content-sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n\
                        x-acs-date:2023-10-26T10:22:32Z\nx-acs-signature-nonce:3156853299f313e23d1673dc12e1703d\n\
                        x-acs-version:2014-05-26\n\n\
                        host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version\n\
                        e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(canonical, expected);
        assert_eq!(sha256(&canonical), "7ea06492da5221eba5297e897ce16e55f964061054b7695beedaac1145b1e259");
        let expected = "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;\
                        x-acs-signature-nonce;x-acs-version,\
                        Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0";
        assert_eq!(request.authorization("YourAccessKeyId", Secret::new("YourAccessKeySecret")), expected);
    }

    /// aliyun/darabonba-openapi-util, golang/service/service_test.go, `Test_GetEncodeParam`; the document adds `*` and `~`.
    #[test]
    fn parameters_are_encoded_as_the_sdk_encodes_them() {
        assert_eq!(encoded("a/b/c/ test"), "a%2Fb%2Fc%2F%20test");
        assert_eq!(encoded("a+b*c~d"), "a%2Bb%2Ac~d");
        assert_eq!(encoded("工桥"), "%E5%B7%A5%E6%A1%A5");
    }

    proptest! {
        /// The server reads the parameters that were signed.
        #[test]
        fn an_address_holds_every_parameter(values in prop::array::uniform3("\\PC{0,40}")) {
            let query = [("c", values[0].clone()), ("a", values[1].clone()), ("b", values[2].clone())];
            let now = Timestamp::UNIX_EPOCH;
            let request = Request { base_url: "https://host", action: "", version: "", query: &query, now, nonce: "" };
            let url = reqwest::Url::parse(&request.url()).unwrap();
            let read: Vec<_> = url.query_pairs().into_owned().collect();
            let expected = [("a", &values[1]), ("b", &values[2]), ("c", &values[0])];
            prop_assert_eq!(read, expected.map(|(name, value)| (name.to_owned(), value.clone())));
            // The client sends the query as it was signed.
            prop_assert_eq!(url.query(), Some(&*request.canonical_query()));
        }
    }
}
