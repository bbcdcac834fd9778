//! The images, generated at startup: white shapes that the colour of a sprite tints. None is a file that could be
//! missing.

use bevy::asset::RenderAssetUsages;
use bevy::prelude::*;
use bevy::render::render_resource::{Extent3d, TextureDimension, TextureFormat};

/// Width and height of an image, in pixels.
const SIZE: u32 = 64;
/// Samples per pixel in each direction, for antialiasing.
const SAMPLES: u32 = 4;

/// All images. Their shapes are defined in coordinates from -1 to 1.
#[derive(Resource)]
pub struct Images {
    /// A ship that points to the right.
    pub ship: Handle<Image>,
    /// The outline of a circle.
    pub ring: Handle<Image>,
    /// A filled circle.
    pub disc: Handle<Image>,
    /// A light that fades towards its edge.
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

pub fn generate(mut commands: Commands, mut images: ResMut<Assets<Image>>) {
    let mut add = |opacity: &dyn Fn(Vec2) -> f32| images.add(image(opacity));
    let all = Images {
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
    commands.insert_resource(all);
}

/// A dart with a notch at its back and a hole for the cockpit.
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

/// The opacity of a shape: the fraction of the samples around a point that lie inside.
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

fn image(opacity: &dyn Fn(Vec2) -> f32) -> Image {
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
