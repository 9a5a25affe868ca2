//! The contract of the port on both adapters, and what each adapter promises beyond it.

mod contract;
mod dynamo;
mod dynamo_faults;
mod emulator;
mod memory;
mod people;
mod proxy;
