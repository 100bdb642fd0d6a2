"""Alembic's entry point: runs migrations on the connection in its configuration."""

from alembic import context

from webapp.storage.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,  # SQLite changes a column only by copying its table
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
