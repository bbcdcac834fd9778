//! Network conditions that the emulator applies.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// How bad a network is, in one direction. The default is perfect.
///
/// As text it is a list of `name=value`, in any order; what is not named is perfect:
///
/// ```
/// use netplay_core::emulator::NetworkConditions;
/// use std::time::Duration;
///
/// let conditions: NetworkConditions = "latency_ms=50,jitter_ms=10,loss=0.05".parse().unwrap();
/// assert_eq!(conditions.latency, Duration::from_millis(50));
/// assert_eq!(conditions.loss, 0.05);
/// assert!("lag=50".parse::<NetworkConditions>().is_err());
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NetworkConditions {
    /// How long every packet takes at least, one way. As text `latency_ms`, in milliseconds.
    pub latency: Duration,
    /// How much longer a packet may take, evenly distributed between nothing and this. As text
    /// `jitter_ms`, in milliseconds. Jitter alone does not change the order.
    pub jitter: Duration,
    /// The fraction of packets that get lost, 0 to 1. As text `loss`.
    pub loss: f32,
    /// How many packets in a row a loss takes on average (Gilbert-Elliott). Losses that do not depend on
    /// each other have runs of `1 / (1 - loss)`; anything below that, such as the default 0, means so.
    /// As text `burst`.
    pub burst: f32,
    /// The fraction of packets that arrive twice, 0 to 1. As text `duplicate`.
    pub duplication: f32,
    /// The fraction of packets that are held back by up to [`REORDER_HOLD`](super::REORDER_HOLD), so
    /// that later ones overtake them, 0 to 1. As text `reorder`.
    pub reordering: f32,
}

impl NetworkConditions {
    /// A wireless network at home, and a player in the same country.
    pub fn wifi() -> Self {
        Self {
            latency: Duration::from_millis(15),
            jitter: Duration::from_millis(10),
            loss: 0.01,
            burst: 2.0,
            duplication: 0.0,
            reordering: 0.005,
        }
    }

    /// A telephone network on the move.
    pub fn mobile() -> Self {
        Self {
            latency: Duration::from_millis(45),
            jitter: Duration::from_millis(30),
            loss: 0.03,
            burst: 3.0,
            duplication: 0.001,
            reordering: 0.01,
        }
    }

    /// Two good networks with an ocean between them.
    pub fn intercontinental() -> Self {
        Self {
            latency: Duration::from_millis(90),
            jitter: Duration::from_millis(8),
            loss: 0.005,
            burst: 2.0,
            duplication: 0.0,
            reordering: 0.005,
        }
    }

    /// What a match must survive, though nobody will enjoy it.
    pub fn terrible() -> Self {
        Self {
            latency: Duration::from_millis(150),
            jitter: Duration::from_millis(60),
            loss: 0.3,
            burst: 4.0,
            duplication: 0.05,
            reordering: 0.1,
        }
    }
}

/// A list of conditions that was not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadConditions {
    /// A part is not `name=value`.
    #[error("{0:?} is not of the form name=value: {ALLOWED}")]
    Form(String),
    /// A part has a name that does not exist.
    #[error("there is no network condition {0:?}: {ALLOWED}")]
    Unknown(String),
    /// A value is not a number, or not one in the range.
    #[error("{value:?} is not a value of {name}: {ALLOWED}")]
    Value {
        /// The name of the part.
        name: String,
        /// The value that was given.
        value: String,
    },
}

/// What every error names.
const ALLOWED: Allowed = Allowed;

/// The list of what is allowed, in words.
struct Allowed;

impl fmt::Display for Allowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "write any of latency_ms=50, jitter_ms=10 (milliseconds, up to 60000), loss=0.05, \
             duplicate=0.01, reorder=0.01 (fractions, 0 to 1) and burst=3 (packets, up to 1000), \
             separated by commas",
        )
    }
}

/// The longest latency or jitter that text may ask for, in milliseconds.
const MAX_MS: f64 = 60_000.0;
/// The longest mean burst that text may ask for, in packets.
const MAX_BURST: f64 = 1000.0;

impl FromStr for NetworkConditions {
    type Err = BadConditions;

    fn from_str(text: &str) -> Result<Self, BadConditions> {
        let mut conditions = Self::default();
        for part in text.split(',').map(str::trim) {
            let (name, value) =
                part.split_once('=').ok_or_else(|| BadConditions::Form(part.to_owned()))?;
            let (name, value) = (name.trim(), value.trim());
            let number = |max: f64| match value.parse::<f64>() {
                Ok(number) if (0.0..=max).contains(&number) => Ok(number),
                _ => Err(BadConditions::Value { name: name.to_owned(), value: value.to_owned() }),
            };
            let milliseconds = || number(MAX_MS).map(|ms| Duration::from_secs_f64(ms / 1000.0));
            let fraction = || number(1.0).map(|fraction| fraction as f32);
            match name {
                "latency_ms" => conditions.latency = milliseconds()?,
                "jitter_ms" => conditions.jitter = milliseconds()?,
                "loss" => conditions.loss = fraction()?,
                "burst" => conditions.burst = number(MAX_BURST)? as f32,
                "duplicate" => conditions.duplication = fraction()?,
                "reorder" => conditions.reordering = fraction()?,
                other => return Err(BadConditions::Unknown(other.to_owned())),
            }
        }
        Ok(conditions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn every_condition_can_be_written() {
        let text = "latency_ms=1.5, jitter_ms=2,loss=0.1,burst=3,duplicate=0.2,reorder=1";
        let conditions: NetworkConditions = text.parse().unwrap();
        let expected = NetworkConditions {
            latency: Duration::from_micros(1500),
            jitter: Duration::from_millis(2),
            loss: 0.1,
            burst: 3.0,
            duplication: 0.2,
            reordering: 1.0,
        };
        assert_eq!(conditions, expected);
    }

    #[test]
    fn an_error_names_the_bad_part_and_what_is_allowed() {
        for (text, named) in [
            ("loss=0.1,lag=5", "\"lag\""),
            ("loss", "\"loss\""),
            ("", "\"\""),
            ("loss=1.5", "\"1.5\""),
            ("loss=-0.1", "\"-0.1\""),
            ("loss=NaN", "\"NaN\""),
            ("latency_ms=soon", "\"soon\""),
            ("latency_ms=inf", "\"inf\""),
            ("burst=1e9", "\"1e9\""),
        ] {
            let error = text.parse::<NetworkConditions>().unwrap_err().to_string();
            assert!(error.contains(named) && error.contains("latency_ms=50"), "{text}: {error}");
        }
    }
}
