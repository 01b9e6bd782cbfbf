"""Rows that are only ever added: the database itself refuses UPDATE and DELETE."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def refuse_changes(
    schema_editor: BaseDatabaseSchemaEditor, table: str, but: str = "", *, deletes: bool = False
) -> None:
    """but: a column that may still be written, such as a number that a row gets later. deletes: rows may be deleted."""
    run = schema_editor.execute
    update = "UPDATE"
    if but:
        with schema_editor.connection.cursor() as cursor:
            described = schema_editor.connection.introspection.get_table_description(cursor, table)
        columns = [f'"{column.name}"' for column in described if column.name != but]
        update = f"UPDATE OF {', '.join(columns)}"
    if schema_editor.connection.vendor == "postgresql":
        run(
            "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION USING MESSAGE = TG_TABLE_NAME || ' is only ever added to'; END $$"
        )
        run(
            f"CREATE TRIGGER {table}_append_only BEFORE {update}{'' if deletes else ' OR DELETE'} ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        return
    refused = [("update", update)] if deletes else [("update", update), ("delete", "DELETE")]
    for name, verb in refused:
        run(
            f"CREATE TRIGGER {table}_no_{name} BEFORE {verb} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is only ever added to'); END"
        )


def allow_changes(schema_editor: BaseDatabaseSchemaEditor, table: str) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {table}_append_only ON {table}")
        return
    for verb in ("update", "delete"):
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {table}_no_{verb}")


def append_only(*tables: str, but: str = "", deletes: bool = False) -> migrations.RunPython:
    """The migration operation for these tables."""

    def refuse(apps, schema_editor):
        for table in tables:
            refuse_changes(schema_editor, table, but, deletes=deletes)

    return migrations.RunPython(refuse, _allow(tables))


def changeable(*tables: str) -> migrations.RunPython:
    """The opposite, around operations that alter such a table: SQLite recreates it without its triggers."""

    def refuse(apps, schema_editor):
        for table in tables:
            refuse_changes(schema_editor, table)

    return migrations.RunPython(_allow(tables), refuse)


def _allow(tables):
    def allow(apps, schema_editor):
        for table in tables:
            allow_changes(schema_editor, table)

    return allow
