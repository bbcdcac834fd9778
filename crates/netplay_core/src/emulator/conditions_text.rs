//! Network conditions as text.

use std::fmt::{self, Write as _};
use std::str::FromStr;
use std::time::Duration;

use super::NetworkConditions;
use super::conditions::{BANDWIDTHS, MAX_BURST, MAX_DELAY};

/// A text that was not understood as network conditions.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadConditions {
    /// A part is neither `name=value` nor a preset at the beginning.
    #[error("{0:?} is neither a preset at the beginning nor of the form name=value: {ALLOWED}")]
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
    /// What stands before a colon is neither a direction nor one with a peer.
    #[error(
        "{0:?} is not a direction: write in:, out: or both:, or in@KEY: for one peer with its 32 hexadecimal digits"
    )]
    Direction(String),
    /// A direction is set twice.
    #[error("{0:?} is set twice: write each direction once, and both: alone")]
    Twice(String),
}

/// What every error about a list names.
const ALLOWED: Allowed = Allowed;

/// The list of what is allowed, in words.
struct Allowed;

impl fmt::Display for Allowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("write one of ")?;
        for (index, (name, _)) in NetworkConditions::PRESETS.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(f, "{separator}{name}")?;
        }
        f.write_str(
            ", or any of latency_ms=50, jitter_ms=10, queue_ms=200 (milliseconds, up to 60000), loss=0.05, \
             duplicate=0.01, reorder=0.01 (fractions, 0 to 1), burst=3 (packets, up to 1000) and rate_kbit=1000 \
             (1000 bits per second, 1 to 10000000, or unlimited), or a preset and then some of these, separated by commas",
        )
    }
}

impl FromStr for NetworkConditions {
    type Err = BadConditions;

    fn from_str(text: &str) -> Result<Self, BadConditions> {
        let mut conditions = Self::perfect();
        for (index, part) in text.split(',').map(str::trim).enumerate() {
            let preset = Self::PRESETS.into_iter().find(|(name, _)| index == 0 && *name == part);
            match (preset, part.split_once('=')) {
                (Some((_, preset)), _) => conditions = preset,
                (None, Some((name, value))) => conditions.set(name.trim(), value.trim())?,
                (None, None) => return Err(BadConditions::Form(part.to_owned())),
            }
        }
        Ok(conditions)
    }
}

impl NetworkConditions {
    fn set(&mut self, name: &str, value: &str) -> Result<(), BadConditions> {
        let bad = || BadConditions::Value { name: name.to_owned(), value: value.to_owned() };
        let milliseconds = || {
            let ms = within(value, 0.0, MAX_DELAY.as_secs_f64() * 1000.0).ok_or_else(bad)?;
            Ok(Duration::from_secs_f64(ms / 1000.0))
        };
        let number = |most: f32| {
            let number = value.parse::<f32>().ok().filter(|number| (0.0..=most).contains(number));
            // There is one zero.
            number.map(|number| number.max(0.0) + 0.0).ok_or_else(bad)
        };
        match name {
            "latency_ms" => self.latency = milliseconds()?,
            "jitter_ms" => self.jitter = milliseconds()?,
            "queue_ms" => self.queue = milliseconds()?,
            "loss" => self.loss = number(1.0)?,
            "burst" => self.burst = number(MAX_BURST)?,
            "duplicate" => self.duplication = number(1.0)?,
            "reorder" => self.reordering = number(1.0)?,
            "rate_kbit" if value == "unlimited" => self.bandwidth = None,
            "rate_kbit" => {
                let [least, most] = [*BANDWIDTHS.start(), *BANDWIDTHS.end()].map(|it| it as f64);
                let kbit = within(value, least / 1000.0, most / 1000.0).ok_or_else(bad)?;
                self.bandwidth = Some((kbit * 1000.0).round() as u64);
            }
            other => return Err(BadConditions::Unknown(other.to_owned())),
        }
        Ok(())
    }
}

/// A number in this range.
fn within(text: &str, least: f64, most: f64) -> Option<f64> {
    text.parse::<f64>().ok().filter(|number| (least..=most).contains(number))
}

/// The text that is read as these conditions. A preset is its name.
impl fmt::Display for NetworkConditions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((name, _)) = Self::PRESETS.iter().find(|(_, preset)| preset == self) {
            return f.write_str(name);
        }
        let Self { latency, jitter, loss, burst, duplication, reordering, bandwidth, queue } = self;
        let perfect = Self::perfect();
        let mut list = String::new();
        for (name, delay, otherwise) in [
            ("latency_ms", latency, perfect.latency),
            ("jitter_ms", jitter, perfect.jitter),
            ("queue_ms", queue, perfect.queue),
        ] {
            if *delay != otherwise {
                write!(list, ",{name}={}", Thousandths(delay.as_nanos(), 6))?;
            }
        }
        for (name, number) in
            [("loss", loss), ("burst", burst), ("duplicate", duplication), ("reorder", reordering)]
        {
            if *number != 0.0 {
                write!(list, ",{name}={number}")?;
            }
        }
        if let Some(bandwidth) = bandwidth {
            write!(list, ",rate_kbit={}", Thousandths((*bandwidth).into(), 3))?;
        }
        f.write_str(list.trim_start_matches(','))
    }
}

/// A whole number of parts, so many decimal places of a unit, as a decimal number of units.
struct Thousandths(u128, usize);

impl fmt::Display for Thousandths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(parts, places) = *self;
        let unit = 10_u128.pow(places as u32);
        let digits = format!("{}.{:0places$}", parts / unit, parts % unit);
        f.write_str(digits.trim_end_matches('0').trim_end_matches('.'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn every_condition_can_be_written() {
        let text = "latency_ms=1.5, jitter_ms=2,loss=0.1,burst=3,duplicate=0.2,reorder=1,rate_kbit=1.5,queue_ms=7";
        let conditions: NetworkConditions = text.parse().unwrap();
        let expected = NetworkConditions {
            latency: Duration::from_micros(1500),
            jitter: Duration::from_millis(2),
            loss: 0.1,
            burst: 3.0,
            duplication: 0.2,
            reordering: 1.0,
            bandwidth: Some(1500),
            queue: Duration::from_millis(7),
        };
        assert_eq!(conditions, expected);
        assert_eq!(
            conditions.to_string(),
            "latency_ms=1.5,jitter_ms=2,queue_ms=7,loss=0.1,burst=3,duplicate=0.2,reorder=1,rate_kbit=1.5"
        );
    }

    #[test]
    fn a_preset_is_its_name_and_what_follows_differs_from_it() {
        for (name, preset) in NetworkConditions::PRESETS {
            assert_eq!(name.parse(), Ok(preset.clone()));
            assert_eq!(preset.to_string(), name);
            let slow = NetworkConditions { bandwidth: Some(5000), loss: 0.1, ..preset.clone() };
            assert_eq!(format!("{name} , loss=0.1,rate_kbit=5").parse(), Ok(slow.clone()));
            assert_eq!(slow.to_string().parse(), Ok(slow));
            let unlimited = NetworkConditions { bandwidth: None, ..preset };
            assert_eq!(format!("{name},rate_kbit=unlimited").parse(), Ok(unlimited));
        }
    }

    #[test]
    fn an_error_names_the_bad_part_and_what_is_allowed() {
        for (text, named) in [
            ("loss=0.1,lag=5", "\"lag\""),
            ("loss", "\"loss\""),
            ("", "\"\""),
            ("loss=0.1,wifi", "\"wifi\""),
            ("wifi,mobile", "\"mobile\""),
            ("WiFi", "\"WiFi\""),
            ("loss=1.5", "\"1.5\""),
            ("loss=-0.1", "\"-0.1\""),
            ("loss=NaN", "\"NaN\""),
            ("latency_ms=soon", "\"soon\""),
            ("latency_ms=inf", "\"inf\""),
            ("burst=1e9", "\"1e9\""),
            ("rate_kbit=0", "\"0\""),
            ("rate_kbit=1e8", "\"1e8\""),
        ] {
            let error = text.parse::<NetworkConditions>().unwrap_err().to_string();
            for allowed in ["latency_ms=50", "rate_kbit=1000", "perfect, wifi", "terrible"] {
                assert!(error.contains(named) && error.contains(allowed), "{text}: {error}");
            }
        }
    }
}
