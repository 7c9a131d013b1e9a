//! For a shell with curl, and openssl to sign.

use std::fmt::Write as _;

use super::{Content, Proof, Request, pretty};

pub fn write(request: &Request) -> String {
    let mut lines = format!("BASE={}\n", request.origin);
    if let Proof::Signature = request.proof {
        return lines + &signed(request);
    }
    let mut target = request.target();
    let mut arguments = Vec::new();
    match &request.proof {
        Proof::Header(name, prefix) => {
            lines += "TOKEN=YOUR_TOKEN\n";
            arguments.push(format!("-H \"{name}: {prefix}$TOKEN\""));
        }
        Proof::AccessToken => {
            lines += "ACCESS_TOKEN=YOUR_ACCESS_TOKEN\n";
            target += if target.contains('?') { "&access_token=$ACCESS_TOKEN" } else { "?access_token=$ACCESS_TOKEN" };
        }
        Proof::Nothing | Proof::Signature => (),
    }
    match &request.content {
        Content::Nothing => (),
        Content::Json(payload) if request.method == "GET" => {
            arguments.push(format!("-G --data-urlencode {}", quoted(&format!("payload={payload}"))));
        }
        Content::Json(body) => {
            arguments.push("-H 'Content-Type: application/json'".to_owned());
            arguments.push(format!("-d {}", quoted(&pretty(body, ""))));
        }
        Content::Form(pairs) => {
            arguments
                .extend(pairs.iter().map(|(name, value)| format!("--data-urlencode {}", quoted(&format!("{name}={value}")))));
        }
        Content::Picture(field) => arguments.push(format!("-F '{field}=@photo.png'")),
    }
    let output = if request.is_file { "-D - -o answer.png" } else { "-i" };
    lines += &format!("curl {output} {}\"$BASE{target}\"", method(request));
    for argument in arguments {
        lines += &format!(" \\\n    {argument}");
    }
    lines + "\n"
}

fn method(request: &Request) -> String {
    if request.method == "GET" { String::new() } else { format!("-X {} ", request.method) }
}

fn signed(request: &Request) -> String {
    let payload = request.payload();
    let said = if payload.is_some() { "$PAYLOAD" } else { "" };
    let mut lines = "ACCESS_KEY=YOUR_ACCESS_KEY\nSECRET_KEY=YOUR_SECRET_KEY\nTONCE=$(date +%s)\n".to_owned();
    if let Some((payload, _)) = payload {
        let _ = writeln!(lines, "PAYLOAD={}", quoted(&pretty(payload, "")));
    }
    let Request { method: verb, path, .. } = request;
    lines += &format!("SIGNATURE=$(printf %s \"{verb}{path}$ACCESS_KEY$TONCE{said}\" |\n");
    lines += "    openssl dgst -sha256 -hmac \"$SECRET_KEY\" | sed 's/.* //')\n";
    lines += &format!("curl -i {}\"$BASE{path}?access_key=$ACCESS_KEY&tonce=$TONCE&signature=$SIGNATURE\"", method(request));
    lines += match payload {
        None => "",
        Some((_, true)) => " \\\n    -G --data-urlencode \"payload=$PAYLOAD\"",
        Some((_, false)) => " \\\n    -H 'Content-Type: application/json' -d \"$PAYLOAD\"",
    };
    lines + "\n"
}

/// A word of the shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
