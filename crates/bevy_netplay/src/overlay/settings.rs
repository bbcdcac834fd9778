//! [`NetplayOverlay`]: whether the overlay is shown, and how.

use bevy::prelude::*;
use bevy::text::FontSource;

/// Whether the [overlay](crate::NetplayOverlayPlugin) is shown, and how. A change takes effect at once.
///
/// ```
/// use bevy::prelude::*;
/// use bevy_netplay::{NetplayOverlay, OverlayCorner};
///
/// let overlay = NetplayOverlay {
///     key: Some(KeyCode::F1),
///     corner: OverlayCorner::TopRight,
///     font: "Noto Sans Mono".into(),
///     ..default()
/// };
/// App::new().insert_resource(overlay);
///
/// // For a button of the game: players on phones have no F3.
/// fn toggle(mut overlay: ResMut<NetplayOverlay>) {
///     overlay.visible ^= true;
/// }
/// ```
#[derive(Resource, Clone, Debug, PartialEq, Reflect)]
#[reflect(Resource, Debug, Default, PartialEq)]
pub struct NetplayOverlay {
    /// Whether it is shown. Default false; hidden, it costs nothing.
    pub visible: bool,
    /// Whether it stands still, to be looked at. The match goes on. Default false.
    pub frozen: bool,
    /// The key that shows and hides it. Default F3; none for no key.
    pub key: Option<KeyCode>,
    /// The key that freezes it, while it is shown. Default F4.
    pub freeze_key: Option<KeyCode>,
    /// The key that saves the [report](crate::session_report), while it is shown. Default F9.
    pub save_key: Option<KeyCode>,
    /// The key that switches to the next preset of [`NetplayConfig::emulate`](crate::NetplayConfig), while it is shown
    /// (feature `emulator`). Default F8.
    pub network_key: Option<KeyCode>,
    /// Where it is. Default the top left.
    pub corner: OverlayCorner,
    /// The font. Default Bevy's default font, which shows nothing without Bevy's feature `default_font`. One whose
    /// digits have the same width is steadier.
    pub font: FontSource,
    /// The size of the text, in logical pixels of the window whatever `UiScale` is: 8 to 40. Default 13.
    pub text_size: f32,
    /// The file that the report is saved to, as [`save_report`](crate::NetplayCommands::save_report) takes it. Default
    /// `netplay-report.json`.
    pub report: String,
}

impl Default for NetplayOverlay {
    fn default() -> Self {
        Self {
            visible: false,
            frozen: false,
            key: Some(KeyCode::F3),
            freeze_key: Some(KeyCode::F4),
            save_key: Some(KeyCode::F9),
            network_key: Some(KeyCode::F8),
            corner: OverlayCorner::default(),
            font: FontSource::default(),
            text_size: 13.0,
            report: "netplay-report.json".into(),
        }
    }
}

/// A corner of the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Reflect)]
#[reflect(Debug, Default, PartialEq, Hash)]
pub enum OverlayCorner {
    /// At the top, on the left.
    #[default]
    TopLeft,
    /// At the top, on the right.
    TopRight,
    /// At the bottom, on the left.
    BottomLeft,
    /// At the bottom, on the right.
    BottomRight,
}

impl OverlayCorner {
    /// A node as large as the window that has its children in this corner, this far from its edges.
    pub(crate) fn screen(self, margin: UiRect) -> Node {
        Node {
            position_type: PositionType::Absolute,
            width: percent(100),
            height: percent(100),
            padding: margin,
            justify_content: match self {
                Self::TopLeft | Self::BottomLeft => JustifyContent::Start,
                Self::TopRight | Self::BottomRight => JustifyContent::End,
            },
            align_items: match self {
                Self::TopLeft | Self::TopRight => AlignItems::Start,
                Self::BottomLeft | Self::BottomRight => AlignItems::End,
            },
            ..Node::default()
        }
    }
}

/// The text of a widget: its font and size, whatever `UiScale` is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct WidgetText {
    font: FontSource,
    size: f32,
    scale: f32,
}

impl WidgetText {
    pub(crate) fn new(font: &FontSource, size: f32, scale: Option<&UiScale>) -> Self {
        // Bevy draws nothing at a scale of 0.
        let scale = scale.map_or(1.0, |scale| scale.0).max(0.01);
        Self { font: font.clone(), size: size.clamp(8.0, 40.0), scale }
    }

    /// The font at a part of the size.
    pub(crate) fn font(&self, part: f32) -> TextFont {
        let font_size = (self.size * part / self.scale).into();
        TextFont { font: self.font.clone(), font_size, ..TextFont::default() }
    }

    /// So many logical pixels at the default size of the text.
    pub(crate) fn px(&self, pixels: f32) -> Val {
        px(pixels * self.size / 13.0 / self.scale)
    }
}
