//! The crate from outside: what a verifier accepts, and every way in that must stay shut.

mod attacks;
mod forge;
mod keys;
mod life;
