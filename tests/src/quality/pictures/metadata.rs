//! Metadata is removed: position, camera, time, comments, thumbnails. Pixels, colour profile and orientation stay.

use std::io::Cursor;

use image::{DynamicImage, ImageDecoder as _, ImageReader, metadata::Orientation};

use super::{BMP, JPEG, PNG, Senders, WEBP, chunk, drawn, inserted, long_bmp, segment, with_riff_chunk};

/// The pixels, the orientation and whether there is a colour profile, as an independent decoder sees them.
fn seen(file: &[u8]) -> (DynamicImage, Orientation, bool) {
    let mut decoder = ImageReader::new(Cursor::new(file)).with_guessed_format().unwrap().into_decoder().unwrap();
    let orientation = decoder.orientation().unwrap();
    let has_profile = decoder.icc_profile().unwrap().is_some();
    (DynamicImage::from_decoder(decoder).unwrap(), orientation, has_profile)
}

fn contains(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|window| window == text)
}

#[tokio::test]
async fn metadata_is_removed_and_the_picture_looks_the_same() {
    let senders = Senders::join().await;
    for (media_type, name, orientation) in [
        (JPEG, "metadata.jpg", Orientation::Rotate90),
        (JPEG, "progressive.jpg", Orientation::Rotate270),
        (JPEG, "upright.jpg", Orientation::NoTransforms),
        (PNG, "metadata.png", Orientation::Rotate90),
        (WEBP, "lossy.webp", Orientation::Rotate90),
        (WEBP, "lossless.webp", Orientation::Rotate180),
        (WEBP, "animated.webp", Orientation::NoTransforms),
    ] {
        let file = drawn(name);
        assert!(contains(&file, b"SECRET"), "{name}");
        let shown = senders.accept(media_type, &file).await;
        for secret in [&b"SECRET"[..], b"GPS", b"xpacket"] {
            assert!(!contains(&shown, secret), "{name}");
        }
        let seen = seen(&shown);
        assert_eq!(seen, self::seen(&file), "{name}");
        assert_eq!(seen.1, orientation, "{name}");
        // What was sent back once changes no more.
        assert_eq!(senders.accept(media_type, &shown).await, shown, "{name}");
    }
}

#[tokio::test]
async fn no_place_for_metadata_is_forgotten() {
    let senders = Senders::join().await;
    let (jpeg, png, webp) = (drawn("restarts.jpg"), drawn("palette.png"), drawn("plain.webp"));
    for (code, content) in [
        (0xe0, &b"JFXX\0\x10SECRET"[..]),
        (0xe1, b"http://ns.adobe.com/xap/1.0/\0SECRET"),
        (0xe1, b"http://ns.adobe.com/xmp/extension/\0SECRET"),
        // No directory, and one that is not there.
        (0xe1, b"Exif\0\0SECRET"),
        (0xe1, b"Exif\0\0MM\0\x2a\xff\xff\xff\xffSECRET"),
        (0xe2, b"MPF\0SECRET"),
        (0xeb, b"JP SECRET"),
        (0xed, b"Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0\x06SECRET"),
        (0xef, b"SECRET"),
        (0xfe, b"SECRET"),
    ] {
        assert_eq!(senders.accept(JPEG, &inserted(&jpeg, 20, &segment(code, content))).await, jpeg, "{code:x}");
    }
    for kind in [b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"tIME", b"iDOT", b"prVt", b"caBX"] {
        let chunk = chunk(kind, b"SECRET\0\0\0");
        for at in [33, png.len() - 12] {
            assert_eq!(senders.accept(PNG, &inserted(&png, at, &chunk)).await, png, "{kind:?}");
        }
    }
    for kind in [b"EXIF", b"XMP ", b"C2PA", b"ABCD"] {
        assert_eq!(senders.accept(WEBP, &with_riff_chunk(&webp, kind, b"SECRET!")).await, webp, "{kind:?}");
    }
}

#[tokio::test]
async fn the_thumbnail_in_the_header_of_a_jpeg_is_removed() {
    let senders = Senders::join().await;
    let jpeg = drawn("grey.jpg");
    assert_eq!(&jpeg[2..11], b"\xff\xe0\0\x10JFIF\0");
    let header = [&jpeg[6..18], &[1, 2], b"SECRET"].concat();
    let file = [&jpeg[..2], &segment(0xe0, &header), &jpeg[20..]].concat();
    assert_eq!(senders.accept(JPEG, &file).await, jpeg);
}

#[tokio::test]
async fn what_no_header_of_a_bmp_announces_is_removed() {
    let senders = Senders::join().await;
    let pixels = [0, 1, 0, 1, 1, 0, 1, 0];
    let (linked, own, standard) = (b"KNIL", b"DEBM", b"BGRs");
    for (file, shown) in [
        (long_bmp(0, &pixels, standard, b"SECRET", b""), long_bmp(0, &pixels, standard, b"", b"")),
        (long_bmp(0, &pixels, own, b"SECRET", b"a profile"), long_bmp(0, &pixels, own, b"", b"a profile")),
    ] {
        assert_eq!(senders.accept(BMP, &file).await, shown);
        assert_eq!(seen(&shown).0, seen(&file).0);
    }
    // The profile is the path of a file of the user.
    let shown = senders.accept(BMP, &long_bmp(0, &pixels, linked, b"", b"C:\\Users\\SECRET")).await;
    assert!(!contains(&shown, b"SECRET") && !contains(&shown, linked));
}
