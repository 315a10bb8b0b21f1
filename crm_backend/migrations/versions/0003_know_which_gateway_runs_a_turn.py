"""Know which gateway runs a turn."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

IS_RUNNING = sa.text("status = 'running'")


def upgrade() -> None:
    op.create_table(
        "gateways",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gateways")),
    )
    op.add_column("turns", sa.Column("gateway_id", sa.String(length=36), nullable=True))
    op.create_index(
        "uq_turns_conversation_id_running",
        "turns",
        ["conversation_id"],
        unique=True,
        sqlite_where=IS_RUNNING,
        postgresql_where=IS_RUNNING,
    )


def downgrade() -> None:
    op.drop_index("uq_turns_conversation_id_running", "turns")
    op.drop_column("turns", "gateway_id")
    op.drop_table("gateways")
