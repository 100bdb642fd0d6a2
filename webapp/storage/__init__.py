"""What an installation keeps: its database, and ways in and out of it."""
