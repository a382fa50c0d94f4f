"""The first tables, and the rule that the event log only grows.

Written out in full and tied to no other module: what this makes must not change when the program does.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MOMENT = sa.String(27).with_variant(sa.DateTime(timezone=True), "postgresql")
"""As `dispatch.store.schema.UtcDateTime` was in this version."""

_REFUSED = "the event log is append-only"

# The third is for INSERT OR REPLACE, which takes a row away without asking the second.
_SQLITE_GUARD = tuple(
    f"CREATE TRIGGER events_append_only_{name} BEFORE {when} BEGIN SELECT RAISE(ABORT, '{_REFUSED}'); END"
    for name, when in (
        ("update", "UPDATE ON events"),
        ("delete", "DELETE ON events"),
        (
            "insert",
            "INSERT ON events WHEN NEW.seq <= (SELECT max(seq) FROM events) "
            "OR EXISTS (SELECT 1 FROM events WHERE hash = NEW.hash)",
        ),
    )
)

_POSTGRESQL_GUARD = (
    f"""
CREATE FUNCTION refuse_change_of_events() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '{_REFUSED}'; END
$$
""",
    """
CREATE TRIGGER events_append_only BEFORE UPDATE OR DELETE ON events
FOR EACH ROW EXECUTE FUNCTION refuse_change_of_events()
""",
    """
CREATE TRIGGER events_append_only_truncate BEFORE TRUNCATE ON events
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_events()
""",
)


def upgrade() -> None:
    """Make the tables, the guard of the event log, and the head of the empty chain."""
    _make_tables()
    _guard_events()
    op.execute(f"INSERT INTO chain_head (id, seq, hash) VALUES (1, 0, '{'0' * 64}')")


def _guard_events() -> None:
    for statement in _POSTGRESQL_GUARD if op.get_bind().dialect.name == "postgresql" else _SQLITE_GUARD:
        op.execute(statement)


def _make_tables() -> None:
    op.create_table(
        "alerts",
        sa.Column("alert_id", sa.Text(), nullable=False),
        sa.Column("incident_id", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("alert_id", name="pk_alerts"),
    )
    op.create_index("ix_alerts_incident_id", "alerts", ["incident_id"])
    op.create_table(
        "calls",
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("call_type", sa.Text(), nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT),
        sa.Column("number_hash", sa.Text()),
        sa.Column("incident_id", sa.Text()),
        sa.Column("taken_by", sa.Text(), nullable=False),
        sa.Column("texts", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("call_id", name="pk_calls"),
    )
    op.create_index("ix_calls_incident_id", "calls", ["incident_id"])
    op.create_index("ix_calls_number_hash_received_at", "calls", ["number_hash", "received_at"])
    op.create_index("ix_calls_received_at", "calls", ["received_at"])
    op.create_table(
        "centre",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("directory_digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_centre"),
    )
    op.create_table(
        "chain_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_chain_head_one_row")),
        sa.PrimaryKeyConstraint("id", name="pk_chain_head"),
    )
    op.create_table(
        "day_counts",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_day_counts"),
    )
    op.create_table(
        "documents",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_documents"),
    )
    op.create_table(
        "events",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("server_time", MOMENT, nullable=False),
        sa.Column("device_time", MOMENT),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("incident_id", sa.Text()),
        sa.Column("unit_id", sa.Text()),
        sa.Column("call_id", sa.Text()),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("prev_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_events"),
        sa.UniqueConstraint("hash", name="uq_events_hash"),
    )
    op.create_index("ix_events_call_id_seq", "events", ["call_id", "seq"])
    op.create_index("ix_events_incident_id_seq", "events", ["incident_id", "seq"])
    op.create_index("ix_events_unit_id_seq", "events", ["unit_id", "seq"])
    op.create_table(
        "handovers",
        sa.Column("handover_id", sa.Text(), nullable=False),
        sa.Column("incident_id", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("handover_id", name="pk_handovers"),
    )
    op.create_index("ix_handovers_incident_id", "handovers", ["incident_id"])
    op.create_table(
        "incidents",
        sa.Column("incident_id", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("location_kind", sa.Text(), nullable=False),
        sa.Column("lat", sa.Float()),
        sa.Column("lon", sa.Float()),
        sa.Column("radius_m", sa.Float()),
        sa.Column("village_code", sa.Text()),
        sa.Column("kecamatan_code", sa.Text()),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("status_at", MOMENT, nullable=False),
        sa.Column("alarm_level", sa.Integer(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("notified", sa.Text(), nullable=False),
        sa.Column("disposition", sa.Text()),
        sa.Column("closed_at", MOMENT),
        sa.Column("duplicate_of", sa.Text()),
        sa.Column("handed_to", sa.Text()),
        sa.Column("exercise", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("incident_id", name="pk_incidents"),
    )
    op.create_index("ix_incidents_received_at", "incidents", ["received_at"])
    op.create_index("ix_incidents_status", "incidents", ["status"])
    op.create_index("ix_incidents_village_code", "incidents", ["village_code"])
    op.create_table(
        "positions",
        sa.Column("unit_id", sa.Text(), nullable=False),
        sa.Column("device_time", MOMENT, nullable=False),
        sa.Column("device", sa.String(length=16), nullable=False),
        sa.Column("fix_time", MOMENT, nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("lat", sa.Float(), nullable=False),
        sa.Column("lon", sa.Float(), nullable=False),
        sa.Column("accuracy_m", sa.Float()),
        sa.Column("speed_kph", sa.Float()),
        sa.Column("heading", sa.Float()),
        sa.Column("battery", sa.Float()),
        sa.Column("flags", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("unit_id", "device_time", "device", name="pk_positions"),
    )
    op.create_index("ix_positions_received_at", "positions", ["received_at"])
    op.create_index("ix_positions_unit_id_fix_time", "positions", ["unit_id", "fix_time"])
    op.create_table(
        "private_texts",
        sa.Column("text_id", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("salt", sa.Text(), nullable=False),
        sa.Column("expires_at", MOMENT),
        sa.PrimaryKeyConstraint("text_id", name="pk_private_texts"),
    )
    op.create_index("ix_private_texts_expires_at", "private_texts", ["expires_at"])
    op.create_table(
        "recommendations",
        sa.Column("recommendation_id", sa.Text(), nullable=False),
        sa.Column("incident_id", sa.Text(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("recommendation_id", name="pk_recommendations"),
    )
    op.create_index("ix_recommendations_incident_id", "recommendations", ["incident_id"])
    op.create_table(
        "requests",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_requests"),
    )
    op.create_index("ix_requests_made_at", "requests", ["made_at"])
    op.create_table(
        "secrets",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_secrets"),
    )
    op.create_table(
        "unit_positions",
        sa.Column("unit_id", sa.Text(), nullable=False),
        sa.Column("device_time", MOMENT),
        sa.Column("device", sa.String(length=16)),
        sa.Column("fix_time", MOMENT),
        sa.Column("received_at", MOMENT),
        sa.Column("lat", sa.Float()),
        sa.Column("lon", sa.Float()),
        sa.Column("accuracy_m", sa.Float()),
        sa.Column("speed_kph", sa.Float()),
        sa.Column("heading", sa.Float()),
        sa.Column("battery", sa.Float()),
        sa.Column("flags", sa.Integer()),
        sa.Column("source", sa.Text()),
        sa.Column("recent", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("unit_id", name="pk_unit_positions"),
    )
    op.create_table(
        "units",
        sa.Column("unit_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("status_at", MOMENT, nullable=False),
        sa.Column("lat", sa.Float(), nullable=False),
        sa.Column("lon", sa.Float(), nullable=False),
        sa.Column("fix_time", MOMENT),
        sa.Column("capabilities", sa.Text(), nullable=False),
        sa.Column("station", sa.Text()),
        sa.Column("free_at", MOMENT),
        sa.Column("on_duty", sa.Boolean(), nullable=False),
        sa.Column("retired", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("unit_id", name="pk_units"),
    )
    op.create_table(
        "verifications",
        sa.Column("verification_id", sa.Text(), nullable=False),
        sa.Column("incident_id", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("verification_id", name="pk_verifications"),
    )
    op.create_index("ix_verifications_incident_id", "verifications", ["incident_id"])
    op.create_table(
        "webhook_cursor",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_webhook_cursor_one_row")),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_cursor"),
    )
    op.create_table(
        "webhooks",
        sa.Column("webhook_id", sa.Text(), nullable=False),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("old_secret", sa.Text()),
        sa.Column("old_secret_until", MOMENT),
        sa.Column("event_types", sa.Text(), nullable=False),
        sa.Column("everything", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("why_inactive", sa.Text(), nullable=False),
        sa.Column("since_seq", sa.BigInteger(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("claim_token", sa.Text()),
        sa.Column("claimed_until", MOMENT),
        sa.Column("claimed_at", MOMENT),
        sa.Column("held_until", MOMENT),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("webhook_id", name="pk_webhooks"),
    )
    op.create_table(
        "assignments",
        sa.Column("assignment_id", sa.Text(), nullable=False),
        sa.Column("incident_id", sa.Text(), nullable=False),
        sa.Column("unit_id", sa.Text(), nullable=False),
        sa.Column("assigned_by", sa.Text(), nullable=False),
        sa.Column("milestones", sa.Text(), nullable=False),
        sa.Column("recommendation_id", sa.Text()),
        sa.Column("override_reason", sa.Text()),
        sa.Column("hospital", sa.Text()),
        sa.Column("ended_at", MOMENT),
        sa.Column("end", sa.Text()),
        sa.Column("end_reason", sa.Text()),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.incident_id"], name="fk_assignments_incident_id"),
        sa.ForeignKeyConstraint(["unit_id"], ["units.unit_id"], name="fk_assignments_unit_id"),
        sa.PrimaryKeyConstraint("assignment_id", name="pk_assignments"),
    )
    op.create_index("ix_assignments_incident_id", "assignments", ["incident_id"])
    op.create_index(
        "uq_assignments_one_active_per_unit",
        "assignments",
        ["unit_id"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "devices",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("unit_id", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("revoked_at", MOMENT),
        sa.ForeignKeyConstraint(["unit_id"], ["units.unit_id"], name="fk_devices_unit_id"),
        sa.PrimaryKeyConstraint("token_hash", name="pk_devices"),
    )
    op.create_index("ix_devices_unit_id", "devices", ["unit_id"])
    op.create_table(
        "webhook_deliveries",
        sa.Column("webhook_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("event_type", sa.Text(), nullable=False),
        sa.Column("incident_id", sa.Text()),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("due_at", MOMENT),
        sa.Column("finished_at", MOMENT),
        sa.Column("status", sa.Integer()),
        sa.Column("fault", sa.Text()),
        sa.CheckConstraint(
            "(state = 'pending') = (due_at IS NOT NULL)", name=op.f("ck_webhook_deliveries_due_while_pending")
        ),
        sa.ForeignKeyConstraint(["seq"], ["events.seq"], name="fk_webhook_deliveries_seq"),
        sa.ForeignKeyConstraint(
            ["webhook_id"], ["webhooks.webhook_id"], name="fk_webhook_deliveries_webhook_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("webhook_id", "seq", name="pk_webhook_deliveries"),
    )
    op.create_index("ix_webhook_deliveries_state_finished_at", "webhook_deliveries", ["state", "finished_at"])
    op.create_index("ix_webhook_deliveries_webhook_id_due_at", "webhook_deliveries", ["webhook_id", "due_at"])
    op.create_index("ix_webhook_deliveries_webhook_id_incident_id", "webhook_deliveries", ["webhook_id", "incident_id"])
