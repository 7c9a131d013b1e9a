use std::io::Cursor;

use ::image::{ImageFormat, Rgb, RgbImage};
use proptest::prelude::*;

use super::*;

/// The pictures of `scripts/make_pictures.py`, which an independent encoder wrote.
const PICTURES: [(&str, &[u8]); 18] = [
    ("metadata.jpg", include_bytes!("../../../../tests/pictures/metadata.jpg")),
    ("upright.jpg", include_bytes!("../../../../tests/pictures/upright.jpg")),
    ("progressive.jpg", include_bytes!("../../../../tests/pictures/progressive.jpg")),
    ("progressive_444.jpg", include_bytes!("../../../../tests/pictures/progressive_444.jpg")),
    ("restarts.jpg", include_bytes!("../../../../tests/pictures/restarts.jpg")),
    ("progressive_restarts.jpg", include_bytes!("../../../../tests/pictures/progressive_restarts.jpg")),
    ("grey.jpg", include_bytes!("../../../../tests/pictures/grey.jpg")),
    ("grey_progressive.jpg", include_bytes!("../../../../tests/pictures/grey_progressive.jpg")),
    ("cmyk.jpg", include_bytes!("../../../../tests/pictures/cmyk.jpg")),
    ("lossy.webp", include_bytes!("../../../../tests/pictures/lossy.webp")),
    ("lossless.webp", include_bytes!("../../../../tests/pictures/lossless.webp")),
    ("plain.webp", include_bytes!("../../../../tests/pictures/plain.webp")),
    ("animated.webp", include_bytes!("../../../../tests/pictures/animated.webp")),
    ("metadata.png", include_bytes!("../../../../tests/pictures/metadata.png")),
    ("palette.png", include_bytes!("../../../../tests/pictures/palette.png")),
    ("palette.bmp", include_bytes!("../../../../tests/pictures/palette.bmp")),
    ("one_bit.bmp", include_bytes!("../../../../tests/pictures/one_bit.bmp")),
    ("alpha.bmp", include_bytes!("../../../../tests/pictures/alpha.bmp")),
];

/// The format by the magic bytes of its specification.
fn by_magic_bytes(bytes: &[u8]) -> Option<Format> {
    let riff = bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP");
    match bytes {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(Format::Png),
        [0xff, 0xd8, 0xff, ..] => Some(Format::Jpeg),
        [b'B', b'M', ..] => Some(Format::Bmp),
        _ => riff.then_some(Format::WebP),
    }
}

fn picture(format: ImageFormat, width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    RgbImage::from_fn(width, height, |x, y| Rgb([x as u8, y as u8, 7])).write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn formats() -> impl Strategy<Value = ImageFormat> {
    prop::sample::select(vec![ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Bmp, ImageFormat::WebP])
}

fn contains(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|window| window == text)
}

/// The pixels, as an independent decoder sees them.
fn pixels(bytes: &[u8]) -> Vec<u8> {
    ::image::load_from_memory(bytes).unwrap().into_bytes()
}

#[test]
fn metadata_is_removed_once_and_pixels_stay() {
    for (name, file) in PICTURES {
        let Picture { format, bytes } = Picture::read(file).unwrap_or_else(|reason| panic!("{name} {reason}"));
        assert_eq!(Some(format), by_magic_bytes(file), "{name}");
        assert_eq!(pixels(&bytes), pixels(file), "{name}");
        assert_eq!(Picture::read(&bytes), Ok(Picture { format, bytes: bytes.clone() }), "{name}");
        for secret in [&b"SECRET"[..], b"GPS", b"xpacket"] {
            assert!(!contains(&bytes, secret), "{name}");
        }
        assert_eq!(contains(&bytes, b"acsp"), contains(file, b"acsp"), "{name}");
    }
}

#[test]
fn a_picture_that_is_cut_anywhere_is_rejected() {
    for (name, file) in PICTURES {
        for length in 0..file.len() {
            assert_eq!(Picture::read(&file[..length]), Err(NOT_WHOLE), "{name}, {length} bytes");
        }
    }
}

#[test]
fn a_jpeg_that_is_cut_and_closed_is_rejected() {
    for (name, file) in PICTURES.into_iter().filter(|(name, _)| name.ends_with("jpg")) {
        let scan = file.windows(2).position(|pair| pair == [0xff, 0xda]).unwrap();
        for length in scan..file.len() - 3 {
            let closed = [&file[..length], &[0xff, 0xd9]].concat();
            // The last bytes of a scan may hold only padding, and a progressive picture is whole without its last scans.
            if let Ok(Picture { bytes, .. }) = Picture::read(&closed) {
                assert!(pixels(&bytes).len() == pixels(file).len(), "{name}");
                assert!(length + 4 > file.len() || name.contains("progressive"), "{name}, {length} of {}", file.len());
            }
        }
    }
}

#[test]
fn a_webp_file_that_does_not_begin_with_its_features_is_rejected() {
    let mut file = PICTURES.iter().find(|(name, _)| *name == "animated.webp").unwrap().1.to_vec();
    assert_eq!(file[12..16], *b"VP8X");
    file[15] = b'Y';
    assert_eq!(Picture::read(&file), Err(NOT_WHOLE));
}

proptest! {
    #[test]
    fn an_image_has_the_format_of_its_magic_bytes(format in formats(), width in 1..20_u32, height in 1..20_u32) {
        let bytes = picture(format, width, height);
        let read = Picture::read(&bytes);
        prop_assert_eq!(read.as_ref().ok().map(|picture| picture.format), by_magic_bytes(&bytes));
        // It has no metadata to remove.
        prop_assert_eq!(read.map(|picture| picture.bytes), Ok(bytes));
    }

    #[test]
    fn a_damaged_image_keeps_its_format_or_is_rejected(
        format in formats(), at: prop::sample::Index, to: u8, kept: prop::sample::Index,
    ) {
        let mut bytes = picture(format, 9, 9);
        let at = at.index(bytes.len());
        bytes[at] = to;
        if let Ok(read) = Picture::read(&bytes) {
            prop_assert_eq!(Some(read.format), by_magic_bytes(&bytes));
        }
        bytes.truncate(kept.index(bytes.len() / 2));
        prop_assert_eq!(Picture::read(&bytes), Err(NOT_WHOLE));
    }

    #[test]
    fn damage_anywhere_ends_in_no_panic_and_reading_again_changes_nothing(
        which in 0..PICTURES.len(), damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mut bytes = PICTURES[which].1.to_vec();
        for (at, to) in damage {
            let at = at.index(bytes.len());
            bytes[at] = to;
        }
        if let Ok(read) = Picture::read(&bytes) {
            prop_assert_eq!(Picture::read(&read.bytes), Ok(read));
        }
    }

    #[test]
    fn noise_after_magic_bytes_is_rejected(start in prop::sample::select(vec![
        &b"\x89PNG\r\n\x1a\n"[..], b"\xff\xd8\xff\xe0", b"BM", b"RIFF\x20\0\0\0WEBPVP8 ", b"GIF89a", b"",
    ]), noise: Vec<u8>) {
        prop_assert_eq!(Picture::read(&[start, &noise].concat()), Err(NOT_WHOLE));
    }
}
