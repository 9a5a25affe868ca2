//! The parts that `maru` brings itself.
