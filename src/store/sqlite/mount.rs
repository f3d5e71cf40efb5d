//! The file system of a file: its kind and its free space.
//!
//! A register needs locks and shared memory that all processes see. Between hosts neither is guaranteed, and two hosts
//! could damage the file without an error. So twinseal does not write on a network file system.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::{fs, io};

use rustix::fs::statvfs;

use crate::store::StoreError;
use crate::store::sqlite::error::FileError;

/// The kernel's table of mounts (`proc_pid_mountinfo(5)`), one per line:
/// `36 35 98:0 /root /mount/point rw,noatime shared:1 - ext4 /dev/sda1 rw`.
const TABLE: &str = "/proc/self/mountinfo";

/// File systems with files on another host, or writable by several hosts.
const NETWORK: [&str; 26] = [
    "9p",
    "acfs",
    "afs",
    "beegfs",
    "ceph",
    "cifs",
    "coda",
    "davfs",
    "gfs",
    "gfs2",
    "glusterfs",
    "gpfs",
    "lustre",
    "moosefs",
    "ncp",
    "ncpfs",
    "nfs",
    "nfs4",
    "ocfs2",
    "orangefs",
    "pvfs2",
    "smb2",
    "smb3",
    "smbfs",
    "sshfs",
    "vboxsf",
];

/// Network file systems that run as a program (FUSE): `fuse.sshfs`.
const NETWORK_PROGRAMS: [&str; 19] = [
    "ceph",
    "ceph-fuse",
    "curlftpfs",
    "davfs",
    "davfs2",
    "gcsfuse",
    "glusterfs",
    "goofys",
    "gvfsd-fuse",
    "juicefs",
    "lizardfs",
    "mfs",
    "mount.glusterfs",
    "quobyte",
    "rclone",
    "s3fs",
    "seaweedfs",
    "sshfs",
    "vmhgfs-fuse",
];

/// A mounted file system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// Where it is mounted.
    pub point: PathBuf,
    /// Its kind, such as `ext4`.
    pub kind: String,
}

impl Mount {
    /// The file system of a file or directory; `None` if the system does not tell.
    pub fn of(path: &Path) -> Option<Self> {
        let path = path.canonicalize().ok()?;
        find(&fs::read(TABLE).ok()?, &path)
    }

    /// Whether other hosts may write on it too.
    pub fn is_network(&self) -> bool {
        let program = self.kind.strip_prefix("fuse.");
        program.is_some_and(|it| NETWORK_PROGRAMS.contains(&it)) || NETWORK.contains(&self.kind.as_str())
    }

    /// Whether it is an unknown FUSE program, which may keep the files on another host.
    pub fn is_unknown(&self) -> bool {
        (self.kind == "fuse" || self.kind.starts_with("fuse.")) && !self.is_network()
    }

    /// Whether its files are lost when the host restarts.
    pub fn is_in_memory(&self) -> bool {
        ["tmpfs", "ramfs"].contains(&self.kind.as_str())
    }
}

/// Refuses to write a file on a network file system.
///
/// # Errors
/// [`FileError::Network`].
pub fn local(path: &Path, mount: Option<&Mount>) -> Result<(), StoreError> {
    match mount.filter(|mount| mount.is_network()) {
        Some(Mount { point, kind }) => {
            Err(FileError::Network { path: path.to_owned(), kind: kind.clone(), point: point.clone() }.into())
        }
        None => Ok(()),
    }
}

/// The innermost mount above a path. Of two mounts at the same path, the later hides the earlier.
fn find(table: &[u8], path: &Path) -> Option<Mount> {
    let mounts = table.split(|byte| *byte == b'\n').filter_map(mount);
    mounts.filter(|mount| path.starts_with(&mount.point)).max_by_key(|mount| mount.point.components().count())
}

/// A line of the table.
fn mount(line: &[u8]) -> Option<Mount> {
    let mut words = line.split(|byte| *byte == b' ');
    let point = words.nth(4)?;
    // Any number of optional fields comes before the dash.
    let kind = words.skip_while(|word| *word != b"-").nth(1)?;
    let point = PathBuf::from(OsString::from_vec(unescaped(point)));
    Some(Mount { point, kind: String::from_utf8_lossy(kind).into_owned() })
}

/// The table escapes blanks, line ends and backslashes as three octal digits: `\040`.
fn unescaped(word: &[u8]) -> Vec<u8> {
    let (mut out, mut rest) = (Vec::with_capacity(word.len()), word);
    while let Some((byte, after)) = rest.split_first() {
        let digits = after.get(..3).filter(|it| *byte == b'\\' && it.iter().all(|it| (b'0'..=b'7').contains(it)));
        let code = digits.and_then(|it| u8::from_str_radix(std::str::from_utf8(it).ok()?, 8).ok());
        out.push(code.unwrap_or(*byte));
        rest = if code.is_some() { &after[3..] } else { after };
    }
    out
}

/// Whether two paths lead to one file, perhaps by a link or another mount.
pub fn is_one_file(one: &Path, other: &Path) -> bool {
    let id = |path: &Path| fs::metadata(path).ok().map(|it| (it.dev(), it.ino()));
    id(one).is_some_and(|one| Some(one) == id(other))
}

/// The free space for this account, in bytes.
///
/// # Errors
/// What the system reports.
pub fn free(path: &Path) -> io::Result<u64> {
    let room = statvfs(path)?;
    Ok(room.f_bavail.saturating_mul(room.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &[u8] = b"22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
40 27 0:40 / /home rw shared:5 master:2 - nfs4 server:/home rw,vers=4.2
41 27 0:41 / /home/erin/disk rw - xfs /dev/sdb1 rw
42 27 0:42 / /mnt/a\\040b\\134c rw - cifs //server/share rw
43 27 0:43 / /mnt/twice rw - ext4 /dev/sdc1 rw
44 27 0:44 / /mnt/twice rw - fuse.sshfs host: rw
a line that is none
45 27 0:45 / /mnt/broken rw
";

    fn kind(path: &str) -> String {
        find(HOST, Path::new(path)).unwrap().kind
    }

    #[test]
    fn a_path_lies_on_the_innermost_mount() {
        for (path, expected) in [
            ("/srv/prod.db", "ext4"),
            ("/home/erin/prod.db", "nfs4"),
            ("/home/erin/disk/prod.db", "xfs"),
            ("/home/erin/diskette/prod.db", "nfs4"),
            ("/homeless/prod.db", "ext4"),
            ("/mnt/a b\\c/prod.db", "cifs"),
            ("/mnt/twice/prod.db", "fuse.sshfs"),
            ("/mnt/broken/prod.db", "ext4"),
            ("/", "ext4"),
        ] {
            assert_eq!(kind(path), expected, "{path}");
        }
        assert_eq!(find(b"", Path::new("/srv")), None);
    }

    #[test]
    fn what_other_hosts_may_write_is_a_network_file_system() {
        let mount = |kind: &str| Mount { point: "/".into(), kind: kind.to_owned() };
        for kind in ["nfs", "nfs4", "cifs", "smb3", "9p", "afs", "ceph", "lustre", "fuse.sshfs", "fuse.rclone"] {
            assert!(mount(kind).is_network(), "{kind}");
        }
        for kind in ["ext4", "xfs", "btrfs", "zfs", "overlay", "tmpfs", "fuseblk", "fuse.ntfs", "nfsd", "f2fs"] {
            assert!(!mount(kind).is_network(), "{kind}");
        }
        assert!(mount("fuse.something").is_unknown() && !mount("fuseblk").is_unknown());
        assert!(NETWORK.is_sorted() && NETWORK_PROGRAMS.is_sorted());
    }

    #[test]
    fn this_host_tells_where_its_files_lie() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Mount::of(folder.path()).is_some());
        assert!(free(folder.path()).unwrap() > 0);
    }
}
