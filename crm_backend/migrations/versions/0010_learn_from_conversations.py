"""Learn from conversations: what was misunderstood, unanswered, and how it ended."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "learning_runs",
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.Column("last_message_id", sa.Integer(), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_learning_runs")),
    )
    op.create_table(
        "nlu_reviews",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("text_key", sa.String(length=64), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("masked", sa.JSON(), nullable=False),
        sa.Column("example", sa.Text(), nullable=False),
        sa.Column("intent", sa.String(length=60), nullable=True),
        sa.Column("confidence", sa.Double(), nullable=True),
        sa.Column("runner_up", sa.String(length=60), nullable=True),
        sa.Column("runner_up_confidence", sa.Double(), nullable=True),
        sa.Column("reason", sa.String(length=10), nullable=False),
        sa.Column("n_messages", sa.Integer(), nullable=False),
        sa.Column("n_marked", sa.Integer(), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("decided_intent", sa.String(length=60), nullable=True),
        sa.Column("decided_by_id", sa.Integer(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("used_for", sa.String(length=5), nullable=True),
        sa.Column("exported_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["decided_by_id"],
            ["staff.id"],
            name=op.f("fk_nlu_reviews_decided_by_id_staff"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_nlu_reviews")),
        sa.UniqueConstraint("text_key", name=op.f("uq_nlu_reviews_text_key")),
    )
    with op.batch_alter_table("nlu_reviews", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_nlu_reviews_last_seen_at"), ["last_seen_at"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_nlu_reviews_status"), ["status"], unique=False
        )

    op.create_table(
        "question_gaps",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("n_questions", sa.Integer(), nullable=False),
        sa.Column("n_recent", sa.Integer(), nullable=False),
        sa.Column("n_earlier", sa.Integer(), nullable=False),
        sa.Column("first_asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("changed_by_id", sa.Integer(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("computed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["changed_by_id"],
            ["staff.id"],
            name=op.f("fk_question_gaps_changed_by_id_staff"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_question_gaps")),
    )
    with op.batch_alter_table("question_gaps", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_question_gaps_language"), ["language"], unique=False
        )

    op.create_table(
        "article_drafts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("gap_id", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("slug", sa.String(length=80), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["created_by_id"],
            ["staff.id"],
            name=op.f("fk_article_drafts_created_by_id_staff"),
        ),
        sa.ForeignKeyConstraint(
            ["gap_id"],
            ["question_gaps.id"],
            name=op.f("fk_article_drafts_gap_id_question_gaps"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_article_drafts")),
        sa.UniqueConstraint("gap_id", name=op.f("uq_article_drafts_gap_id")),
    )
    op.create_table(
        "matters",
        sa.Column("message_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("conversation_id", sa.String(length=36), nullable=False),
        sa.Column("intent", sa.String(length=60), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("n_messages", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(length=10), nullable=False),
        sa.Column("handoff_reason", sa.String(length=30), nullable=True),
        sa.Column("is_confirmed", sa.Boolean(), nullable=False),
        sa.Column("is_verified", sa.Boolean(), nullable=True),
        sa.Column("is_reopened", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_matters_conversation_id_conversations"),
        ),
        sa.ForeignKeyConstraint(
            ["message_id"], ["messages.id"], name=op.f("fk_matters_message_id_messages")
        ),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_matters")),
    )
    with op.batch_alter_table("matters", schema=None) as batch_op:
        batch_op.create_index(
            "ix_matters_began_at_intent", ["began_at", "intent"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_matters_conversation_id"), ["conversation_id"], unique=False
        )

    op.create_table(
        "misunderstood_messages",
        sa.Column("message_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("review_id", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(length=10), nullable=False),
        sa.Column("marked_by_id", sa.Integer(), nullable=True),
        sa.Column("marked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["marked_by_id"],
            ["staff.id"],
            name=op.f("fk_misunderstood_messages_marked_by_id_staff"),
        ),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["messages.id"],
            name=op.f("fk_misunderstood_messages_message_id_messages"),
        ),
        sa.ForeignKeyConstraint(
            ["review_id"],
            ["nlu_reviews.id"],
            name=op.f("fk_misunderstood_messages_review_id_nlu_reviews"),
        ),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_misunderstood_messages")),
    )
    with op.batch_alter_table("misunderstood_messages", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_misunderstood_messages_review_id"),
            ["review_id"],
            unique=False,
        )

    op.create_table(
        "unanswered_questions",
        sa.Column("message_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("gap_id", sa.Integer(), nullable=True),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["gap_id"],
            ["question_gaps.id"],
            name=op.f("fk_unanswered_questions_gap_id_question_gaps"),
        ),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["messages.id"],
            name=op.f("fk_unanswered_questions_message_id_messages"),
        ),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_unanswered_questions")),
    )
    with op.batch_alter_table("unanswered_questions", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_unanswered_questions_asked_at"), ["asked_at"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_unanswered_questions_gap_id"), ["gap_id"], unique=False
        )


def downgrade() -> None:
    with op.batch_alter_table("unanswered_questions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_unanswered_questions_gap_id"))
        batch_op.drop_index(batch_op.f("ix_unanswered_questions_asked_at"))

    op.drop_table("unanswered_questions")
    with op.batch_alter_table("misunderstood_messages", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_misunderstood_messages_review_id"))

    op.drop_table("misunderstood_messages")
    with op.batch_alter_table("matters", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_matters_conversation_id"))
        batch_op.drop_index("ix_matters_began_at_intent")

    op.drop_table("matters")
    op.drop_table("article_drafts")
    with op.batch_alter_table("question_gaps", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_question_gaps_language"))

    op.drop_table("question_gaps")
    with op.batch_alter_table("nlu_reviews", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_nlu_reviews_status"))
        batch_op.drop_index(batch_op.f("ix_nlu_reviews_last_seen_at"))

    op.drop_table("nlu_reviews")
    op.drop_table("learning_runs")
