//! Pictures: through the gateway, and directly to S3 (document, 图片上传; jobboard.md, Images).

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use image::ImageFormat;
use jiff::SignedDuration;
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use shared::runtime::clock::SystemClock;
use shared::runtime::environment::Environment;

use crate::support::board::{Board, User, ok, rejection};
use crate::support::picture::{picture, send_form};
use crate::support::repository::read;
use crate::support::{Address, Response, Stage, fetch, world};

async fn upload(user: &User, field: &'static str, bytes: &[u8]) -> Response {
    let form = Form::new().text("remark", "x").part(field, Part::bytes(bytes.to_vec()).file_name("a.gif"));
    fetch(user.request("/img/upload").multipart(form)).await
}

/// The path of a picture of this user: `img/{user}_{nanoseconds}.{ending}`.
#[track_caller]
fn path_of(user: &User, url: &Value, ending: &str) -> String {
    let path = url.as_str().and_then(|url| url.strip_prefix(&user.board.address.base_url)).expect("our own address");
    let time = path.strip_prefix(&format!("/img/{}_", user.id)).and_then(|rest| rest.strip_suffix(ending));
    assert!(time.is_some_and(|time| time.len() == 19 && time.bytes().all(|byte| byte.is_ascii_digit())), "{path}");
    path.to_owned()
}

/// The media type and content at a path; `None` if the picture does not exist.
async fn served(board: &Board, path: &str) -> Option<(String, Vec<u8>)> {
    let response = board.request(Method::GET, path).send().await.unwrap();
    if response.status() == 404 {
        assert_eq!(Response::read(response).await, rejection(404, "image not found"), "{path}");
        return None;
    }
    assert_eq!(
        (response.status().as_u16(), &response.headers()["cache-control"]),
        (302, &"public, max-age=600".parse().unwrap())
    );
    let place = response.headers()["location"].to_str().unwrap().to_owned();
    assert_eq!(response.json::<Value>().await.unwrap(), ok(json!({"url": place})).body);
    let response = board.http.get(place).send().await.unwrap();
    assert_eq!(response.status(), 200);
    let media_type = response.headers()["content-type"].to_str().unwrap().to_owned();
    Some((media_type, response.bytes().await.unwrap().to_vec()))
}

#[tokio::test]
async fn pictures_are_recognised_by_content_and_public() {
    let user = Board::of(world()).join().await;
    for (format, ending, media_type) in [
        (ImageFormat::Jpeg, ".jpg", "image/jpeg"),
        (ImageFormat::Png, ".png", "image/png"),
        (ImageFormat::WebP, ".webp", "image/webp"),
        (ImageFormat::Bmp, ".bmp", "image/bmp"),
    ] {
        let bytes = picture(format);
        let uploaded = upload(&user, "file", &bytes).await;
        assert_eq!(uploaded, ok(json!({"url": uploaded.body["data"]["url"]})));
        let path = path_of(&user, &uploaded.body["data"]["url"], ending);
        assert_eq!(served(&user.board, &path).await, Some((media_type.to_owned(), bytes)));
    }
    for name in ["1.png", "1_2.gif", "x_1.png", "1_2.png", "%00_1.png"] {
        assert_eq!(served(&user.board, &format!("/img/{name}")).await, None, "{name}");
    }
}

#[tokio::test]
async fn a_file_that_is_no_picture_is_rejected() {
    let user = Board::of(world()).join().await;
    let png = picture(ImageFormat::Png);
    let no_picture = rejection(400, "file: must be a whole jpg, png, webp or bmp picture");
    let gif =
        b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;";
    for bytes in [&b""[..], b"<html></html>", gif, &png[..png.len() / 2], &[&png[..], b"<script>"].concat()] {
        assert_eq!(upload(&user, "file", bytes).await, no_picture);
    }
    assert_eq!(upload(&user, "photo", &png).await, rejection(400, "file: is required"));
    let two = Form::new().part("file", Part::bytes(png.clone())).part("file", Part::bytes(png.clone()));
    assert_eq!(fetch(user.request("/img/upload").multipart(two)).await, rejection(400, "file: must be one at a time"));
    let plain = fetch(user.request("/img/upload").body(png)).await;
    assert_eq!(plain, rejection(400, "the body must be multipart/form-data"));
}

#[tokio::test]
async fn a_picture_that_is_too_large_is_directed_to_presign() {
    let user = Board::of(world()).join().await;
    let too_large = rejection(413, "file: is larger than 4.5 MB: ask /img/upload/presign where to send it, up to 20 MB");
    assert_eq!(upload(&user, "file", &vec![0; 4_500_001]).await, too_large);
}

/// Requests a form to upload a picture: the address, the fields of the form and the path of the picture.
async fn presigned(user: &User, content_type: &str, size: usize) -> (Value, Value, String) {
    let response = user.post("/img/upload/presign", &json!({"content_type": content_type, "size": size})).await;
    let data = response.body["data"].clone();
    assert_eq!(response, ok(json!({"upload_url": data["upload_url"], "fields": data["fields"], "url": data["url"]})));
    let ending = format!(".{}", content_type.trim_start_matches("image/").replace("jpeg", "jpg"));
    let path = path_of(user, &data["url"], &ending);
    (data["upload_url"].clone(), data["fields"].clone(), path)
}

#[tokio::test]
async fn a_large_picture_is_uploaded_to_s3_and_shown_after_verification() {
    let user = Board::of(world()).join().await;
    // Noise cannot be compressed: 1,500 by 1,200 pixels exceed the gateway's limit.
    let mut state = 0x2545_f491_u32;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as u8
    })
    .take(1500 * 1200 * 3)
    .collect();
    let mut file = std::io::Cursor::new(Vec::new());
    image::RgbImage::from_raw(1500, 1200, noise).unwrap().write_to(&mut file, ImageFormat::Bmp).unwrap();
    let bytes = file.into_inner();
    assert!(bytes.len() > 4_500_000);
    let (url, fields, path) = presigned(&user, "image/bmp", bytes.len()).await;
    assert_eq!(served(&user.board, &path).await, None);
    assert_eq!(send_form(&url, &fields, &bytes).await, 204);
    assert_eq!(served(&user.board, &path).await, Some(("image/bmp".to_owned(), bytes)));
}

#[tokio::test]
async fn an_upload_that_is_no_picture_of_its_type_is_removed_and_its_address_says_why() {
    let user = Board::of(world()).join().await;
    let png = picture(ImageFormat::Png);
    let html = b"<html><script>alert(1)</script></html>";
    let (no_picture, other_type) =
        ("must be a whole jpg, png, webp or bmp picture", "must be of the content_type that was announced");
    for (content_type, bytes, reason) in [
        ("image/png", &html[..], no_picture),
        ("image/png", &png[..40], no_picture),
        ("image/jpeg", &png, other_type),
        ("image/bmp", &picture(ImageFormat::WebP), other_type),
    ] {
        let (url, fields, path) = presigned(&user, content_type, bytes.len()).await;
        assert_eq!(served(&user.board, &path).await, None, "{content_type}");
        assert_eq!(send_form(&url, &fields, bytes).await, 204);
        let rejected = rejection(400, &format!("file: {reason}"));
        assert_eq!(fetch(user.board.request(Method::GET, &path)).await, rejected, "{content_type}");
    }
}

#[tokio::test]
async fn a_picture_that_follows_a_rejected_one_is_shown() {
    let user = Board::of(world()).join().await;
    let png = picture(ImageFormat::Png);
    let (url, fields, path) = presigned(&user, "image/png", png.len()).await;
    assert_eq!(send_form(&url, &fields, &vec![0; png.len()]).await, 204);
    assert_eq!(fetch(user.board.request(Method::GET, &path)).await.status, 400);
    assert_eq!(send_form(&url, &fields, &png).await, 204);
    assert_eq!(served(&user.board, &path).await, Some(("image/png".to_owned(), png)));
}

#[tokio::test]
async fn the_form_is_bound_to_key_type_and_size() {
    let user = Board::of(world()).join().await;
    let png = picture(ImageFormat::Png);
    let (url, fields, path) = presigned(&user, "image/png", png.len()).await;
    assert_ne!(send_form(&url, &fields, &[&png[..], b"x"].concat()).await, 204);
    assert_ne!(send_form(&url, &fields, &png[1..]).await, 204);
    for (name, value) in [("key", "img/1_2.png"), ("Content-Type", "text/html"), ("x-amz-date", "20240115T103000Z")] {
        let mut changed = fields.clone();
        assert!(changed[name].is_string(), "{name}");
        changed[name] = value.into();
        assert_ne!(send_form(&url, &changed, &png).await, 204, "{name}");
    }
    assert_eq!(served(&user.board, &path).await, None);
    assert_eq!(served(&user.board, "/img/1_2.png").await, None);
    assert_eq!(send_form(&url, &fields, &png).await, 204);
    assert!(served(&user.board, &path).await.is_some());
}

#[tokio::test]
async fn type_and_size_of_an_upload_are_limited() {
    let user = Board::of(world()).join().await;
    let a_type = "content_type: must be image/jpeg, image/png, image/webp or image/bmp";
    let a_size = "size: must be a whole number from 1 to 20971520";
    for (body, detail) in [
        (json!({}), "content_type: is required; size: is required"),
        (json!({"content_type": "image/gif", "size": 1}), a_type),
        (json!({"content_type": 7, "size": 1}), a_type),
        (json!({"content_type": "image/png", "size": 0}), a_size),
        (json!({"content_type": "image/png", "size": 20_971_521}), a_size),
    ] {
        assert_eq!(user.post("/img/upload/presign", &body).await, rejection(400, detail), "{body}");
    }
}

/// Whether an object is in the bucket, read directly.
async fn is_stored(address: &Address, key: &str) -> bool {
    let environment = Environment::new(address.variables.clone(), Arc::new(SystemClock));
    environment.objects(environment.required("UPLOADS_BUCKET").unwrap()).exists(key).await.unwrap()
}

/// Whether the picture of this path is where uploads arrive, and whether it is where it is shown from.
async fn lies_at(address: &Address, path: &str) -> (bool, bool) {
    (is_stored(address, &format!("incoming{path}")).await, is_stored(address, path.trim_start_matches('/')).await)
}

#[tokio::test]
async fn a_verified_upload_is_stored_once_and_a_rejected_one_nowhere() {
    let user = Board::of(world()).join().await;
    let png = picture(ImageFormat::Png);
    let html = b"<html><script>alert(1)</script></html>";
    for (bytes, left) in [(&png[..], (false, true)), (&html[..], (false, false)), (&png[..png.len() / 2], (false, false))] {
        let (url, fields, path) = presigned(&user, "image/png", bytes.len()).await;
        assert_eq!(fields["key"], format!("incoming{path}"));
        assert_eq!(lies_at(world(), &path).await, (false, false));
        assert_eq!(send_form(&url, &fields, bytes).await, 204);
        assert_eq!(lies_at(world(), &path).await, left, "{path}");
    }
}

#[tokio::test]
async fn a_repeated_upload_event_finds_the_picture_gone() {
    // The picture of the event does not exist there, or was moved to where it is shown from.
    let event = serde_json::from_str(&read("events/ops-uploads.created.json")).unwrap();
    let output = world().invoke("ops-uploads", &event).await;
    assert_eq!(output, Response { status: 200, body: json!({"outcome": "gone"}) });
}

#[tokio::test]
async fn a_changed_form_stores_nothing() {
    let user = Board::of(world()).join().await;
    let png = picture(ImageFormat::Png);
    let (url, fields, path) = presigned(&user, "image/png", png.len()).await;
    let (_, _, elsewhere) = presigned(&user, "image/png", png.len()).await;
    let value = |name: &str| fields[name].as_str().expect("a field").to_owned();
    let policy = String::from_utf8(BASE64.decode(value("policy")).unwrap()).unwrap();
    let range = format!("[\"content-length-range\",{0},{0}]", png.len());
    assert!(policy.contains(&range), "{policy}");
    let wider = policy.replace(&range, &format!("[\"content-length-range\",0,{}]", 20 * 1024 * 1024));
    let longer = policy.replace("\"expiration\":\"20", "\"expiration\":\"29");
    assert_ne!(longer, policy);
    for (name, changed) in [
        ("key", Some(format!("incoming{elsewhere}"))),
        ("key", Some(elsewhere.trim_start_matches('/').to_owned())),
        ("key", None),
        ("Content-Type", Some("image/jpeg".into())),
        ("Content-Type", None),
        ("policy", Some(BASE64.encode(wider))),
        ("policy", Some(BASE64.encode(longer))),
        ("policy", None),
        ("x-amz-signature", Some("0".repeat(64))),
        ("x-amz-signature", None),
        ("x-amz-credential", Some(value("x-amz-credential").replacen('/', "x/", 1))),
    ] {
        let mut form = fields.clone();
        let members = form.as_object_mut().unwrap();
        assert!(members.shift_remove(name).is_some(), "{name}");
        members.extend(changed.clone().map(|value| (name.to_owned(), value.into())));
        assert_ne!(send_form(&url, &form, &png).await, 204, "{name} {changed:?}");
        for path in [&path, &elsewhere] {
            assert_eq!(lies_at(world(), path).await, (false, false), "{name} {changed:?}");
        }
    }
    for bytes in [&png[1..], &[&png[..], b"x"].concat(), b""] {
        assert_ne!(send_form(&url, &fields, bytes).await, 204);
        assert_eq!(lies_at(world(), &path).await, (false, false));
    }
    assert_eq!(send_form(&url, &fields, &png).await, 204);
    assert_eq!(lies_at(world(), &path).await, (false, true));
}

#[tokio::test]
async fn an_expired_form_is_rejected() {
    // The clock of this system is in January 2024; S3 uses the machine's clock.
    let stage = Stage::open().await;
    let user = Board::of(&stage.address).join().await;
    let png = picture(ImageFormat::Png);
    let (url, fields, path) = presigned(&user, "image/png", png.len()).await;
    assert_ne!(send_form(&url, &fields, &png).await, 204);
    assert_eq!(lies_at(&stage.address, &path).await, (false, false));
}

#[tokio::test]
async fn the_largest_picture_that_the_gateway_carries_is_accepted() {
    let user = Board::of(world()).join().await;
    // 24,064 by 1,496 pixels of one bit.
    let headers =
        [&b"BM\x20\xaa\x44\0\0\0\0\0\x20\0\0\0\x0c\0\0\0\0\x5e\xd8\x05\x01\0\x01\0"[..], b"\0\0\0\xff\xff\xff"].concat();
    let bytes = [headers, vec![0x55; 24_064 / 8 * 1496]].concat();
    assert_eq!((bytes.len(), u32::from_le_bytes(*bytes[2..].first_chunk().unwrap())), (4_500_000, 4_500_000));
    let uploaded = upload(&user, "file", &bytes).await;
    let path = path_of(&user, &uploaded.body["data"]["url"], ".bmp");
    assert_eq!(served(&user.board, &path).await, Some(("image/bmp".to_owned(), bytes)));
}

#[tokio::test]
async fn a_truncated_form_is_rejected() {
    let user = Board::of(world()).join().await;
    let head = b"--limit\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\n\r\n";
    let body = [&head[..], &picture(ImageFormat::Png)].concat();
    let with_end = [&body[..], b"\r\n--limit--\r\n"].concat();
    for (body, media_type, detail) in [
        (&body[..], "multipart/form-data; boundary=limit", "file: is not whole"),
        (&with_end, "multipart/form-data", "the body must be multipart/form-data"),
        (&with_end, "application/json", "the body must be multipart/form-data"),
        (&with_end, "multipart/form-data; boundary=other", "file: is not whole"),
    ] {
        let sent = user.request("/img/upload").header("content-type", media_type).body(body.to_vec());
        assert_eq!(fetch(sent).await, rejection(400, detail), "{media_type}");
    }
    let sent = user.request("/img/upload").header("content-type", "multipart/form-data; boundary=limit").body(with_end);
    assert_eq!(fetch(sent).await.status, 200);
}

#[tokio::test]
async fn a_second_picture_does_not_replace_the_one_that_is_shown() {
    let stage = Stage::open_now().await;
    let user = Board::of(&stage.address).join().await;
    // The form is bound to the size. A BMP ends with the colour of a pixel.
    let first = picture(ImageFormat::Bmp);
    let mut second = first.clone();
    *second.last_mut().unwrap() ^= 1;
    let (url, fields, path) = presigned(&user, "image/bmp", first.len()).await;
    for bytes in [&first, &second] {
        assert_eq!(send_form(&url, &fields, bytes).await, 204);
        assert_eq!(served(&user.board, &path).await, Some(("image/bmp".to_owned(), first.clone())));
    }
}

#[tokio::test]
async fn a_picture_that_nothing_shows_after_a_day_is_removed() {
    let stage = Stage::open().await;
    let user = Board::of(&stage.address).join().await;
    let png = picture(ImageFormat::Png);
    let mut uploaded = Vec::new();
    for _ in 0..4 {
        uploaded.push(upload(&user, "file", &png).await.body["data"]["url"].clone());
    }
    let [unused, of_a_job, dropped, avatar] = [0, 1, 2, 3].map(|at: usize| uploaded[at].clone());
    let job = user.post_job(json!({"photo_urls": [of_a_job, dropped]})).await;
    user.post("/user/update/info", &json!({"avatar": avatar})).await;
    let shown = async |url: &Value| served(&user.board, &path_of(&user, url, ".png")).await.is_some();
    let clean = async || stage.address.invoke("ops-cleanup", &json!({})).await.body["unused"].clone();
    let swept = |done: u32| json!({"done": done, "failed": 0, "is_cut_short": false});

    stage.clock.advance(SignedDuration::from_secs(24 * 3600 - 1));
    assert_eq!(clean().await, swept(0));
    assert_eq!(user.post("/jobs/update", &json!({"id": job, "photo_urls": [of_a_job]})).await.status, 200);
    stage.clock.advance(SignedDuration::from_secs(1));
    // The picture that the job has just dropped has another day.
    assert_eq!(clean().await, swept(3));
    assert_eq!(
        [shown(&unused).await, shown(&of_a_job).await, shown(&dropped).await, shown(&avatar).await],
        [false, true, true, true]
    );
    stage.clock.advance(SignedDuration::from_secs(24 * 3600));
    assert_eq!(clean().await, swept(1));
    assert_eq!([shown(&of_a_job).await, shown(&dropped).await, shown(&avatar).await], [true, false, true]);
    // A picture that the profile drops has another day as well.
    assert_eq!(user.post("/user/update/info", &json!({"avatar": of_a_job})).await.status, 200);
    assert_eq!(clean().await, swept(0));
    stage.clock.advance(SignedDuration::from_hours(24));
    assert_eq!(clean().await, swept(1));
    assert_eq!([shown(&of_a_job).await, shown(&avatar).await], [true, false]);
    stage.clock.advance(SignedDuration::from_hours(48));
    assert_eq!(clean().await, swept(0));
}
