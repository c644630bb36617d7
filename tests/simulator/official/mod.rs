//! `leadgate simulate-crm` asked by RetailCRM's own Python client: whoever else knows the wire finds it as RetailCRM has it, so the simulator
//! is not shaped to our own client. `tests/python/install` puts the client into `target/python`.

mod account;
mod customers;
mod orders;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use leadgate::simulator::DEMO_API_KEY;
use serde_json::{Value, json};

/// What the client made of an answer.
#[derive(Debug)]
struct Told {
    status: u64,
    is_successful: bool,
    body: Value,
    /// Of a failure: the client's `get_error_msg()`.
    error: Value,
    /// Of a failure: the client's `get_errors()`.
    errors: Value,
}

impl Told {
    /// The body of a success with this status.
    fn good(self, status: u64) -> Value {
        assert!(self.is_successful && self.status == status, "{self:?}");
        assert_eq!(self.body["success"], true, "{self:?}");
        self.body
    }

    /// The summary and the complaints of a refusal with this status.
    fn refused(self, status: u64) -> (String, Value) {
        assert!(!self.is_successful && self.status == status, "{self:?}");
        assert_eq!(self.body["success"], false, "{self:?}");
        let error = self.error.as_str().unwrap().to_owned();
        (error, self.errors)
    }
}

/// A child process that ends with the test.
struct Ending(Child);

impl Drop for Ending {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// The executable's simulated CRM.
struct Simulated {
    url: String,
    /// What it says at the start goes here; it must not find the other end closed.
    _output: BufReader<ChildStdout>,
    _process: Ending,
}

impl Simulated {
    fn start() -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_leadgate"))
            .args(["simulate-crm", "--listen", "127.0.0.1:0"])
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let process = Ending(process);
        output.read_line(&mut line).unwrap();
        let url = line.split_whitespace().last().unwrap().to_owned();
        assert!(url.starts_with("http://127.0.0.1:"), "{line}");
        Self {
            url,
            _output: output,
            _process: process,
        }
    }

    /// Without a rate limit: the client does not keep to any.
    fn without_limit() -> Self {
        Self::with_limit(0)
    }

    fn with_limit(requests_per_second: u32) -> Self {
        let crm = Self::start();
        let body = json!({ "requests_per_second": requests_per_second }).to_string();
        let mut control = TcpStream::connect(crm.url.trim_start_matches("http://")).unwrap();
        write!(
            control,
            "POST /_control/account HTTP/1.1\r\nHost: crm\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        control.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        crm
    }

    /// The client with the key of the demo account.
    fn client(&self) -> Official {
        Official::start(&[&self.url, DEMO_API_KEY])
    }
}

/// The client in its own process.
struct Official {
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    _process: Ending,
}

impl Official {
    fn start(arguments: &[&str]) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/call.py");
        let mut process = Command::new(python())
            .arg(script)
            .args(arguments)
            .env("PYTHONIOENCODING", "utf-8")
            .env("NO_PROXY", "127.0.0.1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            input: process.stdin.take().unwrap(),
            output: BufReader::new(process.stdout.take().unwrap()),
            _process: Ending(process),
        }
    }

    /// Calls a method of the client and waits for its end.
    fn call(&mut self, method: &str, arguments: Value) -> Told {
        let call = json!({"method": method, "arguments": arguments});
        writeln!(self.input, "{call}").unwrap();
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        assert!(!line.is_empty(), "the client broke off in {method}");
        let told: Value = serde_json::from_str(&line).unwrap();
        Told {
            status: told["status"].as_u64().unwrap(),
            is_successful: told["is_successful"].as_bool().unwrap(),
            body: told["body"].clone(),
            error: told["error"].clone(),
            errors: told["errors"].clone(),
        }
    }
}

/// The Python that has the client; it is installed when it is missing.
fn python() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let environment = target.join("python");
    let install = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/install");
    let output = Command::new("flock")
        .arg(target.join("python.lock"))
        .arg(install)
        .arg(&environment)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "RetailCRM's Python client is not there and cannot be installed:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    environment.join("bin/python")
}
