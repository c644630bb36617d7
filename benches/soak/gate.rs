//! The gate that is soaked: its config, and what can be seen of it from outside.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use reqwest::Client;
use serde_json::Value;

use crate::support::{self, Outcome};

/// The token of the admin API.
const TOKEN: &str = "token-of-the-bench-for-the-admin";

/// A gate without limits on what comes in. What goes out may go faster than an account permits, because so many leads come;
/// nobody is searched for, so that leads go fifty at a time.
pub(crate) fn config(crm: &str, listen: &str) -> String {
    let usual = support::text(crm, listen);
    let fast = "requests_per_second = 1000\ntimeout = \"5s\"\nretry = [\"1s\", \"2s\", \"5s\"]";
    let usual = usual.replace("[[forms]]", &format!("{fast}\n[[forms]]"));
    let usual = usual.replace(
        "[forms.deliver.order]",
        "customer = \"none\"\n  [forms.deliver.order]",
    );
    format!("[admin]\ntoken = \"{TOKEN}\"\n{usual}")
}

/// Somebody who looks at it through the admin API.
#[derive(Clone)]
pub(crate) struct Operator {
    http: Client,
    url: String,
}

impl Operator {
    /// Looks at the gate at this address.
    pub(crate) fn new(address: SocketAddr) -> Outcome<Self> {
        Ok(Self {
            http: Client::builder().build()?,
            url: format!("http://{address}/admin/api"),
        })
    }

    /// How many leads wait.
    pub(crate) async fn waiting(&self) -> Outcome<u64> {
        let answer = self.get("destinations").await?;
        let waiting = answer["destinations"][0]["waiting"].as_u64();
        waiting.ok_or_else(|| format!("no number of waiting leads: {answer}").into())
    }

    /// The state of a lead; `None` when the gate does not know it.
    pub(crate) async fn state(&self, lead: &str) -> Outcome<Option<String>> {
        let request = self.http.get(format!("{}/leads/{lead}", self.url));
        let answer = request.bearer_auth(TOKEN).send().await?;
        if answer.status() == reqwest::StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let answer: Value = serde_json::from_slice(&answer.error_for_status()?.bytes().await?)?;
        Ok(answer["state"].as_str().map(str::to_owned))
    }

    async fn get(&self, path: &str) -> Outcome<Value> {
        let request = self.http.get(format!("{}/{path}", self.url));
        let answer = request.bearer_auth(TOKEN).send().await?;
        Ok(serde_json::from_slice(
            &answer.error_for_status()?.bytes().await?,
        )?)
    }
}

/// Open files and connections of a process.
pub(crate) fn file_descriptors(process: &str) -> io::Result<usize> {
    Ok(fs::read_dir(format!("/proc/{process}/fd"))?.count())
}

/// Bytes that files take of the disk that a process has open and that have no name any more; no directory shows them.
pub(crate) fn taken_without_name(process: &str) -> u64 {
    let files = fs::read_dir(format!("/proc/{process}/fd"));
    let files = files.into_iter().flatten().flatten();
    let bytes = files.map(|file| match fs::metadata(file.path()) {
        Ok(metadata) if metadata.is_file() && metadata.nlink() == 0 => metadata.blocks() * 512,
        _ => 0,
    });
    bytes.sum()
}

/// Bytes that a directory takes of the disk. What goes while it is looked at is not counted.
pub(crate) fn taken(directory: &Path) -> u64 {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let bytes = entries.map(|entry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => taken(&entry.path()),
        // As `du` counts.
        Ok(metadata) => metadata.blocks() * 512,
        Err(_) => 0,
    });
    bytes.sum()
}
