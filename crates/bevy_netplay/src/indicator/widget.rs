//! The widget that shows the notices to players (feature `overlay`).

use bevy::prelude::*;
use bevy::text::FontSource;

use super::{ConnectionNotices, LinkNotice, NoticeLevel};
use crate::PeerLinks;
use crate::overlay::{OverlayCorner, WidgetText, passive};

/// How many notices are shown at most.
const LINES: usize = 3;

const BACKGROUND: Color = Color::srgba(0.02, 0.03, 0.05, 0.8);

/// Shows [`ConnectionNotices`] to players, in a corner of the window: nothing while all is good, and at most three lines,
/// one for each player (feature `overlay`). [`ConnectionIndicator`] has the settings.
///
/// It is drawn by bevy_ui, on the camera that bevy_ui takes by default, and takes no clicks and touches.
///
/// ```
/// use bevy::prelude::*;
/// use bevy_netplay::prelude::*;
/// use bevy_netplay::{ConnectionIndicator, ConnectionIndicatorPlugin, OverlayCorner};
///
/// let mut app = App::new();
/// app.add_plugins((MinimalPlugins, NetplayPlugins::<u8>::default(), ConnectionIndicatorPlugin))
///     .insert_resource(ConnectionIndicator { corner: OverlayCorner::BottomRight, ..default() });
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct ConnectionIndicatorPlugin;

impl Plugin for ConnectionIndicatorPlugin {
    fn build(&self, app: &mut App) {
        app.init_resource::<ConnectionIndicator>().add_systems(Update, show.run_if(is_due));
    }
}

/// Whether notices are shown to players, and how. A change takes effect at once.
#[derive(Resource, Clone, Debug, PartialEq, Reflect)]
#[reflect(Resource, Debug, Default, PartialEq)]
pub struct ConnectionIndicator {
    /// Whether they are shown. Default true.
    pub visible: bool,
    /// Where they are. Default the top right.
    pub corner: OverlayCorner,
    /// How far they are from the edges, in logical pixels of the window. Default 8.
    pub margin: Vec2,
    /// The font. Default Bevy's default font, which shows nothing without Bevy's feature `default_font`.
    pub font: FontSource,
    /// The size of the text, in logical pixels of the window whatever `UiScale` is: 8 to 40. Default 16.
    pub text_size: f32,
}

impl Default for ConnectionIndicator {
    fn default() -> Self {
        Self {
            visible: true,
            corner: OverlayCorner::TopRight,
            margin: Vec2::splat(8.0),
            font: FontSource::default(),
            text_size: 16.0,
        }
    }
}

/// The root of the nodes.
#[derive(Component)]
struct IndicatorRoot;

/// A run condition.
fn is_due(
    notices: Res<ConnectionNotices>,
    indicator: Res<ConnectionIndicator>,
    scale: Option<Res<UiScale>>,
) -> bool {
    notices.is_changed() || indicator.is_changed() || scale.is_some_and(|it| it.is_changed())
}

/// Spawns the nodes again: it happens a few times a minute, if at all.
fn show(
    mut commands: Commands,
    (notices, indicator): (Res<ConnectionNotices>, Res<ConnectionIndicator>),
    links: Res<PeerLinks>,
    scale: Option<Res<UiScale>>,
    roots: Query<Entity, With<IndicatorRoot>>,
) {
    for root in &roots {
        commands.entity(root).despawn();
    }
    if !indicator.visible || notices.is_empty() {
        return;
    }
    let text = WidgetText::new(&indicator.font, indicator.text_size, scale.as_deref());
    let Vec2 { x, y } = indicator.margin / scale.map_or(1.0, |scale| scale.0).max(0.01);
    let screen = indicator.corner.screen(UiRect::axes(px(x), px(y)));
    let panel = Node {
        flex_direction: FlexDirection::Column,
        padding: UiRect::axes(text.px(7.0), text.px(4.0)),
        border_radius: BorderRadius::all(text.px(5.0)),
        row_gap: text.px(2.0),
        ..Node::default()
    };
    commands.spawn((IndicatorRoot, screen, passive(), GlobalZIndex(i32::MAX - 1))).with_children(
        |screen| {
            screen.spawn((panel, passive(), BackgroundColor(BACKGROUND))).with_children(|panel| {
                for notice in worst(&notices) {
                    // Not by the color alone.
                    let sign = match notice.level {
                        NoticeLevel::Info => "",
                        NoticeLevel::Warning => "! ",
                        NoticeLevel::Critical => "!! ",
                    };
                    let sentence = format!("{sign}{}", notice.sentence(&links));
                    let color = TextColor(color(notice.level));
                    panel.spawn((Text(sentence), text.font(1.0), color, passive()));
                }
            });
        },
    );
}

/// The worst notice of each player, and of them the worst [`LINES`].
fn worst(notices: &ConnectionNotices) -> Vec<LinkNotice> {
    let mut worst: Vec<LinkNotice> = Vec::new();
    for notice in notices.iter() {
        if worst.iter().all(|known| known.player != notice.player) && worst.len() < LINES {
            worst.push(*notice);
        }
    }
    worst
}

fn color(level: NoticeLevel) -> Color {
    match level {
        NoticeLevel::Info => Color::srgb(0.72, 0.80, 0.88),
        NoticeLevel::Warning => Color::srgb(1.0, 0.83, 0.30),
        NoticeLevel::Critical => Color::srgb(1.0, 0.45, 0.42),
    }
}
