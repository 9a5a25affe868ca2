//! Compiles the crate again when a migration is added: `sqlx::migrate!` sees only those it knew.

fn main() {
    println!("cargo::rerun-if-changed=migrations");
}
