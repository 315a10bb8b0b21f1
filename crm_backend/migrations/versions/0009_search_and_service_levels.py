"""Assign tickets, search messages and tickets, and keep service levels."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(JSONB(), "postgresql")
INDEXES = (("message_words", "messages"), ("ticket_words", "tickets"))
MOMENTS = ("due_at", "warn_at", "warned_at", "breached_at", "ended_at")
CLOCK_INDEXES = ("conversation_id", "ticket_id", "started_at", "staff_id")


def upgrade() -> None:
    with op.batch_alter_table("tickets") as batch:
        batch.add_column(sa.Column("assignee_id", sa.Integer(), nullable=True))
        batch.create_index("ix_tickets_assignee_id", ["assignee_id"])
        batch.create_foreign_key(
            "fk_tickets_assignee_id_staff", "staff", ["assignee_id"], ["id"]
        )
    op.create_table(
        "search_progress",
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("indexed_to", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("kind", name="pk_search_progress"),
    )
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for name, target in INDEXES:
        if is_sqlite:
            _create_virtual(name, target)
        else:
            _create_plain(name, target)
    _create_policies()
    _create_clocks()


def _create_virtual(name: str, target: str) -> None:
    op.execute(
        f"CREATE VIRTUAL TABLE {name} USING fts5("
        "words, facets, tokenize = 'porter unicode61 remove_diacritics 2')"
    )
    op.execute(
        f"CREATE TRIGGER forget_{name} AFTER DELETE ON {target} BEGIN "
        f"DELETE FROM {name} WHERE rowid = old.id; END"
    )


def _create_plain(name: str, target: str) -> None:
    key = f"{target.removesuffix('s')}_id"
    op.create_table(
        name,
        sa.Column(key, sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("words", TSVECTOR(), nullable=False),
        sa.Column("facets", sa.ARRAY(sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            [key], [f"{target}.id"], f"fk_{name}_{key}_{target}", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint(key, name=f"pk_{name}"),
    )
    for column in ("words", "facets"):
        op.create_index(f"ix_{name}_{column}", name, [column], postgresql_using="gin")


def _create_policies() -> None:
    op.create_table(
        "sla_policies",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("targets", JSON, nullable=False),
        sa.Column("tier_cents", JSON, nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("changed_by", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["changed_by"], ["staff.id"], name="fk_sla_policies_changed_by_staff"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_sla_policies"),
    )


def _create_clocks() -> None:
    op.create_table(
        "sla_clocks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("conversation_id", sa.String(36), nullable=True),
        sa.Column("ticket_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("priority", sa.String(10), nullable=False),
        sa.Column("tier", sa.String(10), nullable=False),
        sa.Column("target_seconds", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        *(sa.Column(name, sa.DateTime(timezone=True)) for name in MOMENTS),
        sa.Column("outcome", sa.String(10), nullable=True),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name="fk_sla_clocks_conversation_id_conversations",
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name="fk_sla_clocks_ticket_id_tickets"
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name="fk_sla_clocks_staff_id_staff"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_sla_clocks"),
    )
    op.create_index("ix_sla_clocks_outcome_due_at", "sla_clocks", ["outcome", "due_at"])
    for column in CLOCK_INDEXES:
        op.create_index(f"ix_sla_clocks_{column}", "sla_clocks", [column])


def downgrade() -> None:
    op.drop_table("sla_clocks")
    op.drop_table("sla_policies")
    for name, _ in INDEXES:
        if op.get_bind().dialect.name == "sqlite":
            op.execute(f"DROP TRIGGER forget_{name}")
        op.execute(f"DROP TABLE {name}")
    op.drop_table("search_progress")
    with op.batch_alter_table("tickets") as batch:
        batch.drop_constraint("fk_tickets_assignee_id_staff", type_="foreignkey")
        batch.drop_index("ix_tickets_assignee_id")
        batch.drop_column("assignee_id")
