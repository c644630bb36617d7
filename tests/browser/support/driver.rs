//! ChromeDriver as a process of the test's own.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// How to get what a test lacks.
const REMEDY: &str =
    "the browser tests need Chromium and ChromeDriver: apt-get install -y chromium chromium-driver";

/// One ChromeDriver; ends with the value, and its browser with it.
pub(crate) struct ChromeDriver {
    process: Child,
    url: String,
}

impl ChromeDriver {
    /// Starts it on a port that it chooses and tells.
    pub(crate) fn start() -> Self {
        let process = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut process =
            process.unwrap_or_else(|error| panic!("{REMEDY} (chromedriver: {error})"));
        let output = process.stdout.take().expect("its output");
        let port = BufReader::new(output)
            .lines()
            .map_while(Result::ok)
            .find_map(|line| {
                let (_, port) = line.split_once("started successfully on port ")?;
                port.trim_end_matches('.').parse::<u16>().ok()
            });
        Self {
            url: format!(
                "http://127.0.0.1:{}",
                port.unwrap_or_else(|| panic!("chromedriver ended before it listened"))
            ),
            process,
        }
    }

    /// Where it listens.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// What to say when it could not start a browser.
    pub(crate) fn remedy() -> &'static str {
        REMEDY
    }
}

impl Drop for ChromeDriver {
    fn drop(&mut self) {
        super::gate::terminate(&mut self.process);
    }
}
