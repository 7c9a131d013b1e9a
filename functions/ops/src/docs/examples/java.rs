//! For Java 17 or later, without libraries. `java Example.java` runs the file.

use super::{Content, Proof, Request, pretty, quoted};

pub fn write(request: &Request) -> String {
    let Request { origin, method, .. } = request;
    let mut start = format!("        String base = {};\n", quoted(origin));
    let mut target = quoted(&request.target());
    let mut headers = String::new();
    let mut publisher = "HttpRequest.BodyPublishers.noBody()".to_owned();
    match &request.proof {
        Proof::Nothing => (),
        Proof::Header(name, prefix) => {
            start += "        String token = \"YOUR_TOKEN\";\n";
            let value = if prefix.is_empty() { "token".to_owned() } else { format!("{} + token", quoted(prefix)) };
            headers += &header(&quoted(name), &value);
        }
        Proof::AccessToken => {
            start += "        String accessToken = \"YOUR_ACCESS_TOKEN\";\n";
            let sign = if target.contains('?') { "&" } else { "?" };
            target += &format!("\n                + \"{sign}access_token=\" + accessToken");
        }
        Proof::Signature => {
            start += "        String accessKey = \"YOUR_ACCESS_KEY\";\n        String secretKey = \"YOUR_SECRET_KEY\";\n";
        }
    }
    match &request.content {
        Content::Nothing => (),
        Content::Json(payload) => {
            let name = if request.method == "GET" || matches!(request.proof, Proof::Signature) { "payload" } else { "body" };
            start += &format!("        String {name} = {};\n", block(&pretty(payload, "                ")));
            if request.method != "GET" {
                headers += &header("\"Content-Type\"", "\"application/json\"");
                publisher = format!("HttpRequest.BodyPublishers.ofString({name})");
            }
        }
        Content::Form(pairs) => {
            let pairs = pairs.iter().map(|(name, value)| format!("                {{{}, {}}},\n", quoted(name), quoted(value)));
            start += &format!("        String[][] fields = {{\n{}        }};\n", pairs.collect::<String>());
            start += FORM;
            headers += &header("\"Content-Type\"", "\"application/x-www-form-urlencoded\"");
            publisher = "HttpRequest.BodyPublishers.ofString(body)".to_owned();
        }
        Content::Picture(field) => {
            start += &PICTURE.replace("FIELD", field);
            headers += &header("\"Content-Type\"", "\"multipart/form-data; boundary=\" + boundary");
            publisher = "HttpRequest.BodyPublishers.ofByteArray(body.toByteArray())".to_owned();
        }
    }
    if let Proof::Signature = request.proof {
        start += &signature(request);
        target += "\n                + \"?access_key=\" + accessKey + \"&tonce=\" + tonce + \"&signature=\" + signature";
    }
    if request.payload().is_some_and(|(_, is_query)| is_query) {
        let sign = if target.contains('?') { "&" } else { "?" };
        target += &format!("\n                + \"{sign}payload=\" + URLEncoder.encode(payload, StandardCharsets.UTF_8)");
    }
    let handler = if request.is_file { "ofFile(Path.of(\"answer.png\"))" } else { "ofString()" };
    let code = format!(
        "class Example {{
    public static void main(String[] args) throws Exception {{
{start}        var request = HttpRequest.newBuilder(URI.create(base + {target}))
{headers}                .method(\"{method}\", {publisher})
                .build();
        var response = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.{handler});
        System.out.println(response.statusCode() + \" \" + response.body());
    }}
}}
"
    );
    imports(&code) + &code
}

/// The classes that the code names.
fn imports(code: &str) -> String {
    let classes = [
        ("ByteArrayOutputStream", "java.io"),
        ("URI", "java.net"),
        ("URLEncoder", "java.net"),
        ("HttpClient", "java.net.http"),
        ("HttpRequest", "java.net.http"),
        ("HttpResponse", "java.net.http"),
        ("StandardCharsets", "java.nio.charset"),
        ("Files", "java.nio.file"),
        ("Path", "java.nio.file"),
        ("Instant", "java.time"),
        ("HexFormat", "java.util"),
        ("StringJoiner", "java.util"),
        ("Mac", "javax.crypto"),
        ("SecretKeySpec", "javax.crypto.spec"),
    ];
    let is_named = |class: &str| code.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == class);
    let lines =
        classes.iter().filter(|(class, _)| is_named(class)).map(|(class, package)| format!("import {package}.{class};\n"));
    lines.collect::<String>() + "\n"
}

fn header(name: &str, value: &str) -> String {
    format!("                .header({name}, {value})\n")
}

/// A text block, which ends without a line break.
fn block(text: &str) -> String {
    format!("\"\"\"\n                {}\"\"\"", text.replace('\\', r"\\"))
}

fn signature(request: &Request) -> String {
    let said = if request.payload().is_some() { " + payload" } else { "" };
    let (method, path) = (quoted(request.method), quoted(&request.path));
    format!(
        r#"        String tonce = String.valueOf(Instant.now().getEpochSecond());
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(secretKey.getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
        String text = {method} + {path} + accessKey + tonce{said};
        String signature = HexFormat.of().formatHex(mac.doFinal(text.getBytes(StandardCharsets.UTF_8)));
"#
    )
}

const FORM: &str = r#"        StringJoiner pairs = new StringJoiner("&");
        for (String[] field : fields) {
            pairs.add(URLEncoder.encode(field[0], StandardCharsets.UTF_8) + "="
                    + URLEncoder.encode(field[1], StandardCharsets.UTF_8));
        }
        String body = pairs.toString();
"#;

const PICTURE: &str = r#"        String boundary = "example-boundary";
        var body = new ByteArrayOutputStream();
        body.writeBytes(("--" + boundary + "\r\nContent-Disposition: form-data; name=\"FIELD\"; filename=\"photo.png\"\r\n"
                + "Content-Type: image/png\r\n\r\n").getBytes(StandardCharsets.UTF_8));
        body.writeBytes(Files.readAllBytes(Path.of("photo.png")));
        body.writeBytes(("\r\n--" + boundary + "--\r\n").getBytes(StandardCharsets.UTF_8));
"#;
