//! authorization_step
