//! Pictures to upload.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat};
use reqwest::multipart::{Form, Part};
use serde_json::Value;

/// A small picture.
pub fn picture(format: ImageFormat) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    DynamicImage::new_rgb8(24, 16).write_to(&mut file, format).unwrap();
    file.into_inner()
}

/// Sends a form as a browser or `wx.uploadFile` does, over its own connection. Returns S3's status, or 0 if the connection breaks: S3
/// may reject a form before it has read all of it.
pub async fn send_form(url: &Value, fields: &Value, bytes: &[u8]) -> u16 {
    let fields = fields.as_object().expect("fields").iter();
    let form =
        fields.fold(Form::new(), |form, (name, value)| form.text(name.clone(), value.as_str().expect("a text").to_owned()));
    let form = form.part("file", Part::bytes(bytes.to_vec()).file_name("a.jpg"));
    let sent = local::http::client().post(url.as_str().expect("a url")).multipart(form).send();
    sent.await.map_or(0, |response| response.status().as_u16())
}
