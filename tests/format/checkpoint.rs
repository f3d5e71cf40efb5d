//! The checkpoint of the worked example.

use crate::support::World;
use sha2::{Digest as _, Sha256};
use twinseal::domain::Digest;
use twinseal::format::checkpoint::Checkpoint;
use twinseal::format::entry;
use twinseal::format::note::Note;
use twinseal::signer::{KeyError, KeySource};

/// The root of some leaves, as the page defines it.
fn root(leaves: &[Digest]) -> Digest {
    if let [leaf] = leaves {
        return *leaf;
    }
    let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
    let joined = Sha256::new().chain_update([1]).chain_update(root(left).as_bytes());
    Digest::new(joined.chain_update(root(right).as_bytes()).finalize().into())
}

/// The checkpoint of a register's log as it is, signed by a person's key.
pub fn checkpoint(world: &World, person: &str) -> String {
    let entries: Vec<_> = (0..world.entries()).map(|seq| world.raw(seq)).collect();
    let origin = entry::open(&entries[0]).unwrap().header.register;
    let leaves: Vec<Digest> = entries.iter().map(|raw| raw.leaf()).collect();
    let checkpoint = Checkpoint { origin, size: leaves.len() as u64, root: root(&leaves) };
    let KeySource::File(file) = KeySource::read(&world.path(&format!("people/{person}/key"))).unwrap() else {
        panic!("a private key")
    };
    let signer = file.unlock(|path| Err(KeyError::NeedsPassphrase { path: path.to_owned() })).unwrap();
    Note::new(checkpoint.to_string(), vec![signer.sign_checkpoint(&checkpoint).unwrap()]).unwrap().to_string()
}
