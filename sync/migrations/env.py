"""Run by alembic inside the transaction that `sync.ledger.migrating` has opened, on its connection."""

from alembic import context

from sync.ledger.tables_of_changes import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    transactional_ddl=True,
    transaction_per_migration=False,
)
context.run_migrations()
