//! The rules of the code that the compiler does not check.

use std::process::Command;

use crate::support::repository::{read, root, sources};

fn dependencies(package: &str) -> Vec<String> {
    let manifest = read(&format!("{package}/Cargo.toml"));
    let section = manifest.split("[dependencies]\n").nth(1).unwrap().split("\n[").next().unwrap();
    section.lines().filter_map(|line| line.split_once(" = ").map(|(name, _)| name.to_owned())).collect()
}

#[test]
fn the_domain_has_no_transport_dependency() {
    for transport in ["axum", "http", "hyper", "lambda_http", "lambda_runtime", "tower", "utoipa"] {
        assert!(!dependencies("shared").iter().any(|name| name == transport), "shared depends on {transport}");
    }
}

#[test]
fn only_binaries_and_their_runtime_import_lambda_http() {
    let sources = sources("functions").into_iter();
    for (path, text) in sources.filter(|(path, _)| !path.starts_with(root().join("functions/lambda"))) {
        let is_binary = path.parent().is_some_and(|folder| folder.ends_with("bin"));
        assert!(is_binary || !text.contains("lambda_http"), "{} imports lambda_http", path.display());
        assert!(!is_binary || text.lines().count() <= 20, "{} is more than a handful of lines", path.display());
    }
}

#[test]
fn handlers_do_not_touch_the_database() {
    for (path, text) in sources("functions") {
        assert!(
            !text.contains("aws_sdk") && !text.contains("shared::storage::table"),
            "{} bypasses the service",
            path.display()
        );
    }
}

#[test]
fn there_is_one_tls_and_one_http_stack() {
    let tree =
        Command::new(env!("CARGO")).args(["tree", "--workspace", "--prefix=none", "--locked"]).current_dir(root()).output();
    let tree = String::from_utf8(tree.unwrap().stdout).unwrap();
    assert!(tree.contains("rustls v0.23") && tree.contains("hyper v1."));
    for second in ["openssl v", "native-tls v", "ring v", "rustls v0.21", "hyper v0.", "http v0."] {
        assert!(!tree.lines().any(|line| line.starts_with(second)), "{second} is a dependency");
    }
}

/// Names of credentials and of their hashes, as the last word of a name.
const CREDENTIALS: [&str; 9] = ["secret", "secrets", "signature", "mac", "hash", "token", "digest", "password", "proof"];

fn is_credential(name: &str) -> bool {
    CREDENTIALS.contains(&name.rsplit('_').next().unwrap_or(name))
}

/// The last name on each side of a comparison: `token` of `a.token()` and of `&self.token`.
fn compared(line: &str) -> Vec<String> {
    let is_part = |c: char| c.is_alphanumeric() || "_.:()&*[]".contains(c);
    let mut names = Vec::new();
    for operator in [" == ", " != "] {
        for (at, _) in line.match_indices(operator) {
            let before = line[..at].rsplit(|c: char| !is_part(c)).next().unwrap_or_default();
            let behind = line[at + operator.len()..].split(|c: char| !is_part(c)).next().unwrap_or_default();
            for side in [before, behind] {
                let mut words = side.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty());
                names.extend(words.next_back().map(str::to_owned));
            }
        }
    }
    names
}

/// The duration of `==` reveals how much of a guess is right; `credentials::is_same` takes constant time. These lines may compare with
/// `==`, each for the given reason. This list may only shrink.
const COMPARED_DIRECTLY: [&str; 2] = [
    // Whether its owner pushes a record again with the same content.
    "digests.iter().any(|digest| hex::encode(digest) == stored.first_content)",
    // A login that finds its own hash in the list that it read.
    "sessions.iter().any(|session| session.hash == hash)",
];

/// Where credentials are compared, and how often. A change here needs a reason: the comparison may have lost its constant time.
const COMPARED: [(&str, usize); 8] = [
    ("functions/hris/src/consent.rs", 1),
    ("shared/src/channel/tokens.rs", 3),
    ("shared/src/crypto/credentials.rs", 1),
    ("shared/src/hris/access.rs", 1),
    ("shared/src/hris/signature.rs", 1),
    ("shared/src/signing/captcha.rs", 1),
    ("shared/src/storage/one_time_code.rs", 1),
    ("shared/src/storage/page.rs", 1),
];

#[test]
fn credentials_are_compared_in_one_place() {
    let mut places = Vec::new();
    for (path, text) in sources("shared/src").into_iter().chain(sources("functions")) {
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for line in code.lines().filter(|line| !line.trim_start().starts_with("//")) {
            let is_fine = COMPARED_DIRECTLY.iter().any(|known| line.contains(known));
            let found = compared(line).into_iter().find(|name| is_credential(name));
            assert!(is_fine || found.is_none(), "{}: {found:?} is compared by its bytes in `{}`", path.display(), line.trim());
        }
        let calls = code.matches("is_same(").count() - code.matches("fn is_same(").count();
        let place = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
        places.extend((calls > 0).then_some((place, calls)));
        let is_the_place = path.ends_with("shared/src/crypto/credentials.rs");
        assert!(is_the_place || !code.contains("verify_slices_are_equal"), "{} has its own comparison", path.display());
    }
    places.sort();
    assert_eq!(places, COMPARED.map(|(place, calls)| (place.to_owned(), calls)));
    let guilty =
        ["if stored.token == given {", "given != &self.secret_hash()", "x.map(|known| *known == mac)", "code_digest == given"];
    for guilty in guilty {
        assert!(compared(guilty).iter().any(|name| is_credential(name)), "{guilty}");
    }
    for innocent in ["secret.secret_id == *secret_id", "token.len() == 3", "// token == token", "hashes == 2"] {
        assert!(!compared(innocent).iter().any(|name| is_credential(name)) || innocent.starts_with("//"), "{innocent}");
    }
}

/// The text between the first `open` and its `close`, and the rest.
fn within(text: &str, open: char, close: char) -> Option<(&str, &str)> {
    let begin = text.find(open)?;
    let mut depth = 0;
    for (at, c) in text.char_indices().skip_while(|(at, _)| *at < begin) {
        depth += i32::from(c == open) - i32::from(c == close);
        if depth == 0 {
            return Some((&text[begin + open.len_utf8()..at], &text[at + close.len_utf8()..]));
        }
    }
    None
}

/// The fields, each with its type, of the types in a file that derive `Debug`. The field of a tuple has the name of its type.
fn shown_fields(text: &str) -> Vec<(String, String)> {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let text = lines.map(|line| format!("{line}\n")).collect::<String>();
    let mut fields = Vec::new();
    for behind in text.split("#[derive").skip(1) {
        let (derived, mut rest) = within(behind, '(', ')').unwrap();
        if !derived.split(',').any(|name| name.trim() == "Debug") {
            continue;
        }
        rest = rest.trim_start_matches(']').trim_start();
        while rest.starts_with('#') {
            rest = within(rest, '[', ']').unwrap().1.trim_start();
        }
        let head = rest.split(['{', ';']).next().unwrap();
        let kind = ["struct ", "enum "].into_iter().find_map(|keyword| head.split_once(keyword)).map(|(_, name)| name);
        let named = kind.unwrap_or_else(|| panic!("`{head}` is neither a struct nor an enum"));
        match named.split_once('(') {
            Some((name, _)) => {
                let (kinds, _) = within(rest.split_once(name).unwrap().1, '(', ')').unwrap();
                fields.push((snake(name), kinds.trim_start_matches("pub ").to_owned()));
            }
            None if rest[head.len()..].starts_with('{') => {
                let (body, _) = within(rest, '{', '}').unwrap();
                let named =
                    body.lines().filter_map(|line| line.split_once(": ").filter(|(name, _)| !name.contains(['#', '"'])));
                fields.extend(named.map(|(name, kind)| {
                    let name = name.rsplit([' ', '{', '(']).next().unwrap();
                    (name.to_owned(), kind.trim_end_matches([',', ' ', '}']).to_owned())
                }));
            }
            None => {}
        }
    }
    fields
}

/// `access_token` of `AccessToken<'a>`.
fn snake(name: &str) -> String {
    let name = name.split(['<', ' ']).next().unwrap();
    let words =
        name.char_indices().flat_map(|(at, c)| (c.is_uppercase() && at > 0).then_some('_').into_iter().chain(c.to_lowercase()));
    words.collect()
}

/// Types that implement `Debug` by hand and show nothing.
const HIDDEN: [&str; 6] = ["Secrets", "Secret", "Mobile", "IdCard", "BankAccount", "Private"];

/// `Mobile` of `Option<Mobile>`.
fn inner(kind: &str) -> &str {
    ["Option<", "Vec<"].iter().find_map(|outer| kind.strip_prefix(outer)?.strip_suffix('>')).unwrap_or(kind)
}

#[test]
fn no_type_that_holds_a_secret_derives_debug() {
    let private = [
        "openid",
        "plain",
        "kept",
        "key_pair",
        "private_key",
        "apiv3_key",
        "cookie",
        "id_card",
        "id_number",
        "id_no",
        "bank_card",
        "bank_account",
        "mobile",
        "phone",
    ];
    for (path, text) in sources("shared/src").into_iter().chain(sources("functions")) {
        for (name, kind) in shown_fields(&text) {
            let holds = is_credential(&name) || private.contains(&name.as_str());
            assert!(!holds || HIDDEN.contains(&inner(&kind)), "{}: {name}: {kind} is shown by Debug", path.display());
        }
    }
    for guilty in [
        "#[derive(Clone, Debug)]\npub struct Login {\n    /// Returned (once).\n    pub token: String,\n}\n",
        "#[derive(Debug, Deserialize)]\n#[serde(rename_all = \"snake_case\", bound(x))]\npub(crate) struct Login<'a> {\n    token: String,\n}\n",
        "#[derive(\n    Clone,\n    Debug,\n)]\nenum Login {\n    #[serde(rename = \"x: y\")]\n    By { token: String },\n}\n",
        "#[derive(Debug)]\npub struct Token(String);\n",
    ] {
        let [(name, kind)] = &shown_fields(guilty)[..] else { panic!("{guilty}: {:?}", shown_fields(guilty)) };
        assert_eq!((name.as_str(), kind.as_str()), ("token", "String"), "{guilty}");
    }
}
