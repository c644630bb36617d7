//! The executable under strace: what it asks of the kernel, in which order, and what happens when the kernel refuses.
//!
//! The order of the lines is the order of the events: strace stops a thread at the entry and at the exit of a call until it has written about it.

use std::fs;
use std::process::{Command, Stdio};

use crate::gate::{LEADGATE, PATIENCE, Process};
use crate::home::Home;

/// Whether there is a strace that may trace; else says that the test is left out.
pub(crate) fn is_there() -> bool {
    let works = Command::new("strace")
        .args(["-qq", "-o", "/dev/null", "true"])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !works {
        println!("left out: strace is not installed, or may not trace here");
    }
    works
}

/// `leadgate serve` with these options of strace. The tracer stands aside (`-D`), so signals go to the gate itself.
pub(crate) fn serve(home: &Home, options: &[&str]) -> Process {
    let mut command = strace(home, &["-D"]);
    command.args(options).arg(LEADGATE);
    home.add_arguments(&mut command);
    Process::start(&mut command)
}

/// Traces a gate that runs, from now on. Returns when every thread of it is traced.
pub(crate) async fn attach(home: &Home, gate: &Process, options: &[&str]) -> Process {
    let mut command = strace(home, &["-p", &gate.id().to_string()]);
    let tracer = Process::start(command.args(options));
    let attached = tracer.log.line_from(0, "attached", PATIENCE).await;
    attached.expect("strace may trace it");
    tracer
}

fn strace(home: &Home, options: &[&str]) -> Command {
    let mut command = Command::new("strace");
    command
        .args(["-f", "-y", "-xx", "-s", "1000000"])
        .arg("-o")
        .arg(home.path("trace"))
        .args(options);
    command
}

/// A system call. Its beginning and its end are numbers of lines.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) name: String,
    pub(crate) thread: u32,
    /// The path behind its first argument, if that is a file of a name.
    pub(crate) path: String,
    /// The first text it was given: a path, in calls that take one.
    pub(crate) text: String,
    /// All bytes it was given.
    pub(crate) data: Vec<u8>,
    pub(crate) begun: usize,
    /// Where it returned, and whether without an error; `None` while it is under way.
    pub(crate) ended: Option<(usize, bool)>,
}

impl Call {
    /// Whether its bytes hold this text.
    pub(crate) fn holds(&self, text: &str) -> bool {
        let text = text.as_bytes();
        self.data.windows(text.len()).any(|window| window == text)
    }

    /// Whether it returned without an error before this line.
    pub(crate) fn succeeded_before(&self, line: usize) -> bool {
        self.ended
            .is_some_and(|(end, is_good)| is_good && end < line)
    }
}

/// What a gate that has ended did, in the order in which the calls began. Waits for the tracer to write it down.
pub(crate) async fn calls(home: &Home, process: &Process) -> Vec<Call> {
    process.ended().await;
    // The tracer has the error stream too.
    process.log.end(PATIENCE).await;
    parse(&fs::read_to_string(home.path("trace")).expect("a trace"))
}

fn parse(trace: &str) -> Vec<Call> {
    let mut calls: Vec<Call> = Vec::new();
    let mut under_way = std::collections::HashMap::<&str, usize>::new();
    for (number, line) in trace.lines().enumerate() {
        let Some((thread, event)) = line.split_once(' ') else {
            continue;
        };
        let event = event.trim_start();
        if event.starts_with("<... ") {
            let index = under_way.remove(thread).expect("a call that began");
            calls[index].ended = Some((number, is_good(event)));
        } else if let Some((name, arguments)) = event.split_once('(')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        {
            let is_unfinished = event.ends_with("<unfinished ...>");
            if is_unfinished {
                under_way.insert(thread, calls.len());
            }
            calls.push(Call {
                name: name.to_owned(),
                thread: thread.parse().expect("a thread"),
                text: text(arguments),
                path: path(arguments),
                data: data(arguments),
                begun: number,
                ended: (!is_unfinished).then(|| (number, is_good(event))),
            });
        }
    }
    calls
}

/// Whether the line tells of a result that is no error.
fn is_good(event: &str) -> bool {
    let result = event.rsplit_once(" = ").map(|(_, result)| result.trim());
    result.is_some_and(|result| !result.starts_with('-') && !result.starts_with('?'))
}

fn path(arguments: &str) -> String {
    let inside = arguments.split_once('<').and_then(|(digits, rest)| {
        let is_descriptor = digits.chars().all(|c| c.is_ascii_digit());
        let path = rest.split_once('>')?.0;
        is_descriptor.then(|| unescape(path))
    });
    String::from_utf8_lossy(&inside.unwrap_or_default()).into_owned()
}

fn text(arguments: &str) -> String {
    let first = arguments.split('"').nth(1).map(unescape);
    String::from_utf8_lossy(&first.unwrap_or_default()).into_owned()
}

fn data(arguments: &str) -> Vec<u8> {
    // Every second piece is between quotes; bytes that are quotes themselves are written in hexadecimal.
    let quoted = arguments.split('"').skip(1).step_by(2);
    quoted.flat_map(unescape).collect()
}

/// `-xx` writes every byte as `\x2f`.
fn unescape(text: &str) -> Vec<u8> {
    let bytes = text.split("\\x").skip(1);
    bytes
        .map(|hex| u8::from_str_radix(&hex[..2], 16).expect("two digits"))
        .collect()
}

#[test]
fn a_trace_reads_back_with_calls_that_were_interrupted_by_others() {
    let trace = "7 pwrite64(12<\\x2f\\x6a>, \"\\x61\\x62\", 2, 0) = 2\n\
                 7 fdatasync(12<\\x2f\\x6a> <unfinished ...>\n\
                 8 sendto(9<\\x73>, \"\\x48\", 1, MSG_NOSIGNAL, NULL, 0) = -1 EPIPE (\\x42)\n\
                 7 <... fdatasync resumed>) = 0\n\
                 8 writev(9<\\x73>, [{iov_base=\"\\x61\", iov_len=1}, {iov_base=\"\\x62\", iov_len=1}], 2) = 2\n\
                 7 +++ exited with 0 +++\n";
    let calls = parse(trace);
    let told: Vec<_> = calls
        .iter()
        .map(|call| {
            (
                call.name.as_str(),
                call.path.as_str(),
                call.begun,
                call.ended,
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("pwrite64", "/j", 0, Some((0, true))),
            ("fdatasync", "/j", 1, Some((3, true))),
            ("sendto", "s", 2, Some((2, false))),
            ("writev", "s", 4, Some((4, true))),
        ]
    );
    assert!(calls[0].holds("ab") && calls[3].holds("ab"));
    assert!(calls[1].succeeded_before(4) && !calls[1].succeeded_before(3));
}
