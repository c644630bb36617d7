//! The HTTP client that all destinations share: what is set once so that nobody forgets it (time-outs, no redirects, no proxy from
//! the environment, a bound on answers), and the one question a durable gate has about a broken request: can the other side
//! have acted on it?

use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Method, redirect};
use url::Url;

use crate::delivery::Cause;
use crate::secret::Secret;

/// An answer longer than this is not read to its end.
pub const MAX_ANSWER: usize = 1024 * 1024;

/// The longest wait for a connection, TLS included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Idle connections are closed by us before the usual 60-75 s of a web server: a request that meets the server's close has an unknown
/// outcome.
const IDLE_TIMEOUT: Duration = Duration::from_secs(20);

/// A connection to any server, with one time-out for all its requests. Cheap to clone.
#[derive(Clone)]
pub struct HttpClient {
    /// The client, or why TLS could not be set up: then every request says so, and leads wait.
    inner: Result<reqwest::Client, String>,
    timeout: Duration,
}

/// One request. `form` makes it a POST of `application/x-www-form-urlencoded`, else it is a GET.
pub struct HttpRequest<'a> {
    /// The whole address, query included.
    pub url: Url,
    /// A header that carries the key; it is marked as sensitive, so that no log shows it.
    pub key: (HeaderName, &'a Secret),
    /// The body, encoded.
    pub form: Option<String>,
    /// Shorter than the client's own time-out, where a read may not take that long.
    pub timeout: Option<Duration>,
}

/// A POST of JSON to a server that is no CRM: a receiver of webhooks.
pub struct JsonPost {
    /// The whole address.
    pub url: Url,
    /// More headers; a value that no header can carry makes the request fail unsent.
    pub headers: Vec<(&'static str, String)>,
    /// The body, as it was signed.
    pub body: String,
}

/// An answer, read to its end.
#[derive(Clone, Debug)]
pub struct HttpAnswer {
    /// The status code.
    pub status: u16,
    /// `Retry-After` in seconds (its date form is not used by APIs and ignored).
    pub retry_after: Option<Duration>,
    /// The body.
    pub body: Vec<u8>,
}

/// A request without an answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// No connection: not a byte of the request was sent, so nothing can have been made.
    #[error("not sent: {detail}")]
    NotSent {
        /// What the network said.
        detail: String,
    },
    /// No complete answer in time; the server may have acted.
    #[error("no answer within {after:?}")]
    TimedOut {
        /// The time-out.
        after: Duration,
    },
    /// The connection broke under way; the server may have acted. Also when a kept connection was closed during the send.
    #[error("broken: {detail}")]
    Broken {
        /// What the network said.
        detail: String,
    },
    /// An answer came, too long to be one of an API.
    #[error("the answer with status {status} is longer than {MAX_ANSWER} bytes")]
    TooLong {
        /// Its status.
        status: u16,
    },
}

impl TransportError {
    /// Why, for people.
    pub fn cause(&self) -> Cause {
        match self {
            Self::NotSent { detail } => Cause::Unreachable {
                detail: detail.clone(),
            },
            Self::TimedOut { after } => Cause::TimedOut {
                after_s: after.as_secs_f64().ceil() as u64,
            },
            Self::Broken { detail } => Cause::ConnectionLost {
                detail: detail.clone(),
            },
            Self::TooLong { .. } => Cause::Unreadable {
                detail: self.to_string(),
            },
        }
    }

    /// The server may have acted on the request.
    pub fn may_have_arrived(&self) -> bool {
        !matches!(self, Self::NotSent { .. })
    }
}

impl HttpClient {
    /// A client whose requests take at most `timeout`, connect to last byte.
    pub fn new(timeout: Duration) -> Self {
        // Ignored when it is installed already: the provider is one per process, and it is always this one.
        drop(rustls::crypto::ring::default_provider().install_default());
        let inner = reqwest::Client::builder()
            .user_agent(concat!("leadgate/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .no_proxy()
            .timeout(timeout)
            // A little under the whole, so that a connection that never comes is told from an answer that never comes.
            .connect_timeout(CONNECT_TIMEOUT.min(timeout.mul_f64(0.8)))
            .pool_idle_timeout(IDLE_TIMEOUT)
            .build()
            .map_err(|error| innermost(&error));
        Self { inner, timeout }
    }

    /// Sends a request and reads the answer.
    pub async fn send(&self, request: HttpRequest<'_>) -> Result<HttpAnswer, TransportError> {
        let client = self.client()?;
        let timeout = request.timeout.unwrap_or(self.timeout).min(self.timeout);
        let method = if request.form.is_some() {
            Method::POST
        } else {
            Method::GET
        };
        let mut builder = client
            .request(method, request.url)
            .headers(headers(&request.key)?)
            .timeout(timeout);
        if let Some(form) = request.form {
            builder = builder
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(form);
        }
        exchange(builder, timeout).await
    }

    /// Sends JSON and reads the answer.
    pub async fn post_json(&self, post: JsonPost) -> Result<HttpAnswer, TransportError> {
        let mut builder = self.client()?.post(post.url);
        for (name, value) in &post.headers {
            builder = builder.header(*name, value);
        }
        let builder = builder
            .header(CONTENT_TYPE, "application/json")
            .body(post.body);
        exchange(builder, self.timeout).await
    }

    fn client(&self) -> Result<&reqwest::Client, TransportError> {
        self.inner
            .as_ref()
            .map_err(|detail| TransportError::NotSent {
                detail: detail.clone(),
            })
    }
}

async fn exchange(
    request: reqwest::RequestBuilder,
    timeout: Duration,
) -> Result<HttpAnswer, TransportError> {
    let mut response = request
        .send()
        .await
        .map_err(|error| classify(&error, timeout))?;
    let status = response.status().as_u16();
    let retry_after = retry_after(response.headers());
    let mut body = Vec::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| classify(&error, timeout))?
    {
        if body.len() + chunk.len() > MAX_ANSWER {
            return Err(TransportError::TooLong { status });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(HttpAnswer {
        status,
        retry_after,
        body,
    })
}

fn headers((name, key): &(HeaderName, &Secret)) -> Result<HeaderMap, TransportError> {
    let mut value =
        HeaderValue::from_str(key.reveal()).map_err(|_invalid| TransportError::NotSent {
            detail: "the API key holds characters that no header can carry".to_owned(),
        })?;
    value.set_sensitive(true);
    let mut headers = HeaderMap::new();
    headers.insert(name.clone(), value);
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    Ok(headers)
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers
        .get(RETRY_AFTER)?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()?;
    Some(Duration::from_secs(seconds))
}

fn classify(error: &reqwest::Error, timeout: Duration) -> TransportError {
    if error.is_connect() || error.is_dns() || error.is_builder() {
        TransportError::NotSent {
            detail: innermost(error),
        }
    } else if error.is_timeout() {
        TransportError::TimedOut { after: timeout }
    } else {
        TransportError::Broken {
            detail: innermost(error),
        }
    }
}

/// The last cause of the chain: the outer ones quote the whole address.
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// A server that reads one request, says `answer` and closes.
    async fn server(answer: Option<Vec<u8>>) -> Url {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
        let url = format!("http://{}/", listener.local_addr().expect("address"))
            .parse()
            .expect("url");
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("accepted");
            let mut request = [0; 4096];
            let _read = stream.read(&mut request).await.expect("read");
            match answer {
                Some(answer) => drop(stream.write_all(&answer).await),
                None => std::future::pending().await,
            }
        });
        url
    }

    async fn post(url: Url, timeout: Duration) -> Result<HttpAnswer, TransportError> {
        let key = Secret::new("k");
        let header = HeaderName::from_static("x-api-key");
        let request = HttpRequest {
            url,
            key: (header, &key),
            form: Some("a=1".into()),
            timeout: None,
        };
        HttpClient::new(timeout).send(request).await
    }

    #[tokio::test]
    async fn a_refused_connection_is_certainly_not_sent() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
        let url = format!("http://{}/", listener.local_addr().expect("address"))
            .parse()
            .expect("url");
        drop(listener);
        let error = post(url, Duration::from_secs(5))
            .await
            .expect_err("refused");
        assert!(matches!(error, TransportError::NotSent { .. }), "{error:?}");
        assert!(!error.may_have_arrived());
    }

    #[tokio::test]
    async fn a_name_that_does_not_exist_is_certainly_not_sent() {
        let url = "http://no-such-host.invalid/".parse().expect("url");
        let error = post(url, Duration::from_secs(5))
            .await
            .expect_err("no such host");
        assert!(matches!(error, TransportError::NotSent { .. }), "{error:?}");
    }

    #[tokio::test]
    async fn a_server_without_tls_is_certainly_not_sent() {
        let mut url = server(Some(b"HTTP/1.1 400 Bad\r\n\r\n".to_vec())).await;
        url.set_scheme("https").expect("scheme");
        let error = post(url, Duration::from_secs(5)).await.expect_err("no TLS");
        assert!(matches!(error, TransportError::NotSent { .. }), "{error:?}");
    }

    #[tokio::test]
    async fn a_silent_server_may_have_acted() {
        let error = post(server(None).await, Duration::from_millis(300))
            .await
            .expect_err("silent");
        assert_eq!(
            error,
            TransportError::TimedOut {
                after: Duration::from_millis(300)
            }
        );
        assert_eq!(error.cause(), Cause::TimedOut { after_s: 1 });
        assert!(error.may_have_arrived());
    }

    #[tokio::test]
    async fn a_connection_that_breaks_in_the_answer_may_have_acted() {
        let half = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf".to_vec();
        let error = post(server(Some(half)).await, Duration::from_secs(5))
            .await
            .expect_err("broken");
        assert!(matches!(error, TransportError::Broken { .. }), "{error:?}");
        let error = post(server(Some(Vec::new())).await, Duration::from_secs(5))
            .await
            .expect_err("closed");
        assert!(matches!(error, TransportError::Broken { .. }), "{error:?}");
    }

    #[tokio::test]
    async fn an_endless_answer_is_cut_off() {
        let mut long = format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n",
            MAX_ANSWER + 1
        )
        .into_bytes();
        long.resize(long.len() + MAX_ANSWER + 1, b'x');
        let error = post(server(Some(long)).await, Duration::from_secs(20))
            .await
            .expect_err("too long");
        assert_eq!(error, TransportError::TooLong { status: 200 });
    }

    #[tokio::test]
    async fn a_redirect_is_an_answer_and_is_not_followed() {
        let answer = b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n";
        let answer = post(server(Some(answer.to_vec())).await, Duration::from_secs(5))
            .await
            .expect("answered");
        assert_eq!(
            (answer.status, answer.retry_after),
            (302, Some(Duration::from_secs(7)))
        );
    }
}
