//! threat_model
