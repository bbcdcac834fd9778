//! `cargo xtask sounds`: synthesizes the sounds of the examples, the same bytes each time.

use std::f32::consts::TAU;
use std::fs;

use crate::workspace::root;

/// Samples per second.
const RATE: usize = 22_050;

/// Gives the samples of a sound.
type Synthesize = fn() -> Vec<f32>;

/// The files in `assets/sounds`, without `.wav`.
const SOUNDS: [(&str, Synthesize); 9] = [
    ("shot", shot),
    ("hit", hit),
    ("explosion", explosion),
    ("thrust", thrust),
    ("jump", || sweep(0.22, 260.0, 620.0)),
    ("land", || sweep(0.12, 190.0, 60.0)),
    ("pickup", || notes(&[880.0, 1318.5], 0.07)),
    ("countdown", || notes(&[440.0], 0.16)),
    ("win", || notes(&[523.25, 659.25, 783.99, 1046.5], 0.13)),
];

/// Writes them.
pub fn run() -> Result<(), String> {
    let folder = root().join("assets/sounds");
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for (name, sound) in SOUNDS {
        let file = folder.join(format!("{name}.wav"));
        let bytes = wav(&sound());
        println!("{} bytes: {}", bytes.len(), file.display());
        fs::write(&file, bytes).map_err(|error| format!("{}: {error}", file.display()))?;
    }
    Ok(())
}

/// A laser that falls.
fn shot() -> Vec<f32> {
    let mut phase = 0.0;
    shape(0.18, |time| {
        phase += 1400.0 * (-14.0 * time).exp() + 120.0;
        square(phase) * 0.5 * (-16.0 * time).exp()
    })
}

/// A click with a low tone below it.
fn hit() -> Vec<f32> {
    let mut noise = Noise::new(7);
    let mut phase = 0.0;
    shape(0.2, |time| {
        phase += 170.0 - 300.0 * time;
        let click = noise.next() * (-60.0 * time).exp();
        0.5 * click + 0.6 * sine(phase) * (-14.0 * time).exp()
    })
}

/// Noise that becomes darker.
fn explosion() -> Vec<f32> {
    let mut noise = Noise::new(11);
    let mut low = 0.0;
    shape(0.9, |time| {
        low += (noise.next() - low) * (0.5 * (-5.0 * time).exp() + 0.02);
        (2.2 * low * (-3.5 * time).exp()).clamp(-1.0, 1.0)
    })
}

/// A rumble whose end is its beginning: it can be repeated without a click.
fn thrust() -> Vec<f32> {
    let mut noise = Noise::new(13);
    let mut low = 0.0;
    let overlap = RATE / 10;
    let rumble: Vec<f32> = (0..RATE / 2 + overlap)
        .map(|_| {
            low += (noise.next() - low) * 0.08;
            1.6 * low
        })
        .collect();
    let (start, end) = rumble.split_at(RATE / 2);
    let mut sound = start.to_vec();
    for (index, (sample, end)) in sound.iter_mut().zip(end).enumerate() {
        let part = index as f32 / overlap as f32;
        *sample = *sample * part + end * (1.0 - part);
    }
    sound
}

/// A tone that goes from one pitch to another.
fn sweep(seconds: f32, from: f32, to: f32) -> Vec<f32> {
    let mut phase = 0.0;
    shape(seconds, |time| {
        phase += from + (to - from) * time / seconds;
        0.6 * triangle(phase) * (1.0 - time / seconds)
    })
}

/// Tones one after the other; the last one fades.
fn notes(pitches: &[f32], seconds: f32) -> Vec<f32> {
    let last = pitches.len().saturating_sub(1);
    let mut sound = Vec::new();
    for (index, pitch) in pitches.iter().enumerate() {
        let mut phase = 0.0;
        let (seconds, decay) = if index == last { (2.0 * seconds, 9.0) } else { (seconds, 4.0) };
        sound.extend(shape(seconds, |time| {
            phase += pitch;
            0.5 * (sine(phase) + 0.3 * sine(2.0 * phase)) * (-decay * time).exp()
        }));
    }
    sound
}

/// Samples by their time in seconds. The first and the last few milliseconds fade, so that nothing clicks.
fn shape(seconds: f32, mut sample: impl FnMut(f32) -> f32) -> Vec<f32> {
    let length = (seconds * RATE as f32) as usize;
    let edge = RATE / 250;
    let mut sound: Vec<f32> = (0..length).map(|at| sample(at as f32 / RATE as f32)).collect();
    for at in 0..edge.min(length / 2) {
        let part = at as f32 / edge as f32;
        sound[at] *= part;
        sound[length - 1 - at] *= part;
    }
    sound
}

/// The waves, by the sum of the frequencies of all samples so far.
fn sine(phase: f32) -> f32 {
    (TAU * phase / RATE as f32).sin()
}

fn square(phase: f32) -> f32 {
    if (phase / RATE as f32).fract() < 0.5 { 1.0 } else { -1.0 }
}

fn triangle(phase: f32) -> f32 {
    4.0 * ((phase / RATE as f32 + 0.25).fract() - 0.5).abs() - 1.0
}

/// White noise from a seed.
struct Noise(u32);

impl Noise {
    fn new(seed: u32) -> Self {
        Self(seed)
    }

    /// A number from -1 to 1.
    fn next(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 as f32 / u32::MAX as f32 * 2.0 - 1.0
    }
}

/// 16 bits, one channel.
fn wav(samples: &[f32]) -> Vec<u8> {
    let rate = RATE as u32;
    let data = 2 * samples.len() as u32;
    let mut bytes = Vec::new();
    bytes.extend(b"RIFF");
    bytes.extend((36 + data).to_le_bytes());
    bytes.extend(b"WAVEfmt ");
    bytes.extend(16_u32.to_le_bytes());
    // Plain samples, one channel.
    bytes.extend(1_u16.to_le_bytes());
    bytes.extend(1_u16.to_le_bytes());
    bytes.extend(rate.to_le_bytes());
    bytes.extend((2 * rate).to_le_bytes());
    bytes.extend(2_u16.to_le_bytes());
    bytes.extend(16_u16.to_le_bytes());
    bytes.extend(b"data");
    bytes.extend(data.to_le_bytes());
    for sample in samples {
        let sample = (sample.clamp(-1.0, 1.0) * f32::from(i16::MAX)) as i16;
        bytes.extend(sample.to_le_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sounds_are_audible_short_and_without_clicks() {
        for (name, sound) in SOUNDS {
            let samples = sound();
            let loudest = samples.iter().fold(0.0_f32, |loudest, sample| loudest.max(sample.abs()));
            assert!((0.2..=1.0).contains(&loudest), "{name}: {loudest}");
            assert!(samples.len() < RATE, "{name}: {}", samples.len());
            let ends = [samples[0], samples[samples.len() - 1]];
            let step = if name == "thrust" {
                (ends[0] - ends[1]).abs()
            } else {
                ends[0].abs() + ends[1].abs()
            };
            assert!(step < 0.2, "{name}: {ends:?}");
        }
    }

    #[test]
    fn the_files_in_the_repository_are_what_is_synthesized() {
        for (name, sound) in SOUNDS {
            let file = fs::read(root().join(format!("assets/sounds/{name}.wav"))).unwrap();
            let here = wav(&sound());
            assert_eq!(file.len(), here.len(), "{name}");
            // The last bit of a sine differs between machines.
            let samples = |bytes: &[u8]| -> Vec<i32> {
                let pairs = bytes[44..].chunks_exact(2);
                pairs.map(|it| i32::from(i16::from_le_bytes([it[0], it[1]]))).collect()
            };
            let differ = samples(&file).iter().zip(samples(&here)).any(|(a, b)| (a - b).abs() > 64);
            assert!(!differ, "{name}: run `cargo xtask sounds`");
        }
    }
}
