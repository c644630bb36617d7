//! The points of a phase: which calls it makes on which files of the data directory, and how often.

use std::collections::BTreeMap;
use std::path::Path;

use crate::points::phase::Phase;
use crate::points::template::{Place, Template};
use crate::strace;

/// The calls that change what is on the disk.
pub(crate) const CHANGING: &str = "write,pwrite64,ftruncate,fsync,fdatasync,sync_file_range,rename,link,linkat,unlink,unlinkat,mkdir,rmdir";

/// Those and the calls that read or look.
pub(crate) const ALL: &str = "write,pwrite64,ftruncate,fsync,fdatasync,sync_file_range,rename,link,linkat,unlink,unlinkat,mkdir,rmdir,openat,read,pread64,getdents64,flock,statx";

/// The nth call of this name on this file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Point {
    pub(crate) call: String,
    /// Below the data directory.
    pub(crate) path: String,
    /// From 1, in the thread that makes it.
    pub(crate) nth: usize,
}

/// All points of a phase, in the order in which they are first reached.
pub(crate) async fn of(phase: Phase, template: &Template, calls: &str) -> Vec<Point> {
    let Place { home, .. } = template.copy(phase).await;
    let trace = format!("trace={calls}");
    let lived = phase.live(&home, &["-e", &trace]).await;
    assert_eq!(lived.process.exit_code().await, 0, "{phase:?} without harm");
    let mut counts = BTreeMap::new();
    let mut points = Vec::new();
    let root = home.path("");
    for call in strace::calls(&home, &lived.process).await {
        let path = match call.path.as_str() {
            "" => &call.text,
            path => path,
        };
        let below = Path::new(path).strip_prefix(&root).ok();
        let below = below.and_then(|path| path.strip_prefix("data").ok());
        let Some(path) = below.and_then(Path::to_str) else {
            continue;
        };
        let key = (call.name.clone(), path.to_owned(), call.thread);
        let count: &mut usize = counts.entry(key).or_default();
        *count += 1;
        let point = Point {
            call: call.name,
            path: path.to_owned(),
            nth: *count,
        };
        // A second thread's calls on the same file cannot be told from the first one's.
        if !points.contains(&point) {
            points.push(point);
        }
    }
    points
}
