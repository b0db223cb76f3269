//! The pages that people see: the dashboard under `/app/`, the support pages, and the elements that
//! other sites embed. Static files, read once at the start; what they show comes from the API.

mod answer;
mod folder;
mod policy;
pub(crate) mod settings;
mod told;

use std::sync::Arc;

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};

pub(crate) use self::folder::FolderError;

use self::answer::Kept;
use self::folder::Folder;
use self::policy::Policies;
use self::settings::WebConfig;
use crate::auth::settings::JwtConfig;
use crate::entity_tag;
use crate::problem::ApiError;
use crate::providers::Providers;

/// Where the elements are, which pages of any site load.
pub(crate) const ELEMENTS: &str = "/elements/";

/// The support pages, each under its own address.
const SUPPORT_PAGES: [&str; 4] = [
    "/support",
    "/support/thank-you",
    "/supporters",
    "/settings/contributions",
];

/// Everything that is served, and what is said with it.
#[derive(Debug)]
pub(crate) struct Site {
    folder: Folder,
    policies: Policies,
    /// What the pages are told, as JSON.
    told: Vec<u8>,
}

type Asked = Result<Path<String>, PathRejection>;

impl Site {
    /// None where no pages are served.
    pub(crate) fn open(
        web: &WebConfig,
        jwt: &JwtConfig,
        providers: &Providers,
    ) -> Result<Option<Self>, FolderError> {
        let Some(dir) = &web.dir else {
            return Ok(None);
        };
        let has_stripe = providers
            .iter()
            .any(|provider| provider.publishable_key().is_some());
        Ok(Some(Self {
            folder: Folder::read(dir, &SUPPORT_PAGES)?,
            policies: Policies::new(has_stripe, web),
            told: told::json(web, jwt, has_stripe)?,
        }))
    }

    /// A page of the dashboard, whose own router knows which: what is no file is the dashboard itself. But
    /// a part of it that is not there is said to be missing, since a browser would take a page for a script.
    fn app(&self, path: &str, asked: &HeaderMap) -> Result<Response, ApiError> {
        let name = format!("app/{path}");
        let file = self.folder.find(&name);
        let file = match file {
            None if folder::is_asset(&name) => return Err(ApiError::NotFound),
            None => self.folder.find("app/index.html"),
            found => found,
        };
        let file = file.ok_or(ApiError::NotFound)?;
        let mut response = answer::file(file, asked, Kept::of(&name));
        self.policies.app(response.headers_mut());
        Ok(response)
    }

    fn support_page(&self, path: &str, asked: &HeaderMap) -> Result<Response, ApiError> {
        let name = format!("pages{path}/index.html");
        let file = self.folder.find(&name).ok_or(ApiError::NotFound)?;
        let mut response = answer::file(file, asked, Kept::AskedEachTime);
        self.policies.support(response.headers_mut());
        Ok(response)
    }

    /// A file below one of the folders, for any page.
    fn part(&self, folder: &str, path: &str, asked: &HeaderMap) -> Result<Response, ApiError> {
        let name = format!("{folder}/{path}");
        let file = self.folder.find(&name).ok_or(ApiError::NotFound)?;
        Ok(answer::file(file, asked, Kept::of(&name)))
    }
}

/// Outside of the rate limits of the API, and of the places of its requests: nothing but memory is asked.
pub(crate) fn routes<S>(site: Option<Site>) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    let Some(site) = site else {
        return Router::new();
    };
    let mut routes = Router::new()
        .route("/app", get(async |uri: Uri| moved("/app/", &uri)))
        .route("/app/", get(dashboard))
        .route("/app/config.json", get(config_json))
        .route("/app/{*path}", get(app))
        .route("/elements/{*path}", get(elements))
        .route("/support/assets/{*path}", get(part_of_a_page));
    for path in SUPPORT_PAGES {
        routes = routes.route(path, support(path)).route(
            &format!("{path}/"),
            get(async move |uri: Uri| moved(path, &uri)),
        );
    }
    routes.with_state(Arc::new(site))
}

async fn dashboard(State(site): State<Arc<Site>>, asked: HeaderMap) -> Result<Response, ApiError> {
    site.app("", &asked)
}

async fn app(
    State(site): State<Arc<Site>>,
    path: Asked,
    asked: HeaderMap,
) -> Result<Response, ApiError> {
    let Path(path) = path.map_err(|_no_text| ApiError::NotFound)?;
    site.app(&path, &asked)
}

async fn config_json(
    State(site): State<Arc<Site>>,
    asked: HeaderMap,
) -> Result<Response, ApiError> {
    let cache_control = entity_tag::ASKED_EACH_TIME;
    entity_tag::answer(&asked, "application/json", cache_control, site.told.clone())
}

/// Any site may load them: a module of another origin comes only where it is said that it may.
async fn elements(
    State(site): State<Arc<Site>>,
    path: Asked,
    asked: HeaderMap,
) -> Result<Response, ApiError> {
    let Path(path) = path.map_err(|_no_text| ApiError::NotFound)?;
    let mut response = site.part("elements", &path, &asked)?;
    let headers = response.headers_mut();
    let any = HeaderValue::from_static("*");
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, any);
    Ok(response)
}

async fn part_of_a_page(
    State(site): State<Arc<Site>>,
    path: Asked,
    asked: HeaderMap,
) -> Result<Response, ApiError> {
    let Path(path) = path.map_err(|_no_text| ApiError::NotFound)?;
    site.part("pages/support/assets", &path, &asked)
}

fn support(path: &'static str) -> MethodRouter<Arc<Site>> {
    get(
        async move |State(site): State<Arc<Site>>, asked: HeaderMap| {
            site.support_page(path, &asked)
        },
    )
}

/// To the one address of a page, with what was asked of it.
fn moved(path: &str, uri: &Uri) -> Response {
    let query = uri.query().map(|query| format!("?{query}"));
    let location = format!("{path}{}", query.unwrap_or_default());
    (
        StatusCode::PERMANENT_REDIRECT,
        [(header::LOCATION, location)],
    )
        .into_response()
}
