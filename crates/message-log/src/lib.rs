//! message-log
