//! What a file is depends on how it begins, as in browsers (WHATWG MIME Sniffing), not on a word somewhere inside.

use super::{BMP, JPEG, NOT_WHOLE, PNG, Senders, WEBP, chunk, drawn, inserted, segment, with_riff_chunk};

#[tokio::test]
async fn a_picture_may_contain_the_words_of_a_page() {
    let senders = Senders::join().await;
    let (jpeg, png, webp) = (drawn("restarts.jpg"), drawn("palette.png"), drawn("plain.webp"));
    let photoshop = b"Photoshop 3.0\08BIM\x04\x24\0\0\0\0\0\xf4<?xml version=\"1.0\"?><!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\">";
    let note = b"Comment\0<html><script>alert(1)</script></html>";
    for (media_type, file, shown) in [
        (JPEG, inserted(&jpeg, 2, &segment(0xed, photoshop)), &jpeg),
        (JPEG, inserted(&jpeg, 2, &segment(0xfe, b"<script>alert(1)</script>")), &jpeg),
        (PNG, inserted(&png, 33, &chunk(b"tEXt", note)), &png),
        (WEBP, with_riff_chunk(&webp, b"XMP ", b"<!DOCTYPE html><html >"), &webp),
    ] {
        assert_eq!(&senders.accept(media_type, &file).await, shown);
    }
    // Pixels may spell words, too.
    let mut bmp = drawn("alpha.bmp");
    let middle = bmp.len() / 2;
    bmp[middle..middle + 8].copy_from_slice(b"<script>");
    assert_eq!(senders.accept(BMP, &bmp).await, bmp);
}

#[tokio::test]
async fn a_page_with_a_picture_inside_or_in_front_is_rejected() {
    let senders = Senders::join().await;
    let png = drawn("palette.png");
    for page in [&b"<!DOCTYPE html><p>"[..], b"\n <html>", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%PDF-1.7\n"] {
        senders.reject(PNG, &[page, &png].concat(), NOT_WHOLE).await;
    }
    for page in [&b"<!DOCTYPE HTML>"[..], b"\r\n\t<Script >", b"<?xml version='1.0'?>", b"%PDF-1.7\n", b"<!-- -->"] {
        senders.reject(PNG, &[&png, page].concat(), NOT_WHOLE).await;
        senders.reject(JPEG, &[&drawn("grey.jpg"), page].concat(), NOT_WHOLE).await;
        senders.reject(WEBP, &[&drawn("plain.webp"), page].concat(), NOT_WHOLE).await;
        senders.reject(BMP, &[&drawn("one_bit.bmp"), page].concat(), NOT_WHOLE).await;
    }
}
