//! What the kernel accounts to a process.

use std::fs;

use anyhow::{Context, Result};

/// The resident memory of a process, in bytes, from `/proc/{pid}/status`.
pub(crate) fn resident_bytes(pid: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))
        .with_context(|| format!("no process has the pid {pid}"))?;
    let kib = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.trim().strip_suffix("kB"))
        .context("the kernel does not account resident memory")?;
    Ok(kib.trim().parse::<u64>()? * 1024)
}
