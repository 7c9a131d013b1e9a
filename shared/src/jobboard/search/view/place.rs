//! Places on the earth, which is modelled as a sphere.

/// The mean radius of the earth, in metres.
const EARTH: f64 = 6_371_000.0;

/// The great-circle distance between two places, in metres. A place is longitude and latitude in degrees.
pub fn metres(one: (f64, f64), other: (f64, f64)) -> f64 {
    let (here, there) = (one.1.to_radians(), other.1.to_radians());
    let half = ((there - here) / 2.0).sin();
    let across = ((other.0 - one.0).to_radians() / 2.0).sin();
    let chord = half * half + here.cos() * there.cos() * across * across;
    2.0 * EARTH * chord.sqrt().min(1.0).asin()
}

/// A place as a unit vector from the earth's centre.
pub(super) fn direction(longitude: f64, latitude: f64) -> [f32; 3] {
    let ((east, ahead), (north, out)) = (longitude.to_radians().sin_cos(), latitude.to_radians().sin_cos());
    [out * ahead, out * east, north].map(|part| part as f32)
}
