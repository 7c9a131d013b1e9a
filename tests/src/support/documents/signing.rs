//! The signing document: its endpoints.

const TEXT: &str = include_str!("../../../../docs/contract/signing.txt");

/// Every endpoint, `METHOD /path`. The document puts method and path on two lines.
pub fn endpoints() -> Vec<String> {
    let lines: Vec<&str> = TEXT.lines().map(str::trim).collect();
    let methods = ["GET", "POST", "PUT"];
    let found = lines.windows(2).filter(|pair| methods.contains(&pair[0]) && pair[1].starts_with('/'));
    found.map(|pair| pair.join(" ")).collect()
}
