//! QR codes, for invitations.

use qrcodegen::{QrCode, QrCodeEcc};
use wasm_bindgen::JsValue;

/// The QR code of a text: one byte for each module, 1 where it is dark, row by row from the top left. It is a square, and
/// has no quiet zone: the page must leave one of four modules around it. It can be read with 15 % of it covered (level M).
///
/// # Errors
///
/// A sentence where the text is longer than a QR code can be: 2,331 bytes.
pub fn qr(text: &str) -> Result<Vec<u8>, JsValue> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).map_err(super::options::sentence)?;
    let side = 0..code.size();
    let rows = side.clone().flat_map(|y| side.clone().map(move |x| (x, y)));
    Ok(rows.map(|(x, y)| code.get_module(x, y).into()).collect())
}
