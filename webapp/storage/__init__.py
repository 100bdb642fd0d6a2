"""What an installation stores: its database, and import, export and backup of it."""
