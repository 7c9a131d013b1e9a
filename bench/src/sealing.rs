//! What it costs that personal fields are sealed: two lists, next to the same records stored in plain.

use std::io::Read as _;
use std::time::{Duration, Instant};

use flate2::read::GzDecoder;
use serde_json::{Value, json};

use crate::lists::{EMPLOYEES, JOBS, List, PAGE, Reader, Sealed};
use crate::place::Place;
use crate::{Failure, say};

/// The most employees that the list returns whole, and as many jobs.
pub const RECORDS: usize = 10_000;
/// How often each list is requested.
pub const TIMES: usize = 20;

/// A list of records in both forms.
pub struct Compared {
    /// What is requested.
    pub what: String,
    /// Sealed, then plain.
    pub forms: [Form; 2],
}

/// A list of records in one form.
pub struct Form {
    pub name: &'static str,
    /// The bytes of the stored record that is copied, as JSON.
    pub bytes: usize,
    pub calls: usize,
    /// Read capacity units.
    pub units: f64,
    pub times: Vec<Duration>,
}

pub async fn measure() -> Result<[Compared; 2], Failure> {
    Ok([
        Compared {
            what: format!("`{}`, all records", EMPLOYEES.name),
            forms: compare(&EMPLOYEES, async |reader| whole(reader).await).await?,
        },
        Compared {
            what: format!("`{}`, a page of {PAGE}", JOBS.name),
            forms: compare(&JOBS, async |reader| {
                let begun = Instant::now();
                reader.first().await?;
                Ok(begun.elapsed())
            })
            .await?,
        },
    ])
}

async fn compare(
    list: &'static List,
    request: impl AsyncFn(&Reader<'_>) -> Result<Duration, Failure>,
) -> Result<[Form; 2], Failure> {
    let (sealed, plain) = (Place::open().await?, Place::open().await?);
    let mut forms = [Form::new("sealed"), Form::new("plain")];
    let places = [(&sealed, true), (&plain, false)];
    let mut readers = Vec::new();
    for (form, (place, is_sealed)) in forms.iter_mut().zip(places) {
        say(&format!("sealing: {RECORDS} records of {}, {}", list.name, form.name));
        let reader = Reader::of(place, list).await?;
        let fields = Sealed::of(place, list.table, &reader.image).await?;
        let stored = |copy: Value| if is_sealed { fields.seal(copy) } else { fields.unseal(copy) };
        form.bytes = stored(reader.image.clone())?.to_string().len();
        let mut numbers = reader.total().await?..;
        reader.fill(RECORDS, &mut numbers, stored).await?;
        // The first request fills the caches of credentials.
        request(&reader).await?;
        place.wire.take();
        request(&reader).await?;
        let calls = place.wire.take();
        (form.calls, form.units) = (calls.len(), calls.iter().map(|call| call.units).sum());
        readers.push(reader);
    }
    // In turn, so that both meet the same load of the machine.
    for _ in 0..TIMES {
        for (form, reader) in forms.iter_mut().zip(&readers) {
            form.times.push(request(reader).await?);
        }
    }
    Ok(forms)
}

impl Form {
    fn new(name: &'static str) -> Self {
        Self { name, bytes: 0, calls: 0, units: 0.0, times: Vec::new() }
    }
}

/// The time of a request of the whole list.
async fn whole(reader: &Reader<'_>) -> Result<Duration, Failure> {
    let values = &reader.callers.values;
    let payload = json!({"token": values["token"]}).to_string();
    let query = [("access_token", &values["hris_access_token"]), ("payload", &payload)];
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
    let request = reader.callers.http.get(format!("{}/api/v2/employees?{query}", reader.callers.base_url));
    let begun = Instant::now();
    // As a client that takes the whole list: it only fits compressed.
    let response = request.header("accept-encoding", "gzip").send().await?;
    let status = response.status().as_u16();
    let bytes = response.bytes().await?;
    let time = begun.elapsed();
    let mut body = Vec::new();
    GzDecoder::new(&bytes[..]).read_to_end(&mut body)?;
    let response: Value = serde_json::from_slice(&body)?;
    match (status, response.as_array().map(Vec::len)) {
        (200, Some(RECORDS)) => Ok(time),
        (status, found) => Err(format!("the whole list: {status}, {found:?} records").into()),
    }
}
