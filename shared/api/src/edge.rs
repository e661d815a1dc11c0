//! Routes, and the way of a request through its checks.

use std::time::{Duration, Instant};

use billing::error::Failure;
use billing::id::SiteId;
use billing::site::{ApiKey, Scope, Site};
use billing::time::Timestamp;
use lambda_http::http::Method;
use lambda_http::request::RequestContext;
use lambda_http::{Body, Request, RequestExt, Response};
use tokio::time::timeout;
use tracing::Instrument;

use crate::api_key::{key_sha256, presented_key, same_digest};
use crate::call::{Call, Params};
use crate::media_type::MediaType;
use crate::problem::{Kind, Problem, fault};
use crate::query::Query;

/// How long an invocation may take where its context does not say: what the template gives the functions.
const USUAL_TIME: Duration = Duration::from_secs(20);

/// How long before an invocation is ended its answer is given up, so that there is one all the same.
const FOR_THE_ANSWER: Duration = Duration::from_millis(500);

/// Who may call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everyone, without a key.
    Anyone,
    /// The holder of the root key.
    Root,
    /// The holder of a site's key with this scope.
    Scope(Scope),
}

#[derive(Clone, Copy, Debug)]
struct Route<R> {
    method: &'static str,
    path: &'static str,
    access: Access,
    route: R,
}

/// The routes of a function.
#[derive(Clone, Debug)]
pub struct Edge<R> {
    routes: Vec<Route<R>>,
}

impl<R: Copy> Edge<R> {
    /// Returns the edge of the routes: method, path such as `/v1/customers/{id}`, who may, and what it leads to.
    ///
    /// Where two paths match, the first one counts.
    pub fn new(routes: &[(&'static str, &'static str, Access, R)]) -> Edge<R> {
        let routes = routes.iter().map(|&(method, path, access, route)| Route { method, path, access, route });
        Edge { routes: routes.collect() }
    }

    fn find(&self, method: &Method, path: &str) -> Result<(Route<R>, Params), Problem> {
        let mut methods = Vec::new();
        for route in &self.routes {
            if let Some(params) = match_path(route.path, path) {
                if route.method == method.as_str() {
                    return Ok((*route, params));
                }
                methods.push(route.method);
            }
        }
        if methods.is_empty() {
            return Err(Problem::new(Kind::NotFound, "there is no such path"));
        }
        Err(Problem::new(Kind::MethodNotAllowed, format!("the path knows {}", methods.join(", "))))
    }
}

/// Returns what the path has in place of each `{name}` of the pattern; `None` where they differ elsewhere.
fn match_path(pattern: &'static str, path: &str) -> Option<Params> {
    let mut params = Vec::new();
    let mut segments = path.split('/');
    for expected in pattern.split('/') {
        let segment = segments.next()?;
        match expected.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            Some(_) if segment.is_empty() => return None,
            Some(name) => params.push((name, segment.to_owned())),
            None if expected != segment => return None,
            None => {}
        }
    }
    segments.next().is_none().then_some(params)
}

/// Takes a request through the checks and hands it to `handle`.
///
/// In order: the route (404, 405), the size of the body (413), the key (401), what it may do (403), the query string
/// (400). `lookup` gets the SHA-256 of the key. A problem is answered with the path as `instance` and the request's id, which
/// the log's lines have too: one for each request, and those of what goes wrong on the way.
///
/// Each closure hands out a future of its own (`|call| answer(deps, call)`) and not one that borrows from the closure,
/// or the whole would not be `Send` to a runtime.
pub async fn serve<R: Copy, E: Failure, Found, Answered>(
    edge: &Edge<R>,
    event: Request,
    now: Timestamp,
    root_key_sha256: Option<&str>,
    lookup: impl Fn(String) -> Found,
    handle: impl Fn(Call<R>) -> Answered,
) -> Response<Body>
where
    Found: Future<Output = Result<Option<(ApiKey, Site)>, E>>,
    Answered: Future<Output = Result<Response<Body>, Problem>>,
{
    let begun = Instant::now();
    let path = event.raw_http_path();
    let path = if path.is_empty() { event.uri().path() } else { path }.to_owned();
    let request_id = request_id(&event);
    let (ends, time_left) = match time_left(&event, now) {
        Some(time_left) => (true, time_left),
        None => (false, USUAL_TIME),
    };
    let span = tracing::info_span!("request", request_id);
    let mut entry = Entry::default();
    let answer = async {
        let (route, params) = edge.find(event.method(), &path)?;
        entry.route = Some((route.method, route.path));
        let (parts, body) = event.into_parts();
        // What is of no type that is read may be as long as JSON, and is told its type by whoever reads it.
        let longest = MediaType::declared(&parts.headers).unwrap_or(MediaType::Json).longest_body();
        if body.len() > longest {
            return Err(Problem::new(Kind::TooLarge, format!("a body of this type has at most {longest} bytes")));
        }
        let digest = || presented_key(&parts.headers).map(|key| key_sha256(&key)).ok_or_else(unauthorized);
        let site = match route.access {
            Access::Anyone => None,
            Access::Root => {
                let digest = digest()?;
                root_key_sha256.filter(|root| same_digest(root, &digest)).ok_or_else(unauthorized)?;
                None
            }
            Access::Scope(scope) => {
                let found = lookup(digest()?).await.map_err(fault)?;
                // A key expires in real time, also where the site's own clock stands still.
                let (key, site) = found.filter(|(key, _)| key.is_valid(now)).ok_or_else(unauthorized)?;
                if !key.allows(scope, now) {
                    return Err(Problem::new(Kind::Forbidden, "the API key does not have the scope for this"));
                }
                Some(site)
            }
        };
        entry.site_id = site.as_ref().map(|site| site.id.clone());
        let query = Query::read(parts.uri.query().unwrap_or_default())?;
        let site_now = site.as_ref().map_or(now, |site| site.now(now));
        let Route { route, .. } = route;
        let headers = parts.headers;
        let answer =
            handle(Call { route, site, now: site_now, real_now: now, time_left, params, query, headers, body });
        match ends {
            true => {
                timeout(time_left.saturating_sub(FOR_THE_ANSWER), answer).await.unwrap_or_else(|_| Err(out_of_time()))
            }
            false => answer.await,
        }
    };
    let answer = answer.instrument(span.clone()).await;
    let response = answer.unwrap_or_else(|problem| {
        entry.problem = Some(problem.kind().type_uri());
        let problem = problem.with("instance", path.into());
        request_id.into_iter().fold(problem, |problem, id| problem.with("request_id", id.into())).to_response()
    });
    span.in_scope(|| entry.log(response.status().as_u16(), begun.elapsed()));
    response
}

/// What the log says of a request: the route, but nothing of what the caller wrote into path, query, headers or body.
#[derive(Default)]
struct Entry {
    route: Option<(&'static str, &'static str)>,
    site_id: Option<SiteId>,
    problem: Option<&'static str>,
}

impl Entry {
    fn log(&self, status: u16, duration: Duration) {
        let (method, route) = self.route.unzip();
        let (site_id, problem) = (self.site_id.as_ref().map(SiteId::as_str), self.problem);
        let duration_ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        tracing::info!(method, route, status, duration_ms, site_id, problem, "answered");
    }
}

fn unauthorized() -> Problem {
    Problem::new(Kind::Unauthorized, "send a valid API key as Authorization: Bearer <key>")
}

fn out_of_time() -> Problem {
    let detail = "the time of a call was not enough, such as for very much usage; what was done by then stays done";
    Problem::new(Kind::Unavailable, detail)
}

/// The time until the invocation is ended; `None` where nothing ends it, as where an emulator names a deadline that has
/// passed.
fn time_left(event: &Request, now: Timestamp) -> Option<Duration> {
    let deadline = event.lambda_context_ref().map_or(0, |context| context.deadline);
    let left = deadline.saturating_sub(u64::try_from(now.millis()).unwrap_or_default());
    (left > 0).then_some(Duration::from_millis(left))
}

fn request_id(event: &Request) -> Option<String> {
    let gateway = match event.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => context.request_id.clone(),
        _ => None,
    };
    gateway.or_else(|| event.lambda_context_ref().map(|context| context.request_id.clone()))
}

#[cfg(test)]
mod tests;
