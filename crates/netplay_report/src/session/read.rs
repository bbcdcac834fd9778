//! Reading a report that somebody has sent.

use super::{FORMAT, SessionReport};
use crate::ReadError;

/// What is read, for errors.
const WHAT: &str = "session report";
/// The longest report that is read, in bytes. One of eight players with full series has about 1 MB.
pub const MAX_BYTES: usize = 16 << 20;
/// How many entries a series may have.
const MAX_SAMPLES: usize = 100_000;

impl SessionReport {
    /// Reads a report. What this version does not know in it is passed over.
    ///
    /// ```
    /// use netplay_report::session::SessionReport;
    ///
    /// let error = SessionReport::read(b"{\"frames\": 12").unwrap_err();
    /// assert_eq!(error.to_string(), "it is cut off: copy the whole session report");
    /// ```
    ///
    /// # Errors
    ///
    /// [`ReadError`] where it is none, or a later version has written it.
    pub fn read(bytes: &[u8]) -> Result<Self, ReadError> {
        if bytes.len() > MAX_BYTES {
            return Err(ReadError::TooLarge { what: WHAT, bytes: bytes.len(), most: MAX_BYTES });
        }
        let report: Self = serde_json::from_slice(bytes).map_err(|error| {
            if error.is_eof() {
                return ReadError::Truncated(WHAT);
            }
            ReadError::Malformed { what: WHAT, reason: error.to_string() }
        })?;
        if report.format > FORMAT {
            return Err(ReadError::Version { found: report.format, known: FORMAT });
        }
        report.check()?;
        Ok(report)
    }

    fn check(&self) -> Result<(), ReadError> {
        let malformed =
            |reason: &str| Err(ReadError::Malformed { what: WHAT, reason: reason.to_owned() });
        if !(1..=8).contains(&self.players) || self.links.len() > 8 {
            return malformed("a match has one to eight players");
        }
        // A number that is too large for the type is read as infinite, which JSON cannot say.
        if !self.links.iter().all(|link| link.loss.is_finite() && link.loss_max.is_finite()) {
            return malformed("the loss of a link is too large a number");
        }
        let lengths = self.links.iter().map(|link| link.series.length());
        for length in lengths.chain([self.series.length()]) {
            match length {
                None => return malformed("the columns of a series are not equally long"),
                Some(length) if length > MAX_SAMPLES => return malformed("a series is too long"),
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// The report as JSON.
    ///
    /// # Errors
    ///
    /// None of its values fails.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        crate::json::to_string(self)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{EventKind, LinkReport, MatchSeries, TimelineEvent};
    use super::*;

    fn report() -> SessionReport {
        let link =
            LinkReport { player: 1, rtt_ms: 20.5, quality: "good".into(), ..LinkReport::default() };
        let event = TimelineEvent {
            kind: EventKind::PathChanged,
            player: Some(1),
            text: "=direct to \"relay\"".into(),
            ..TimelineEvent::default()
        };
        SessionReport {
            format: FORMAT,
            players: 2,
            links: vec![link],
            events: vec![event],
            ..SessionReport::default()
        }
    }

    fn json(change: impl FnOnce(&mut serde_json::Value)) -> Vec<u8> {
        let mut value = serde_json::to_value(report()).unwrap();
        change(&mut value);
        serde_json::to_vec(&value).unwrap()
    }

    #[test]
    fn what_is_written_is_read_again() {
        let text = report().to_json().unwrap();
        assert_eq!(SessionReport::read(text.as_bytes()), Ok(report()));
    }

    #[test]
    fn every_prefix_of_a_report_is_cut_off() {
        let text = report().to_json().unwrap();
        for end in 1..text.len() {
            let error = SessionReport::read(&text.as_bytes()[..end]).unwrap_err();
            assert_eq!(error, ReadError::Truncated(WHAT), "{end}");
        }
    }

    #[test]
    fn what_is_no_report_is_told_in_a_sentence() {
        let sentence = |bytes: &[u8]| SessionReport::read(bytes).unwrap_err().to_string();
        assert!(sentence(b"hello").starts_with("it is no session report: "));
        assert!(sentence(b"{}").contains("missing field"));
        assert!(sentence(&[0xff; 100]).starts_with("it is no session report: "));
        let huge = vec![b' '; MAX_BYTES + 1];
        assert!(sentence(&huge).ends_with("it is another kind of file"));
        let later = json(|value| value["format"] = 2.into());
        assert!(sentence(&later).ends_with("update this program"));
        let uneven = json(|value| value["series"]["at_ms"] = vec![1, 2].into());
        assert!(sentence(&uneven).contains("not equally long"));
        let lossy = json(|value| value["links"][0]["loss"] = 1e300.into());
        assert!(sentence(&lossy).contains("too large a number"));
        let crowd = json(|value| value["players"] = 9.into());
        assert!(sentence(&crowd).contains("one to eight players"));
    }

    #[test]
    fn reports_of_before_and_with_more_in_them_are_read() {
        let old = json(|value| {
            let fields = value.as_object_mut().unwrap();
            for field in ["format", "game", "events", "series", "ended"] {
                fields.remove(field);
            }
        });
        assert_eq!(SessionReport::read(&old).unwrap().series, MatchSeries::default());
        let later = json(|value| {
            value["new"] = "thing".into();
            value["events"][0]["kind"] = "something_new".into();
        });
        assert_eq!(SessionReport::read(&later).unwrap().events[0].kind, EventKind::Unknown);
    }

    #[test]
    fn a_text_of_a_peer_is_no_formula_of_a_spreadsheet() {
        let table = report().events_to_csv();
        assert!(table.ends_with(",\"'=direct to \"\"relay\"\"\"\r\n"), "{table}");
    }

    #[test]
    fn a_line_of_the_series_has_the_last_sample_of_each_link_before_it() {
        let mut report = report();
        let series = &mut report.series;
        (series.at_ms, series.frame) = (vec![250.0, 500.0], vec![15, 30]);
        let link = &mut report.links[0].series;
        (link.at_ms, link.rtt_ms, link.path) = (vec![251.0, 499.5], vec![20.0, 30.0], "dr".into());
        let table = report.series_to_csv();
        let lines: Vec<_> = table.lines().collect();
        assert!(lines[0].contains("input_delay,player_2_path,player_2_rtt_ms"), "{table}");
        assert!(lines[1].starts_with("250,15,") && lines[1].ends_with(",,,,,,,,,,"), "{table}");
        assert!(lines[2].starts_with("500,30,") && lines[2].contains(",relay,30,"), "{table}");
    }
}
