//! Exif metadata (CIPA DC-008): a TIFF file in a segment of the picture. Only the orientation stays.

/// The tag of the orientation, with the type SHORT and one value.
const ORIENTATION: [u8; 8] = [0x01, 0x12, 0, 3, 0, 0, 0, 1];

/// Exif metadata with the orientation of `metadata` and nothing else. `None` if the picture needs no turning.
pub fn oriented(metadata: &[u8]) -> Option<Vec<u8>> {
    let orientation = orientation(metadata)?;
    // One directory at offset 8, with one entry, and no next directory.
    let start = [&b"MM\0\x2a\0\0\0\x08\0\x01"[..], &ORIENTATION].concat();
    (2..=8).contains(&orientation).then(|| [&start[..], &[0, orientation, 0, 0], &[0; 4]].concat())
}

fn orientation(metadata: &[u8]) -> Option<u8> {
    let tiff = metadata.strip_prefix(b"Exif\0\0").unwrap_or(metadata);
    let is_little = match tiff.get(..4)? {
        b"II\x2a\0" => true,
        b"MM\0\x2a" => false,
        _ => return None,
    };
    let short = |bytes: [u8; 2]| if is_little { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) };
    let long = |bytes: [u8; 4]| if is_little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) };
    let directory = tiff.get(usize::try_from(long(*tiff.get(4..)?.first_chunk()?)).ok()?..)?;
    let entries = short(*directory.first_chunk()?);
    let mut entries = directory.get(2..)?.chunks_exact(12).take(usize::from(entries));
    let entry = entries.find(|entry| short([entry[0], entry[1]]) == 0x0112)?;
    let value = match short([entry[2], entry[3]]) {
        3 => u32::from(short([entry[8], entry[9]])),
        4 => long([entry[8], entry[9], entry[10], entry[11]]),
        _ => return None,
    };
    u8::try_from(value).ok()
}
