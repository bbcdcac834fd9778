//! A web server for the files of a page.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use tokio::runtime::{Builder, Runtime};

use crate::DriverError;

/// The script that goes before everything else of a page: it makes `window.probe`.
pub const PROBE: &str = include_str!("probe.js");

/// What separates a page from other origins: only then does a browser give it a clock of microseconds.
const ISOLATION: [(HeaderName, HeaderValue); 2] = [
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("cross-origin-embedder-policy"),
        HeaderValue::from_static("require-corp"),
    ),
];

/// A folder, served on a free port of this machine.
pub struct Site {
    address: SocketAddr,
    _runtime: Runtime,
}

impl Site {
    /// Serves a folder with an `index.html`.
    ///
    /// # Errors
    ///
    /// [`DriverError::NoSite`] where there is none, [`DriverError::Io`] where the system gives no port.
    pub fn serve(folder: &Path) -> Result<Self, DriverError> {
        Self::start(folder, Router::new().fallback(file))
    }

    /// The same, isolated from other origins (COOP, COEP): clocks of its pages are finer.
    ///
    /// # Errors
    ///
    /// As [`serve`](Self::serve).
    pub fn serve_isolated(folder: &Path) -> Result<Self, DriverError> {
        Self::start(folder, Router::new().fallback(file).layer(map_response(isolated)))
    }

    fn start(folder: &Path, router: Router<PathBuf>) -> Result<Self, DriverError> {
        if !folder.join("index.html").is_file() {
            return Err(DriverError::NoSite(folder.to_owned()));
        }
        let runtime = Builder::new_multi_thread().enable_all().worker_threads(1).build()?;
        let listening = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
        let listener = runtime.block_on(listening)?;
        let address = listener.local_addr()?;
        let router = router.with_state(folder.to_owned());
        runtime.spawn(async move { axum::serve(listener, router).await });
        Ok(Self { address, _runtime: runtime })
    }

    /// The address of the page, with parameters such as `room=ABC&players=2`.
    pub fn url(&self, parameters: &str) -> String {
        format!("http://{}/?{parameters}", self.address)
    }
}

async fn isolated(mut response: Response) -> Response {
    response.headers_mut().extend(ISOLATION);
    response
}

async fn file(State(folder): State<PathBuf>, request: Request) -> Response {
    let name = match request.uri().path() {
        "/" => "index.html",
        path => path.trim_start_matches('/'),
    };
    let kind = match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript",
        Some("css") => "text/css",
        Some("wasm") => "application/wasm",
        Some("svg") => "image/svg+xml",
        Some("ttf") => "font/ttf",
        _ => "application/octet-stream",
    };
    // Names of this site have no folders above it.
    if name.split('/').any(|part| part == "..") {
        return StatusCode::NOT_FOUND.into_response();
    }
    match tokio::fs::read(folder.join(name)).await {
        Ok(bytes) if name == "index.html" => {
            let page = String::from_utf8_lossy(&bytes);
            let probed = page.replacen("<head>", &format!("<head><script>{PROBE}</script>"), 1);
            ([(header::CONTENT_TYPE, kind)], probed).into_response()
        }
        Ok(bytes) => ([(header::CONTENT_TYPE, kind)], bytes).into_response(),
        Err(_) => StatusCode::NOT_FOUND.into_response(),
    }
}
