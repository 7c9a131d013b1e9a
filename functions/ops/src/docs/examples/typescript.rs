//! For TypeScript on Node, without packages.

use super::{Content, Proof, Request, members, pretty, quoted};

pub fn write(request: &Request) -> String {
    let mut imports = String::new();
    let mut start = format!("const base = {};\n", quoted(request.origin));
    let mut options = vec![format!("method: {}", quoted(request.method))];
    let mut headers = Vec::new();
    let mut query = request.query.clone();
    match &request.proof {
        Proof::Nothing => (),
        Proof::Header(name, prefix) => {
            start += "const token = \"YOUR_TOKEN\";\n";
            let value = if prefix.is_empty() { "token".to_owned() } else { format!("`{prefix}${{token}}`") };
            headers.push(format!("{}: {value}", quoted(name)));
        }
        Proof::AccessToken => {
            start += "const accessToken = \"YOUR_ACCESS_TOKEN\";\n";
            query.push(("access_token".to_owned(), String::new()));
        }
        Proof::Signature => {
            imports += "import { createHmac } from \"node:crypto\";\n\n";
            start += "const accessKey = \"YOUR_ACCESS_KEY\";\nconst secretKey = \"YOUR_SECRET_KEY\";\n";
            let names = ["access_key", "tonce", "signature"];
            query.extend(names.map(|name| (name.to_owned(), String::new())));
        }
    }
    match &request.content {
        Content::Nothing => (),
        Content::Json(payload) if request.method == "GET" => {
            start += &format!("\nconst payload = JSON.stringify({});\n", pretty(payload, ""));
            query.push(("payload".to_owned(), String::new()));
        }
        Content::Json(body) => {
            let name = if matches!(request.proof, Proof::Signature) { "payload" } else { "body" };
            start += &format!("\nconst {name} = JSON.stringify({});\n", pretty(body, ""));
            headers.push("\"Content-Type\": \"application/json\"".to_owned());
            options.push(if name == "body" { "body".to_owned() } else { "body: payload".to_owned() });
        }
        Content::Form(pairs) => {
            start += &format!("\nconst body = new URLSearchParams({{\n{}}});\n", members(pairs));
            options.push("body".to_owned());
        }
        Content::Picture(field) => {
            imports += "import { readFile } from \"node:fs/promises\";\n\n";
            start += "\nconst body = new FormData();\n";
            start += &format!("body.append({}, new Blob([await readFile(\"photo.png\")]), \"photo.png\");\n", quoted(field));
            options.push("body".to_owned());
        }
    }
    if let Proof::Signature = request.proof {
        start += &signature(request);
    }
    if !headers.is_empty() {
        options.insert(1, format!("headers: {{ {} }}", headers.join(", ")));
    }
    // Clients see the same response in all languages: fetch alone would follow a redirect.
    options.push("redirect: \"manual\"".to_owned());
    let target = if query.is_empty() {
        format!("base + {}", quoted(&request.path))
    } else {
        start += &format!("\nconst query = new URLSearchParams({{\n{}}});\n", query.iter().map(pair).collect::<String>());
        format!("`${{base}}{}?${{query}}`", request.path)
    };
    let options: String = options.iter().map(|option| format!("  {option},\n")).collect();
    let end = if request.is_file {
        imports += "import { writeFile } from \"node:fs/promises\";\n\n";
        "console.log(response.status, response.headers);\nawait writeFile(\"answer.png\", new Uint8Array(await response.arrayBuffer()));\n"
    } else {
        "console.log(response.status, await response.text());\n"
    };
    format!("{imports}{start}\nconst response = await fetch({target}, {{\n{options}}});\n{end}")
}

fn signature(request: &Request) -> String {
    let said = if request.payload().is_some() { " + payload" } else { "" };
    let (method, path) = (quoted(request.method), quoted(&request.path));
    format!(
        r#"
const tonce = String(Math.floor(Date.now() / 1000));
const signature = createHmac("sha256", secretKey)
  .update({method} + {path} + accessKey + tonce{said})
  .digest("hex");
"#
    )
}

fn pair((name, value): &(String, String)) -> String {
    match &**name {
        "access_token" => "  access_token: accessToken,\n".to_owned(),
        "access_key" => "  access_key: accessKey,\n".to_owned(),
        "tonce" | "signature" | "payload" => format!("  {name},\n"),
        _ => format!("  {}: {},\n", quoted(name), quoted(value)),
    }
}
