//! Which address gets which answer.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Deserialize;
use tokio::sync::OwnedSemaphorePermit;

use super::assets::ASSETS;
use super::drawing::Heat;
use super::shared::Shared;
use super::{events, guard, health, metrics, motion_jpeg, report};

const JSON: &str = "application/json";
const JPEG: &str = "image/jpeg";

/// Everything that can be asked for. `GET` and `HEAD` alone; there are no files and nothing is changed from here.
pub(super) fn router(shared: Arc<Shared>) -> Router {
    let mut router = Router::new()
        .route("/events", get(events))
        .route("/stream.mjpg", get(stream))
        .route("/snapshot.jpg", get(snapshot))
        .route("/defects/{picture}", get(defect))
        .route("/api/state", get(state))
        .route("/metrics", get(all_metrics))
        .route("/healthz", get(healthz));
    for asset in ASSETS {
        let answer = ([(header::CONTENT_TYPE, asset.kind)], asset.text);
        router = router.route(asset.path, get(move || async move { answer }));
    }
    router
        .fallback(|| async { (StatusCode::NOT_FOUND, "there is no such page\n") })
        .layer(middleware::from_fn_with_state(Arc::clone(&shared), guard::guard))
        .with_state(shared)
}

/// Which picture, and how.
#[derive(Debug, Deserialize)]
struct Wish {
    /// The source's name. Not needed when there is one source.
    source: Option<String>,
    /// `0` for the picture alone.
    heat: Option<String>,
}

impl Wish {
    fn heat(&self) -> Result<Heat, Refusal> {
        match self.heat.as_deref() {
            None | Some("1") => Ok(Heat::On),
            Some("0") => Ok(Heat::Off),
            Some(_) => Err(Refusal::Heat),
        }
    }

    /// The index of the source.
    fn source(&self, shared: &Shared) -> Result<usize, Refusal> {
        let names = || shared.sources.iter().map(|source| source.name.clone()).collect();
        match &self.source {
            Some(name) => {
                shared.sources.iter().position(|source| source.name == *name).ok_or_else(|| Refusal::Unknown(names()))
            }
            None if shared.sources.len() == 1 => Ok(0),
            None => Err(Refusal::Several(names())),
        }
    }
}

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("there is no such source; there are: {}", .0.join(", "))]
    Unknown(Vec<String>),
    #[error("there are several sources, add ?source= and a name: {}", .0.join(", "))]
    Several(Vec<String>),
    #[error("heat: expected 0 or 1")]
    Heat,
    #[error("there is no picture of this source yet")]
    NoPicture,
    #[error("there is no such defect, or it is no longer kept")]
    NoDefect,
    #[error("too many clients watch already")]
    NoPlace,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = match self {
            Self::Unknown(_) | Self::NoPicture | Self::NoDefect => StatusCode::NOT_FOUND,
            Self::Several(_) | Self::Heat => StatusCode::BAD_REQUEST,
            Self::NoPlace => StatusCode::SERVICE_UNAVAILABLE,
        };
        (status, format!("{self}\n")).into_response()
    }
}

/// A place for an answer that never ends.
fn endless_place(shared: &Shared) -> Result<OwnedSemaphorePermit, Refusal> {
    Arc::clone(&shared.endless).try_acquire_owned().map_err(|_| Refusal::NoPlace)
}

async fn events(State(shared): State<Arc<Shared>>) -> Result<impl IntoResponse, Refusal> {
    let place = endless_place(&shared)?;
    Ok(events::answer(shared, place))
}

async fn stream(State(shared): State<Arc<Shared>>, Query(wish): Query<Wish>) -> Result<impl IntoResponse, Refusal> {
    let (source, heat) = (wish.source(&shared)?, wish.heat()?);
    let place = endless_place(&shared)?;
    Ok(motion_jpeg::answer(shared, source, heat, place))
}

async fn snapshot(State(shared): State<Arc<Shared>>, Query(wish): Query<Wish>) -> Result<impl IntoResponse, Refusal> {
    let (source, heat) = (wish.source(&shared)?, wish.heat()?);
    let pictures = &shared.sources[source].pictures;
    pictures.watch(shared.elapsed());
    let jpeg = pictures.jpeg(heat).ok_or(Refusal::NoPicture)?;
    Ok(([("content-type", JPEG.to_owned()), ("x-frame", jpeg.frame.to_string())], jpeg.bytes))
}

async fn defect(
    State(shared): State<Arc<Shared>>,
    Path(picture): Path<String>,
    Query(wish): Query<Wish>,
) -> Result<impl IntoResponse, Refusal> {
    let heat = wish.heat()?;
    let id = picture.strip_suffix(".jpg").and_then(|id| id.parse().ok()).ok_or(Refusal::NoDefect)?;
    let jpeg = shared.sources.iter().find_map(|source| source.defects().jpeg(id, heat)).ok_or(Refusal::NoDefect)?;
    Ok(([(header::CONTENT_TYPE, JPEG)], jpeg))
}

async fn state(State(shared): State<Arc<Shared>>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, JSON)], report::whole(&shared))
}

async fn all_metrics(State(shared): State<Arc<Shared>>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, metrics::MEDIA_TYPE)], metrics::exposition(&shared))
}

async fn healthz(State(shared): State<Arc<Shared>>) -> impl IntoResponse {
    let health = health::look(&shared);
    let status = if health.healthy { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    // As with results: nothing in it can fail.
    (status, [(header::CONTENT_TYPE, JSON)], serde_json::to_string(&health).unwrap_or_default())
}
