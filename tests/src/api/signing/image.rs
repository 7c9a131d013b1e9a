//! /image (document 001, 1.2.2).

use image::ImageFormat;
use reqwest::Method;
use serde_json::json;

use crate::support::picture::picture;
use crate::support::worker::{Platform, coded, ok, rejection};
use crate::support::{Response, fetch, world};

fn no_picture() -> Response {
    coded(rejection(400, "请上传 jpg、png、webp 或 bmp 格式的图片"))
}

#[tokio::test]
async fn pictures_are_recognised_by_content_and_their_owner_is_redirected_to_them() {
    let platform = Platform::create(world()).await;
    let (owner, other) = (platform.worker("owner").await, platform.worker("other").await);
    for (format, ending) in
        [(ImageFormat::Jpeg, "jpg"), (ImageFormat::Png, "png"), (ImageFormat::WebP, "webp"), (ImageFormat::Bmp, "bmp")]
    {
        let bytes = picture(format);
        let uploaded = owner.upload("whatever.gif", &bytes).await;
        let url = uploaded.body["data"]["url"].as_str().expect("a url").to_owned();
        assert_eq!(uploaded, coded(ok(json!({"url": url}))));
        let path = url.strip_prefix(&platform.address.base_url).expect("our own address");
        assert!(path.starts_with("/image/") && path.ends_with(ending), "{path}");

        let found = owner.get(path).await;
        let place = found.body["data"]["url"].as_str().expect("a place").to_owned();
        assert_eq!(found, Response { status: 302, ..coded(ok(json!({"url": place}))) });
        assert_eq!(platform.http.get(place).send().await.unwrap().bytes().await.unwrap(), bytes);

        let missing = coded(rejection(404, "图片不存在"));
        assert_eq!(other.get(path).await, missing);
        assert_eq!(fetch(platform.request(Method::GET, path)).await, coded(rejection(401, "请先登录")));
        assert_eq!(Platform::create(world()).await.worker("owner").await.get(path).await, missing);
    }
    for name in ["1.png", "x.png", "1.gif", "%00.png"] {
        assert_eq!(owner.get(&format!("/image/{name}")).await, coded(rejection(404, "图片不存在")), "{name}");
    }
}

/// The header of a PNG that announces 30,000 by 30,000 pixels.
fn bomb() -> Vec<u8> {
    let mut file = picture(ImageFormat::Png);
    file[16..24].copy_from_slice(&[0, 0, 0x75, 0x30, 0, 0, 0x75, 0x30]);
    let mut crc = flate2::Crc::new();
    crc.update(&file[12..29]);
    let sum = crc.sum().to_be_bytes();
    file[29..33].copy_from_slice(&sum);
    file
}

/// A complete PNG of this size, with one bit for each pixel.
fn black(width: u32, height: u32) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&vec![0; (width.div_ceil(8) * height) as usize]).unwrap();
    writer.finish().unwrap();
    file
}

#[tokio::test]
async fn a_picture_with_too_many_pixels_is_rejected() {
    let worker = Platform::create(world()).await.worker("painter").await;
    let too_long = coded(rejection(400, "图片的宽和高不能超过 65535 像素"));
    let too_many = coded(rejection(400, "图片不能超过 2 亿像素"));
    for (file, rejected) in [
        (black(65_535, 8), None),
        (black(65_536, 8), Some(&too_long)),
        (black(12_000, 9000), None),
        (black(20_001, 10_000), Some(&too_many)),
        (bomb(), Some(&too_many)),
    ] {
        let sent = worker.upload("photo.png", &file).await;
        match rejected {
            Some(rejected) => assert_eq!(&sent, rejected),
            None => assert_eq!(sent, coded(ok(json!({"url": sent.body["data"]["url"]})))),
        }
    }
}

#[tokio::test]
async fn a_file_that_only_resembles_a_picture_is_rejected() {
    let worker = Platform::create(world()).await.worker("forger").await;
    let png = picture(ImageFormat::Png);
    let mut polyglot = picture(ImageFormat::Jpeg);
    polyglot.extend(b"<HTML><script>alert(1)</script></HTML>");
    let gif = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\xff\xff\x00\x00\x00!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;";
    for (what, bytes) in [
        ("gif", gif.to_vec()),
        ("polyglot", polyglot),
        ("truncated", png[..png.len() / 2].to_vec()),
        ("text", b"hello".to_vec()),
        ("empty", Vec::new()),
        ("svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec()),
    ] {
        assert_eq!(worker.upload("photo.jpg", &bytes).await, no_picture(), "{what}");
    }
}

#[tokio::test]
async fn one_file_of_limited_size_is_accepted_at_a_time() {
    let worker = Platform::create(world()).await.worker("sender").await;
    let part = || reqwest::multipart::Part::bytes(picture(ImageFormat::Png)).file_name("a.png");
    let two = reqwest::multipart::Form::new().part("file", part()).part("file", part());
    let sent = fetch(worker.request(Method::POST, "/image").multipart(two)).await;
    assert_eq!(sent, coded(rejection(400, "一次只能上传一张图片")));
    let none = reqwest::multipart::Form::new().part("photo", part());
    let sent = fetch(worker.request(Method::POST, "/image").multipart(none)).await;
    assert_eq!(sent, coded(rejection(400, "请填写图片")));
    let sent = fetch(worker.request(Method::POST, "/image").body("hello")).await;
    assert_eq!(sent, coded(rejection(400, "请用 multipart/form-data 上传图片")));
    let large = worker.upload("large.bmp", &vec![0; 4_500_001]).await;
    assert_eq!(large, coded(rejection(413, "内容太大，图片不能超过 4.5 MB")));
}
