//! The nodes of the overlay: they are spawned when it is shown, and despawned when it is hidden.

use bevy::prelude::*;
use bevy::ui::FocusPolicy;
use bevy_picking::Pickable;
use netplay_protocol::limits::MAX_PLAYERS;

use super::buttons::{Action, Label};
use super::graph::{HEIGHT, Mark};
use super::graphs::Graphs;
use super::text::{COLUMNS, Name, Part};
use super::{NetplayOverlay, OverlayCorner, WidgetText};

/// How wide it is where there is room, in logical pixels.
const MAX_WIDTH: f32 = 440.0;

const BACKGROUND: Color = Color::srgba(0.02, 0.03, 0.05, 0.94);
/// Behind the titles of graphs, which are over the bars.
const TITLE: Color = Color::srgba(0.02, 0.03, 0.05, 0.75);
const TEXT: Color = Color::srgb(0.93, 0.95, 0.97);
const FAINT: Color = Color::srgb(0.66, 0.71, 0.76);
const BUTTON: Color = Color::srgba(0.30, 0.36, 0.44, 0.9);

/// The root of all nodes.
#[derive(Component)]
pub(super) struct OverlayRoot;

/// What the nodes were made for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Look {
    corner: OverlayCorner,
    text: WidgetText,
}

/// A run condition: the nodes may be others than what the settings say.
pub(super) fn is_due(overlay: Res<NetplayOverlay>, scale: Option<Res<UiScale>>) -> bool {
    overlay.is_changed() || (overlay.visible && scale.is_some_and(|scale| scale.is_changed()))
}

/// Spawns and despawns the nodes.
pub(super) fn update(
    mut commands: Commands,
    overlay: Res<NetplayOverlay>,
    scale: Option<Res<UiScale>>,
    images: Option<ResMut<Assets<Image>>>,
    mut graphs: ResMut<Graphs>,
    roots: Query<Entity, With<OverlayRoot>>,
    mut shown: Local<Option<Look>>,
) {
    let text = WidgetText::new(&overlay.font, overlay.text_size, scale.as_deref());
    let wanted = overlay.visible.then_some(Look { corner: overlay.corner, text });
    if *shown == wanted {
        return;
    }
    for root in &roots {
        commands.entity(root).despawn();
    }
    graphs.end();
    if let Some(look) = &wanted {
        let image = images.map(|mut images| graphs.begin(&mut images)).unwrap_or_default();
        spawn(&mut commands, look, image);
    }
    *shown = wanted;
}

fn spawn(commands: &mut Commands, look: &Look, image: Handle<Image>) {
    let text = &look.text;
    let column = |row_gap: f32| Node {
        flex_direction: FlexDirection::Column,
        row_gap: text.px(row_gap),
        ..Node::default()
    };
    let panel = Node {
        width: percent(100),
        max_width: text.px(MAX_WIDTH),
        padding: UiRect::all(text.px(6.0)),
        ..column(5.0)
    };
    let screen = look.corner.screen(UiRect::all(text.px(4.0)));
    let root = (OverlayRoot, screen, passive(), GlobalZIndex(i32::MAX));
    commands.spawn(root).with_children(|screen| {
        screen.spawn((panel, passive(), BackgroundColor(BACKGROUND))).with_children(|panel| {
            panel.spawn(words(text, 1.0, TEXT, "")).insert(Part::Summary);
            table(panel, text);
            graph(panel, text, image);
            row(panel, text, |legend| {
                for mark in Mark::ALL {
                    let [red, green, blue, _] = mark.pixel();
                    legend.spawn(words(text, 0.85, Color::srgb_u8(red, green, blue), mark.name()));
                }
            });
            row(panel, text, |buttons| {
                for action in Action::ALL {
                    button(buttons, text, action);
                }
            });
            panel.spawn(words(text, 0.85, FAINT, "")).insert(Label::Status);
        });
    });
}

/// The rows of the peers.
fn table(panel: &mut ChildSpawnerCommands, text: &WidgetText) {
    row(panel, text, |table| {
        table.spawn(words(text, 1.0, FAINT, "peer")).with_children(|names| {
            for row in 0..usize::from(MAX_PLAYERS) {
                names.spawn((Name(row), TextSpan::default(), text.font(1.0), TextColor(TEXT)));
            }
        });
        for column in 0..COLUMNS.len() {
            let right = TextLayout::justify(Justify::Right);
            table.spawn(words(text, 1.0, TEXT, "")).insert((Part::Cells(column), right));
        }
    });
}

/// The picture, with what it shows.
fn graph(panel: &mut ChildSpawnerCommands, text: &WidgetText, image: Handle<Image>) {
    let node = Node { width: percent(100), height: text.px(HEIGHT as f32), ..Node::default() };
    let image = ImageNode { image, image_mode: NodeImageMode::Stretch, ..ImageNode::default() };
    panel.spawn((node, image, passive())).with_children(|graph| {
        let title = |top: f32| Node {
            position_type: PositionType::Absolute,
            padding: UiRect::horizontal(text.px(2.0)),
            top: text.px(top),
            ..Node::default()
        };
        for (top, what) in
            [(0.0, "rollback depth; red: stall"), (56.0, "resimulation; line: a frame")]
        {
            let title = (title(top), BackgroundColor(TITLE));
            graph.spawn(words(text, 0.8, TEXT, what)).insert(title);
        }
    });
}

fn row(
    panel: &mut ChildSpawnerCommands,
    text: &WidgetText,
    children: impl FnOnce(&mut ChildSpawnerCommands),
) {
    let node = Node {
        justify_content: JustifyContent::SpaceBetween,
        flex_wrap: FlexWrap::Wrap,
        column_gap: text.px(6.0),
        row_gap: text.px(4.0),
        ..Node::default()
    };
    panel.spawn((node, passive())).with_children(children);
}

fn button(buttons: &mut ChildSpawnerCommands, text: &WidgetText, action: Action) {
    let node = Node {
        flex_grow: 1.0,
        min_height: text.px(34.0),
        padding: UiRect::horizontal(text.px(6.0)),
        justify_content: JustifyContent::Center,
        align_items: AlignItems::Center,
        border_radius: BorderRadius::all(text.px(4.0)),
        ..Node::default()
    };
    buttons.spawn((Button, action, node, BackgroundColor(BUTTON))).with_children(|button| {
        button.spawn(words(text, 0.9, TEXT, "")).insert(Label::Button(action));
    });
}

/// A text.
fn words(text: &WidgetText, part: f32, color: Color, words: &str) -> impl Bundle + use<> {
    (Node::default(), Text::new(words), text.font(part), TextColor(color), passive())
}

/// A node that no click and no pointer stops at.
pub(crate) fn passive() -> (Pickable, FocusPolicy) {
    (Pickable::IGNORE, FocusPolicy::Pass)
}
