//! Numbers as text: results by their errors, and parameters.

use std::fmt;

/// A result without an error, with four decimals where these show something.
#[must_use]
pub fn number(x: f64) -> String {
    match x.abs() {
        0.0 => format!("{:.4}", 0.0),
        size if size < 1e-4 => format!("{x:.1e}"),
        size if size < 1e3 || !size.is_finite() => format!("{x:.4}"),
        size if size < 1e6 => format!("{x:.1}"),
        _ => format!("{x:.3e}"),
    }
}

/// A mean and its standard error: two digits of the error, and four decimals at least of an error below
/// 0.1. Very large and very small numbers have a common power of ten. An error of 0 is `0`; one that is
/// missing is NaN.
#[must_use]
pub fn with_error(mean: f64, stderr: f64) -> [String; 2] {
    if !mean.is_finite() || !stderr.is_finite() {
        return [number(mean), number(stderr)];
    }
    if stderr == 0.0 {
        return [number(mean), "0".into()];
    }
    let size = mean.abs().max(stderr);
    let decimals = 1 - magnitude(stderr);
    if !(1e-4..1e9).contains(&size) || stderr >= 1e6 {
        let power = magnitude(size);
        // In two steps, lest 10^power overflow.
        let scaled = |x: f64| x / 10f64.powi(power / 2) / 10f64.powi(power - power / 2);
        let digits = (decimals + power).clamp(1, 12) as usize;
        let text = |x: f64| format!("{}e{power}", fixed(scaled(x), digits));
        return match (decimals + power) > 12 {
            true => [text(mean), format!("{stderr:.1e}")],
            false => [text(mean), text(stderr)],
        };
    }
    match decimals {
        ..2 => {
            let digits = decimals.max(0) as usize;
            [fixed(mean, digits), fixed(stderr, digits)]
        }
        2..=12 if stderr >= 0.1 => [fixed(mean, 2), fixed(stderr, 2)],
        2..=12 => {
            let digits = decimals.max(4) as usize;
            [fixed(mean, digits), fixed(stderr, digits)]
        }
        _ => [fixed(mean, 12), format!("{stderr:.1e}")],
    }
}

/// The power of ten of the first digit, once rounded to two digits.
fn magnitude(x: f64) -> i32 {
    let text = format!("{x:.1e}");
    let power = text
        .split_once('e')
        .and_then(|(_, power)| power.parse().ok());
    power.unwrap_or(0)
}

/// With so many decimals, and no sign before zero.
fn fixed(x: f64, decimals: usize) -> String {
    let text = format!("{x:.decimals$}");
    match text.strip_prefix('-') {
        Some(rest) if !rest.bytes().any(|b| (b'1'..=b'9').contains(&b)) => rest.into(),
        _ => text,
    }
}

/// A parameter with all its digits, as a power of ten where they would be many zeros.
#[derive(Clone, Copy, Debug)]
pub struct Parameter(pub f64);

impl fmt::Display for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let x = self.0;
        match (1e-5..1e15).contains(&x.abs()) || x == 0.0 || !x.is_finite() {
            true => write!(f, "{x}"),
            false => write!(f, "{x:e}"),
        }
    }
}

/// A parameter in a headline: with seven significant digits at most.
#[derive(Clone, Copy, Debug)]
pub struct Rounded(pub f64);

impl fmt::Display for Rounded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rounded = format!("{:.6e}", self.0).parse().unwrap_or(self.0);
        Parameter(rounded).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(mean: f64, stderr: f64) -> String {
        with_error(mean, stderr).join(" ± ")
    }

    #[test]
    fn digits_follow_the_error() {
        for (mean, stderr, text) in [
            (0.4599, 0.0035, "0.4599 ± 0.0035"),
            (0.45991, 0.0124, "0.4599 ± 0.0124"),
            (1.3809, 0.000_45, "1.38090 ± 0.00045"),
            (1.380_912_3, 0.000_004_49, "1.3809123 ± 0.0000045"),
            (0.693, 0.0, "0.6930 ± 0"),
            (-1e-9, 0.0035, "0.0000 ± 0.0035"),
            (-1010.4, 511.3, "-1010 ± 511"),
            (-10.456, 1.96, "-10.5 ± 2.0"),
            (-10.456, 9.96, "-10 ± 10"),
            (0.5, 0.234, "0.50 ± 0.23"),
            (1.2e-7, 0.3e-7, "1.20e-7 ± 0.30e-7"),
            (0.0, 3e-9, "0.0e-9 ± 3.0e-9"),
            (2.5e61, 4e59, "2.500e61 ± 0.040e61"),
            (1.0, 3e-15, "1.000000000000 ± 3.0e-15"),
            (1e9, 1e-15, "1.000000000000e9 ± 1.0e-15"),
            (3.0, 4e6, "0.0e6 ± 4.0e6"),
            (0.4599, f64::NAN, "0.4599 ± NaN"),
        ] {
            assert_eq!(joined(mean, stderr), text);
        }
    }

    /// For any magnitudes: what is printed is the number, to a twentieth of the error, and shows no 0 for an
    /// error that is none.
    #[test]
    fn text_is_the_number_to_a_fraction_of_its_error() {
        for mean in (-300..300).step_by(7).map(|p| -3.456_789 * 10f64.powi(p)) {
            for stderr in (-300..300).step_by(3).map(|p| 6.543_21 * 10f64.powi(p)) {
                let [a, b] = with_error(mean, stderr);
                let [x, error] = [&a, &b].map(|text| text.parse::<f64>().unwrap());
                assert!(
                    (error / stderr - 1.0).abs() < 0.06,
                    "{mean:e} {stderr:e}: {a} ± {b}"
                );
                let off = (x - mean).abs();
                assert!(
                    off <= 0.1 * stderr + 1e-12 * mean.abs() + 1e-12,
                    "{mean:e} {stderr:e}: {a} ± {b}"
                );
                assert!(
                    a.len() <= 24 && b.len() <= 20,
                    "{mean:e} {stderr:e}: {a} ± {b}"
                );
            }
        }
    }

    #[test]
    fn numbers_without_an_error() {
        for (x, text) in [
            (0.0, "0.0000"),
            (-0.0, "0.0000"),
            (0.4045, "0.4045"),
            (-3.2e-7, "-3.2e-7"),
            (-1010.25, "-1010.2"),
            (1e300, "1.000e300"),
        ] {
            assert_eq!(number(x), text);
        }
        for (x, text) in [
            (2.269_185, "2.269185"),
            (1e-30, "1e-30"),
            (-1e150, "-1e150"),
            (f64::INFINITY, "inf"),
            (0.0, "0"),
            (0.000_01, "0.00001"),
        ] {
            assert_eq!(Parameter(x).to_string(), text);
        }
    }

    #[test]
    fn headlines_have_few_digits() {
        let shown = [0.910_239_226_626_837_5, 2.269_185, 0.1, 12.0, f64::INFINITY];
        let shown = shown.map(|x| Rounded(x).to_string());
        assert_eq!(shown, ["0.9102392", "2.269185", "0.1", "12", "inf"]);
    }
}
