//! How large a picture may be: what phones make is accepted, and each bound has its own text.

use super::{BMP, JPEG, PNG, Reason, Senders, chunk, segment};

const TOO_LONG: Reason = ("must be at most 65535 pixels wide and high", "图片的宽和高不能超过 65535 像素");
const TOO_MANY_PIXELS: Reason = ("must have at most 200 megapixels", "图片不能超过 2 亿像素");

/// A grey JPEG. Each of its blocks takes two bits: no difference to the block before, and no more coefficients.
fn grey(width: u16, height: u16) -> Vec<u8> {
    let blocks = usize::from(width.div_ceil(8)) * usize::from(height.div_ceil(8));
    let size = [&[8][..], &height.to_be_bytes(), &width.to_be_bytes(), &[1, 1, 0x11, 0]].concat();
    let code = |place: u8| [&[place, 1][..], &[0; 15], &[0]].concat();
    [
        &[0xff, 0xd8][..],
        &segment(0xdb, &[&[0][..], &[1; 64]].concat()),
        &segment(0xc0, &size),
        &segment(0xc4, &code(0)),
        &segment(0xc4, &code(0x10)),
        &segment(0xda, &[1, 1, 0, 0, 63, 0]),
        &vec![0; (2 * blocks).div_ceil(8)],
        &[0xff, 0xd9],
    ]
    .concat()
}

/// A black PNG with one bit for each pixel.
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

#[test]
fn the_jpegs_of_this_file_are_what_a_decoder_expects() {
    let seen = image::load_from_memory(&grey(1001, 37)).unwrap().into_luma8();
    assert_eq!(seen.dimensions(), (1001, 37));
    assert!(seen.pixels().all(|pixel| pixel.0 == [128]));
}

#[tokio::test]
async fn what_phones_make_is_accepted() {
    let senders = Senders::join().await;
    for (width, height) in [
        // A long screenshot, a panorama, and photos of 64, 108 and 200 megapixels.
        (1290, 19854),
        (16_382, 3_628),
        (9_248, 6_936),
        (12_000, 9_000),
        (12_240, 16_320),
        (32_767, 100),
        (65_535, 8),
    ] {
        let file = grey(width, height);
        assert_eq!(senders.accept(JPEG, &file).await, file, "{width} by {height}");
    }
    for (width, height) in [(1290, 19_854), (12_000, 9_000), (8, 65_535), (20_000, 10_000)] {
        let file = black(width, height);
        assert_eq!(senders.accept(PNG, &file).await, file, "{width} by {height}");
    }
}

#[tokio::test]
async fn each_bound_has_its_own_text() {
    let senders = Senders::join().await;
    senders.reject(JPEG, &grey(30_000, 30_000), TOO_MANY_PIXELS).await;
    senders.reject(PNG, &black(20_000, 10_001), TOO_MANY_PIXELS).await;
    senders.reject(PNG, &black(65_536, 8), TOO_LONG).await;
    senders.reject(PNG, &black(8, 65_536), TOO_LONG).await;
    // A header is enough, whatever follows.
    let header = [&u32::MAX.to_be_bytes()[..], &[0, 0, 0, 1, 8, 0, 0, 0, 0]].concat();
    senders.reject(PNG, &[b"\x89PNG\r\n\x1a\n", &chunk(b"IHDR", &header)[..]].concat(), TOO_LONG).await;
    let mut bmp = super::drawn("alpha.bmp");
    bmp[22..26].copy_from_slice(&i32::MIN.to_le_bytes());
    senders.reject(BMP, &bmp, TOO_LONG).await;
}

#[tokio::test]
async fn many_scans_of_one_picture_are_rejected() {
    let senders = Senders::join().await;
    let mut file = grey(8, 8);
    let place = |code: u8| file.windows(2).position(|pair| pair == [0xff, code]).unwrap();
    let (frame, scan) = (place(0xc0), place(0xda));
    file[frame + 1] = 0xc2;
    let first = [segment(0xda, &[1, 1, 0, 0, 0, 0]), vec![0]].concat();
    // It changes nothing and takes a few bytes, however large the picture is.
    let more = [segment(0xda, &[1, 1, 0, 1, 63, 0]), vec![0]].concat();
    let with = |scans: usize| [&file[..scan], &first, &more.repeat(scans), &[0xff, 0xd9]].concat();
    assert_eq!(senders.accept(JPEG, &with(99)).await, with(99));
    senders.reject(JPEG, &with(100), super::NOT_WHOLE).await;
}
