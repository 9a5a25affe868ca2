//! Random bytes of the operating system.

use aws_lc_rs::rand;

/// Takes `N` bytes that nobody can guess.
///
/// # Panics
/// Where the operating system has no randomness to give: nothing secret can be made then.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}
