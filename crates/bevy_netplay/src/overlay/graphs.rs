//! Draws what is new of the measured updates into the picture.

use bevy::image::ImageSampler;
use bevy::prelude::*;

use super::graph::{Column, HEIGHT, Mark, Picture, Scale, WIDTH};
use crate::session::frame_length;
use crate::{Checksums, EventKind, MatchTimeline, NetplayConfig, RollbackMetrics, UpdateSample};

/// The least depth that the graph is high.
const MIN_DEPTH: usize = 4;

/// The picture, and how much of what was measured is in it.
#[derive(Resource, Debug, Default)]
pub(super) struct Graphs {
    image: Handle<Image>,
    drawn: Option<Drawn>,
}

#[derive(Clone, Copy, Debug)]
struct Drawn {
    /// How many updates there were.
    updates: u64,
    /// How many events there were.
    events: u64,
    /// How many frames were compared.
    compared: i32,
    scale: Scale,
}

impl Graphs {
    /// Makes an empty picture.
    pub(super) fn begin(&mut self, images: &mut Assets<Image>) -> Handle<Image> {
        let mut image = Image::default();
        image.texture_descriptor.size.width = WIDTH as u32;
        image.texture_descriptor.size.height = HEIGHT as u32;
        image.data = Some(vec![0; WIDTH * HEIGHT * 4]);
        image.sampler = ImageSampler::nearest();
        *self = Self { image: images.add(image), drawn: None };
        self.image.clone()
    }

    /// Forgets the picture.
    pub(super) fn end(&mut self) {
        *self = Self::default();
    }
}

/// Draws the updates that are new; all of them if the match is another one, or some were missed.
pub(super) fn draw(
    metrics: Res<RollbackMetrics>,
    timeline: Res<MatchTimeline>,
    checksums: Res<Checksums>,
    config: Res<NetplayConfig>,
    mut graphs: ResMut<Graphs>,
    images: Option<ResMut<Assets<Image>>>,
) {
    let now = Drawn {
        updates: metrics.updates.total(),
        events: timeline.dropped() + timeline.iter().len() as u64,
        compared: checksums.compared_frames(),
        scale: Scale {
            depth: config.bounded_max_prediction().max(MIN_DEPTH) as u32,
            budget: frame_length(config.frame_rate),
        },
    };
    let before = graphs.drawn.filter(|before| {
        let new = now.updates.checked_sub(before.updates);
        before.scale == now.scale && new.is_some_and(|new| new <= metrics.updates.len() as u64)
    });
    if before.is_some_and(|before| before.updates == now.updates) {
        return;
    }
    let Some(mut images) = images else { return };
    let Some(mut image) = images.get_mut(&graphs.image) else { return };
    let Some(pixels) = image.data.as_mut() else { return };
    let mut picture = Picture(pixels);
    match before {
        Some(before) => draw_new(&mut picture, before, now, &metrics, &timeline),
        None => draw_all(&mut picture, now, &metrics, &timeline),
    }
    graphs.drawn = Some(now);
}

fn draw_new(
    picture: &mut Picture,
    before: Drawn,
    now: Drawn,
    metrics: &RollbackMetrics,
    timeline: &MatchTimeline,
) {
    let new = (now.updates - before.updates) as usize;
    picture.scroll(new);
    let events = now.events.saturating_sub(before.events);
    let events = usize::try_from(events).unwrap_or(usize::MAX);
    let marks = timeline.iter().rev().take(events).filter_map(|event| mark_of(event.kind));
    let compared = (now.compared > before.compared).then_some(Mark::Compared);
    let happened = marks.chain(compared).max();
    for (before_newest, update) in metrics.updates.iter().rev().take(new).enumerate() {
        let happened = happened.filter(|_| before_newest == 0);
        picture.draw(before_newest, &column(update, happened), now.scale);
    }
}

/// Events are put where their frame is. When checksums were compared is not known any more.
fn draw_all(
    picture: &mut Picture,
    now: Drawn,
    metrics: &RollbackMetrics,
    timeline: &MatchTimeline,
) {
    picture.clear(now.scale);
    let of_match = timeline.iter().rev().take_while(|it| it.kind != EventKind::MatchStarted);
    let mut events = of_match.filter_map(|it| Some((it.frame, mark_of(it.kind)?))).peekable();
    let mut updates = metrics.updates.iter().rev().enumerate().peekable();
    while let Some((before_newest, update)) = updates.next() {
        let mut happened = None;
        // Of several updates with the same frame the first.
        let before = updates.peek().map_or(-1, |(_, before)| before.frame);
        while let Some((_, mark)) = events.next_if(|(frame, _)| *frame > before) {
            happened = happened.max(Some(mark));
        }
        picture.draw(before_newest, &column(update, happened), now.scale);
    }
}

fn column(update: &UpdateSample, happened: Option<Mark>) -> Column {
    let lost = (!update.lost_time.is_zero()).then_some(Mark::LostTime);
    Column {
        depth: update.depth,
        caused_by: update.caused_by.iter().next(),
        stalled: update.stalled,
        rollback_time: update.rollback_time,
        mark: happened.max(lost),
    }
}

fn mark_of(kind: EventKind) -> Option<Mark> {
    match kind {
        EventKind::PathChanged => Some(Mark::Path),
        EventKind::InputDelayChanged => Some(Mark::Delay),
        EventKind::Desync => Some(Mark::Desync),
        _ => None,
    }
}
