//! A disk of its own for the gate's data that can lose its power: an ext4 in a file, mounted over a loop device. Its shutdown ioctl drops
//! everything that was not synced, as a power cut does; what follows is a mount that has to recover.
//!
//! **A cut that cuts nothing would prove nothing.** So every cut has its control: a file that was synced before, which must be there, and one
//! that was written just before the cut and not synced, whose bytes must be gone.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::home::Home;

/// Room for any store of these tests, and for ext4's own journal.
const SIZE: u64 = 192 << 20;

/// `_IOR('X', 125, u32)`, FS_IOC_SHUTDOWN, with "do not flush the file system's journal". Rust has no call for it without `unsafe`, and the
/// tests have a Python anyway. It waits with everything ready, so that the cut comes at the moment it is asked for.
const CUTTER: &str = "\
import fcntl, os, struct, sys
disk = os.open(sys.argv[1], os.O_RDONLY)
print('ready', flush=True)
if sys.stdin.readline():
    fcntl.ioctl(disk, 0x8004587D, struct.pack('I', 2))
    print('cut', flush=True)
";

/// What is written to the control files.
static CONTROL: [u8; 64 << 10] = [7; 64 << 10];

/// The disk, mounted below a home.
pub(crate) struct Disk {
    image: PathBuf,
    mount: PathBuf,
    cutter: Option<Cutter>,
}

struct Cutter {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Disk {
    /// Makes the disk of this home and mounts it at `disk`. `None`, and a line that says so, where loop devices cannot be mounted.
    pub(crate) fn mount(home: &Home) -> Option<Self> {
        let (image, mount) = (home.path("image"), home.path("disk"));
        let file = File::create(&image).expect("an image");
        file.set_len(SIZE).expect("its length");
        fs::create_dir(&mount).expect("a mount point");
        let mut disk = Self {
            image,
            mount,
            cutter: None,
        };
        let made = quietly(
            Command::new("mkfs.ext4")
                .args(["-q", "-F"])
                .arg(&disk.image),
        );
        if !made || !disk.attach() {
            println!("left out: no ext4 can be mounted over a loop device here");
            return None;
        }
        disk.make_ready();
        Some(disk)
    }

    /// Everything on it is there for good.
    pub(crate) fn sync(&self) {
        assert!(quietly(Command::new("sync").arg("-f").arg(&self.mount)));
    }

    /// Cuts the power. Nothing can be read or written from now on.
    pub(crate) fn cut(&mut self) {
        // Just written, nowhere but in memory.
        fs::write(self.mount.join("unsynced"), CONTROL).expect("written");
        let cutter = self.cutter.as_mut().expect("it is ready");
        cutter.stdin.write_all(b"\n").expect("it listens");
        assert_eq!(cutter.says(), "cut");
        self.cutter.take().expect("it is there").end();
        let refused = File::create(self.mount.join("after"));
        assert!(refused.is_err(), "the disk still works after its cut");
    }

    /// Gives the power back: mounts it again, which recovers the file system, and looks whether the cut was one.
    ///
    /// # Panics
    /// When something still has a file open on it.
    pub(crate) fn power_up(&mut self) {
        self.detach();
        assert!(self.attach(), "the disk cannot be mounted after the cut");
        let synced = fs::read(self.mount.join("synced")).unwrap_or_default();
        assert_eq!(synced, CONTROL, "the cut took what had been synced");
        let unsynced = fs::read(self.mount.join("unsynced")).unwrap_or_default();
        assert_ne!(unsynced, CONTROL, "the cut took nothing: it proves nothing");
        fs::remove_file(self.mount.join("unsynced")).ok();
        self.make_ready();
    }

    /// The kernel finds an error in the file system, and lets nobody write to it any more.
    pub(crate) fn make_read_only(&self) {
        let device = self.device().expect("a loop device");
        let trigger = format!("/sys/fs/ext4/{device}/trigger_fs_error");
        fs::write(trigger, "crash proof").expect("an error");
        let refused = File::create(self.mount.join("after"));
        assert!(refused.is_err(), "the disk can still be written to");
    }

    /// Lets it be written to again: unmounts it and mounts it.
    pub(crate) fn remount(&mut self) {
        self.cutter.take().into_iter().for_each(Cutter::end);
        self.detach();
        assert!(self.attach(), "the disk cannot be mounted again");
        self.make_ready();
    }

    /// The name of the loop device, e.g. `loop0`.
    fn device(&self) -> Option<String> {
        let mounts = fs::read_to_string("/proc/mounts").ok()?;
        let of_ours = |line: &&str| line.split(' ').nth(1) == self.mount.to_str();
        let device = mounts.lines().find(of_ours)?.split(' ').next()?;
        device.strip_prefix("/dev/").map(str::to_owned)
    }

    fn attach(&self) -> bool {
        let mut mount = Command::new("mount");
        mount.args(["-o", "loop,errors=remount-ro"]);
        quietly(mount.arg(&self.image).arg(&self.mount))
    }

    fn detach(&self) {
        let unmounted = quietly(Command::new("umount").arg(&self.mount));
        assert!(unmounted, "something is still open on the disk");
    }

    /// Writes the control that must outlive the next cut, before the gate is there: its sync takes along what others have written.
    fn make_ready(&mut self) {
        let path = self.mount.join("synced");
        let mut control = File::create(path).expect("made");
        control.write_all(&CONTROL).expect("written");
        control.sync_all().expect("synced");
        let mount = File::open(&self.mount).expect("opened");
        mount.sync_all().expect("synced");
        self.cutter = Some(Cutter::of(&self.mount));
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        self.cutter.take().into_iter().for_each(Cutter::end);
        quietly(Command::new("umount").arg("-l").arg(&self.mount));
    }
}

impl Cutter {
    fn of(mount: &Path) -> Self {
        let mut child = Command::new("python3")
            .args(["-c", CUTTER])
            .arg(mount)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3");
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        let mut cutter = Self {
            child,
            stdin: stdin.expect("piped"),
            stdout: BufReader::new(stdout.expect("piped")),
        };
        assert_eq!(cutter.says(), "ready");
        cutter
    }

    fn says(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).expect("a line");
        line.trim_end().to_owned()
    }

    /// It must be gone before the disk can be unmounted.
    fn end(self) {
        let Self {
            mut child, stdin, ..
        } = self;
        drop(stdin);
        child.wait().ok();
    }
}

/// Runs a command for its success alone.
fn quietly(command: &mut Command) -> bool {
    let command = command.stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
