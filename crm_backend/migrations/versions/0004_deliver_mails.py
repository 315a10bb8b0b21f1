"""Deliver mails, and remember how that went."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("outbox_mails", sa.Column("due_at", sa.DateTime(timezone=True)))
    op.add_column("outbox_mails", sa.Column("expires_at", sa.DateTime(timezone=True)))
    op.add_column(
        "outbox_mails",
        sa.Column("n_attempts", sa.Integer(), nullable=False, server_default="0"),
    )
    op.add_column("outbox_mails", sa.Column("sent_at", sa.DateTime(timezone=True)))
    op.add_column("outbox_mails", sa.Column("failed_at", sa.DateTime(timezone=True)))
    op.add_column("outbox_mails", sa.Column("failure", sa.String(length=40)))
    op.create_index("ix_outbox_mails_due_at", "outbox_mails", ["due_at"])


def downgrade() -> None:
    op.drop_index("ix_outbox_mails_due_at", "outbox_mails")
    for name in (
        "failure",
        "failed_at",
        "sent_at",
        "n_attempts",
        "expires_at",
        "due_at",
    ):
        op.drop_column("outbox_mails", name)
