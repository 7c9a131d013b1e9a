//! The HR document: its endpoints.

const TEXT: &str = include_str!("../../../../docs/contract/hris.txt");

/// The endpoints that the change log (更新日志, 2017-06-06) withdraws.
pub const WITHDRAWN: [&str; 2] = [
    "GET /api/v2/sub_companies/{sub_company_uuid}/departments",
    "GET /api/v2/sub_companies/{sub_company_uuid}/departments/{uuid}",
];

/// Every endpoint, `METHOD /path`. The document has several names for an employee's id; here all are `{id}`.
pub fn endpoints() -> Vec<String> {
    TEXT.lines().filter(|line| is_endpoint(line)).map(normalised).collect()
}

/// The endpoints whose payload schema lists `token`.
pub fn bearing_token() -> Vec<String> {
    let (mut bearing, mut endpoint) = (Vec::new(), "");
    for line in TEXT.lines() {
        if is_endpoint(line) {
            endpoint = line;
        } else if line.starts_with("| token |") {
            bearing.push(normalised(endpoint));
        }
    }
    bearing
}

fn is_endpoint(line: &str) -> bool {
    let is_path = |path: &str| path.starts_with("/api/v2/");
    ["GET ", "POST ", "PATCH "].iter().any(|method| line.strip_prefix(method).is_some_and(is_path))
}

fn normalised(line: &str) -> String {
    let (method, path) = line.split_once(' ').unwrap();
    let segments: Vec<String> = path
        .split('/')
        .enumerate()
        .map(|(at, segment)| match segment.strip_prefix(':') {
            Some(_) if path.starts_with("/api/v2/employees/") && at == 4 => "{id}".to_owned(),
            Some(name) => format!("{{{name}}}"),
            None => segment.to_owned(),
        })
        .collect();
    format!("{method} {}", segments.join("/"))
}
