//! Pictures to upload.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat};

/// A small picture.
pub fn picture(format: ImageFormat) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    DynamicImage::new_rgb8(24, 16).write_to(&mut file, format).unwrap();
    file.into_inner()
}
