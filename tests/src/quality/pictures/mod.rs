//! What holds for a picture in each of the three ways in which it can arrive: through the gateway to the job board (`/img/upload`),
//! directly to S3 (`/img/upload/presign`), and to the signing API (`/image`).

mod bounds;
mod cut;
mod metadata;
mod start;

use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::support::board::{Board, User, ok, rejection};
use crate::support::picture::send_form;
use crate::support::repository::root;
use crate::support::worker::{self, Platform, Worker, coded};
use crate::support::{Response, fetch, world};

/// The reason for which a file is rejected, in English and for workers.
type Reason = (&'static str, &'static str);

const NOT_WHOLE: Reason = ("must be a whole jpg, png, webp or bmp picture", "请上传 jpg、png、webp 或 bmp 格式的图片");

const JPEG: &str = "image/jpeg";
const PNG: &str = "image/png";
const WEBP: &str = "image/webp";
const BMP: &str = "image/bmp";

/// A user of the job board and a worker of the signing API, who send pictures.
struct Senders {
    user: User,
    worker: Worker,
}

impl Senders {
    async fn join() -> Self {
        let user = Board::of(world()).join().await;
        Self { user, worker: Platform::create(world()).await.worker("photographer").await }
    }

    /// Sends a picture in each way. Returns what is served of it, which is the same in all of them.
    async fn accept(&self, media_type: &str, file: &[u8]) -> Vec<u8> {
        let uploaded = self.upload(file).await;
        assert_eq!(uploaded, ok(json!({"url": uploaded.body["data"]["url"]})));
        let shown = self.served(media_type, self.user.board.request(Method::GET, self.path(&uploaded))).await;

        let path = self.send_to_s3(media_type, file).await;
        assert_eq!(self.served(media_type, self.user.board.request(Method::GET, &path)).await, shown);

        let uploaded = self.worker.upload("whatever", file).await;
        assert_eq!(uploaded, coded(worker::ok(json!({"url": uploaded.body["data"]["url"]}))));
        let request = self.worker.request(Method::GET, self.path(&uploaded));
        assert_eq!(self.served(media_type, request).await, shown);
        shown
    }

    /// Sends a file in each way; each time it is rejected.
    async fn reject(&self, media_type: &str, file: &[u8], (reason, for_workers): Reason) {
        let rejected = rejection(400, &format!("file: {reason}"));
        assert_eq!(self.upload(file).await, rejected);
        let path = self.send_to_s3(media_type, file).await;
        assert_eq!(fetch(self.user.board.request(Method::GET, &path)).await, rejected);
        assert_eq!(self.worker.upload("whatever", file).await, coded(worker::rejection(400, for_workers)));
    }

    async fn upload(&self, file: &[u8]) -> Response {
        let form = Form::new().part("file", Part::bytes(file.to_vec()).file_name("whatever"));
        fetch(self.user.request("/img/upload").multipart(form)).await
    }

    /// Uploads directly to S3. Returns the path of the picture.
    async fn send_to_s3(&self, media_type: &str, file: &[u8]) -> String {
        let fields = json!({"content_type": media_type, "size": file.len()});
        let presigned = self.user.post("/img/upload/presign", &fields).await;
        let data = &presigned.body["data"];
        assert_eq!(send_form(&data["upload_url"], &data["fields"], file).await, 204, "{presigned:?}");
        self.path(&presigned).to_owned()
    }

    fn path<'a>(&self, response: &'a Response) -> &'a str {
        let url = response.body["data"]["url"].as_str().expect("a url");
        url.strip_prefix(&self.user.board.address.base_url).expect("our own address")
    }

    async fn served(&self, media_type: &str, request: reqwest::RequestBuilder) -> Vec<u8> {
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 302);
        let place = response.headers()["location"].to_str().unwrap().to_owned();
        assert_eq!(response.json::<Value>().await.unwrap()["data"], json!({"url": place}));
        let response = self.user.board.http.get(place).send().await.unwrap();
        assert_eq!((response.status().as_u16(), response.headers()["content-type"].to_str().unwrap()), (200, media_type));
        response.bytes().await.unwrap().to_vec()
    }
}

/// The pictures of `scripts/make_pictures.py`.
fn drawn(name: &str) -> Vec<u8> {
    std::fs::read(root().join("tests/pictures").join(name)).unwrap()
}

/// A segment of a JPEG.
fn segment(code: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len() + 2).unwrap();
    [&[0xff, code], &length.to_be_bytes()[..], content].concat()
}

/// A chunk of a PNG.
fn chunk(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let mut crc = flate2::Crc::new();
    crc.update(kind);
    crc.update(content);
    let length = u32::try_from(content.len()).unwrap();
    [&length.to_be_bytes()[..], kind, content, &crc.sum().to_be_bytes()].concat()
}

/// A BMP of 4 by 2 pixels with the longest header: 8 bits a pixel, two colours, and a gap in front of the pixels. The profile is behind
/// them.
fn long_bmp(compression: u8, pixels: &[u8], colour_space: &[u8; 4], gap: &[u8], profile: &[u8]) -> Vec<u8> {
    let number = |number: usize| u32::try_from(number).unwrap().to_le_bytes();
    let pixels_at = 14 + 124 + 8 + gap.len();
    let mut header = [0; 124];
    for (at, value) in [(0, 124), (4, 4), (8, 2), (16, usize::from(compression)), (32, 2)] {
        header[at..at + 4].copy_from_slice(&number(value));
    }
    (header[12], header[14]) = (1, 8);
    header[56..60].copy_from_slice(colour_space);
    header[112..116].copy_from_slice(&number(if profile.is_empty() { 0 } else { pixels_at - 14 + pixels.len() }));
    header[116..120].copy_from_slice(&number(profile.len()));
    let length = pixels_at + pixels.len() + profile.len();
    let start = [&b"BM"[..], &number(length), &[0; 4], &number(pixels_at), &header].concat();
    [&start, &[0, 0, 0, 0, 255, 255, 255, 0][..], gap, pixels, profile].concat()
}

/// The file with these bytes at an offset.
fn inserted(file: &[u8], at: usize, bytes: &[u8]) -> Vec<u8> {
    [&file[..at], bytes, &file[at..]].concat()
}

/// A WebP with one more chunk at its end.
fn with_riff_chunk(file: &[u8], kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap();
    let mut file = [file, kind, &length.to_le_bytes(), content, &[0][..content.len() % 2]].concat();
    let length = u32::try_from(file.len() - 8).unwrap();
    file[4..8].copy_from_slice(&length.to_le_bytes());
    file
}
