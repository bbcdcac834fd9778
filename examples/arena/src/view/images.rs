//! The pictures, painted at start: white shapes that a sprite's colour tints. Nothing to load, so nothing
//! that could be missing next to the executable or on a web server.

use bevy::asset::RenderAssetUsages;
use bevy::prelude::*;
use bevy::render::render_resource::{Extent3d, TextureDimension, TextureFormat};

/// Pixels of a picture, each way.
const SIZE: u32 = 64;
/// Samples of a pixel, each way: what makes edges smooth.
const SAMPLES: u32 = 4;

/// All pictures, from -1 to 1 each way.
#[derive(Resource)]
pub struct Images {
    /// A ship that points to the right.
    pub ship: Handle<Image>,
    /// A circle's line.
    pub ring: Handle<Image>,
    /// A full circle.
    pub disc: Handle<Image>,
    /// A light that fades outwards.
    pub glow: Handle<Image>,
    /// A light with a bright core.
    pub spark: Handle<Image>,
    /// A plus sign.
    pub plus: Handle<Image>,
    /// Two arrowheads.
    pub chevrons: Handle<Image>,
    /// Three rays.
    pub rays: Handle<Image>,
}

pub fn paint(mut commands: Commands, mut images: ResMut<Assets<Image>>) {
    let mut add = |opacity: &dyn Fn(Vec2) -> f32| images.add(picture(opacity));
    let pictures = Images {
        ship: add(&shape(is_ship)),
        ring: add(&shape(|at| (0.84..0.97).contains(&at.length()))),
        disc: add(&shape(|at| at.length() < 0.95)),
        glow: add(&|at| {
            let fade = (1.0 - at.length()).max(0.0);
            fade * fade
        }),
        spark: add(&|at| (1.35 - 1.35 * at.length()).max(0.0)),
        plus: add(&shape(|at| at.abs().min_element() < 0.2 && at.abs().max_element() < 0.7)),
        chevrons: add(&shape(|at| {
            let tip = at.x - 0.2 + at.y.abs();
            at.y.abs() < 0.6 && ((0.25..0.6).contains(&tip) || (-0.4..-0.05).contains(&tip))
        })),
        rays: add(&shape(is_rays)),
    };
    commands.insert_resource(pictures);
}

/// A dart with a notch at its back.
fn is_ship(at: Vec2) -> bool {
    let side = at.y.abs();
    let before_wing = side < (0.95 - at.x) * 0.46;
    let behind_notch = at.x > -0.35 - side * 0.55;
    let cockpit = (at - Vec2::new(0.1, 0.0)).length() < 0.16;
    before_wing && behind_notch && at.x > -0.8 && !cockpit
}

fn is_rays(at: Vec2) -> bool {
    let origin = at + Vec2::new(0.6, 0.0);
    let ray = |slope: f32| (origin.y - slope * origin.x).abs() < 0.11;
    origin.length() < 1.25 && origin.x > 0.15 && (ray(0.0) || ray(0.55) || ray(-0.55))
}

/// How much of a point's neighbourhood lies inside.
fn shape(inside: impl Fn(Vec2) -> bool) -> impl Fn(Vec2) -> f32 {
    move |at| {
        let step = 2.0 / (SIZE * SAMPLES) as f32;
        let samples = (0..SAMPLES * SAMPLES).filter(|index| {
            let offset = UVec2::new(index % SAMPLES, index / SAMPLES).as_vec2();
            inside(at + (offset - (SAMPLES - 1) as f32 / 2.0) * step)
        });
        samples.count() as f32 / (SAMPLES * SAMPLES) as f32
    }
}

fn picture(opacity: &dyn Fn(Vec2) -> f32) -> Image {
    let pixels = (0..SIZE * SIZE).flat_map(|index| {
        let pixel = UVec2::new(index % SIZE, index / SIZE).as_vec2() + 0.5;
        let at = (pixel / SIZE as f32 * 2.0 - 1.0) * Vec2::new(1.0, -1.0);
        [255, 255, 255, (opacity(at).clamp(0.0, 1.0) * 255.0) as u8]
    });
    Image::new(
        Extent3d { width: SIZE, height: SIZE, depth_or_array_layers: 1 },
        TextureDimension::D2,
        pixels.collect(),
        TextureFormat::Rgba8UnormSrgb,
        RenderAssetUsages::RENDER_WORLD,
    )
}
