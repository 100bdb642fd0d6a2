"""Storage: the database, drawings, import and export, the audit log, and backups."""
