//! What the kernel accounts to processes.

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

/// The processor time that processes have used together, in user and kernel mode, in seconds, from
/// `/proc/{pid}/stat`. Its grain is the kernel's clock tick, 10 ms as a rule.
pub(crate) fn cpu_seconds(pids: &[u32]) -> Result<f64> {
    let mut ticks = 0;
    for pid in pids {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat"))
            .with_context(|| format!("no process has the pid {pid}"))?;
        ticks += ticks_of(&stat).context("the kernel does not account processor time")?;
    }
    Ok(ticks as f64 / rustix::param::clock_ticks_per_second() as f64)
}

/// As [`cpu_seconds`], with the processes that they have started: Postgres has one per connection.
pub(crate) fn family_cpu_seconds(pids: &[u32]) -> Result<f64> {
    let mut family = pids.to_vec();
    let mut next = 0;
    while let Some(pid) = family.get(next) {
        let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
        let children = children.unwrap_or_default();
        family.extend(
            children
                .split_ascii_whitespace()
                .filter_map(|pid| pid.parse::<u32>().ok()),
        );
        next += 1;
    }
    cpu_seconds(&family)
}

/// `utime` and `stime` of proc_pid_stat(5). The command's name before them may hold anything.
fn ticks_of(stat: &str) -> Option<u64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_ascii_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let kernel: u64 = fields.next()?.parse().ok()?;
    Some(user + kernel)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_whose_name_has_a_parenthesis_is_accounted_all_the_same() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 1 0 0 0 30 12 0 0 20 0 1 0 5 0 0";
        assert_eq!(ticks_of(stat), Some(42));
    }
}
