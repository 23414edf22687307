"""The audit trail: what people did, recorded once and never changed. It imports nothing but `common`."""
