//! The door: what faces the network.

pub mod gate;
