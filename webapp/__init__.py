"""The Flask application: everything that runs at serve time. Never imports torch."""
