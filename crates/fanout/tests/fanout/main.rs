//! The contract of the port on both adapters, and what each adapter promises beyond it.

mod contract;
mod instance;
mod memory;
mod redis;
mod redis_faults;
mod redis_server;
mod redis_tls;
