//! Timestamps of checkpoints (RFC 3161): asked for, judged as `openssl ts` judges them, and carried along in packs.

mod authority;
mod judged;
