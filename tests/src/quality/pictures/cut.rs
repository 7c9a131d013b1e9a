//! A picture of which a part is missing is rejected; what cameras append to a whole one is not.

use super::{BMP, JPEG, NOT_WHOLE, PNG, Senders, WEBP, drawn, inserted, long_bmp, segment};

#[tokio::test]
async fn a_picture_that_is_cut_is_rejected() {
    let senders = Senders::join().await;
    for (media_type, name) in [
        (JPEG, "metadata.jpg"),
        (JPEG, "restarts.jpg"),
        (JPEG, "progressive.jpg"),
        (JPEG, "cmyk.jpg"),
        (PNG, "metadata.png"),
        (PNG, "palette.png"),
        (WEBP, "lossy.webp"),
        (WEBP, "lossless.webp"),
        (WEBP, "animated.webp"),
        (BMP, "alpha.bmp"),
        (BMP, "one_bit.bmp"),
    ] {
        let file = drawn(name);
        for length in [file.len() / 10, file.len() / 2, file.len() * 9 / 10, file.len() - 1] {
            senders.reject(media_type, &file[..length], NOT_WHOLE).await;
        }
    }
}

#[tokio::test]
async fn a_picture_that_is_cut_and_closed_or_filled_up_is_rejected() {
    let senders = Senders::join().await;
    let (jpeg, png) = (drawn("restarts.jpg"), drawn("palette.png"));
    // The thumbnail in the metadata is whole.
    let with_thumbnail = inserted(&jpeg, 2, &segment(0xe1, &[b"Exif\0\0", &jpeg[..]].concat()));
    for (media_type, start, end) in [
        (JPEG, &jpeg[..jpeg.len() / 2], &[0xff, 0xd9][..]),
        (JPEG, &jpeg[..jpeg.len() * 9 / 10], &[0xff, 0xd9]),
        (JPEG, &jpeg[..jpeg.len() / 2], &[0; 1000]),
        (JPEG, &with_thumbnail[..with_thumbnail.len() * 9 / 10], &[]),
        (PNG, &png[..png.len() / 2], &png[png.len() - 12..]),
        (PNG, &png[..png.len() / 2], &[0; 1000]),
    ] {
        senders.reject(media_type, &[start, end].concat(), NOT_WHOLE).await;
    }
    // Runs of equal pixels: two rows, and the end mark.
    let runs = [4, 1, 0, 0, 0, 3, 1, 0, 1, 0, 1, 1, 0, 0, 0, 1];
    let file = long_bmp(1, &runs, b"BGRs", b"", b"");
    assert_eq!(senders.accept(BMP, &file).await, file);
    senders.reject(BMP, &long_bmp(1, &runs[..14], b"BGRs", b"", b""), NOT_WHOLE).await;
    // The announced number of bytes is there, but one of them is another one.
    let mut damaged = png.clone();
    damaged[png.len() - 30] ^= 1;
    senders.reject(PNG, &damaged, NOT_WHOLE).await;
}

#[tokio::test]
async fn what_cameras_append_is_removed() {
    let senders = Senders::join().await;
    let jpeg = drawn("progressive_444.jpg");
    let video = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom\0\0\0\x08mdat";
    for appended in [
        // The gain map of an HDR photo, or the second view of a stereo photo (CIPA DC-007).
        &drawn("grey.jpg")[..],
        // A motion photo, as it is and with Samsung's trailer.
        video,
        &[&video[..], b"SEFH\x6b\0\0\0\x01\0\0\0SEFT"].concat(),
        b"vivo{\"com.android.camera\":{\"gps\":\"39.9\"}}",
        &[0; 64],
        b"<x:xmpmeta>",
    ] {
        assert_eq!(senders.accept(JPEG, &[&jpeg, appended].concat()).await, jpeg);
    }
    for (media_type, name) in [(PNG, "palette.png"), (WEBP, "plain.webp"), (BMP, "palette.bmp")] {
        let file = drawn(name);
        // The rest of an older and longer file, which an editor did not cut off.
        assert_eq!(senders.accept(media_type, &[&file, &file[10..]].concat()).await, file, "{name}");
    }
}
