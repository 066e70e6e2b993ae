"""Making a data folder ready: schema, place tree, rule tables. Safe to run again."""

import logging

from django.apps import apps
from django.core.management import call_command
from django.core.management.sql import emit_post_migrate_signal
from django.db import connection, router, transaction
from django.db.migrations.executor import MigrationExecutor

from fangxian.spine.assess.write import load_thresholds
from fangxian.spine.core import clock, evidence
from fangxian.spine.core.config import config
from fangxian.spine.core.editions import load_shipped
from fangxian.spine.core.marks import mark
from fangxian.spine.core.models import Evidence
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.inspect.rounds import FORMS as CHECK_LISTS
from fangxian.spine.observe.reports.write import load_shipped_forms
from fangxian.spine.observe.store import store
from fangxian.spine.observe.tracks import tracks
from fangxian.spine.observe.write import load_quality_limits
from fangxian.spine.registry.load import load_places
from fangxian.wiring import SUBJECTS

log = logging.getLogger("fangxian.bootstrap")


def make_ready(*, places: bool = True) -> None:
    """Schema and shipped tables; what is there already is left alone. Without ``places`` the folder
    is for another city, which brings its own."""
    config().data_dir.mkdir(parents=True, exist_ok=True)
    config().data_dir.chmod(0o700)
    for old in (config().data_dir / "rules", config().data_dir / "cover.toml"):
        if old.exists():
            log.warning("not_read path=%s: enter its text as an edition at /rules", old)
    if config().database and config().records_db.exists():
        raise Problem("move.not_moved", folder=config().data_dir)
    make_tables()
    _prove_telemetry()
    load_shipped(by=SYSTEM)
    own = config().data_dir / "own-places"
    if not places:
        own.touch()
    if not own.exists():
        load_places(by=SYSTEM)
    load_quality_limits(by=SYSTEM)
    load_shipped_forms(by=SYSTEM)
    load_shipped_forms(CHECK_LISTS, by=SYSTEM)
    for subject in SUBJECTS:
        if subject.thresholds:
            load_thresholds(subject.thresholds(), by=SYSTEM)
        if subject.forms:
            load_shipped_forms(subject.forms, by=SYSTEM)


def make_tables() -> None:
    """The tables of the records, empty or as they were. Raises ``move.other_key``."""
    if config().database:
        from fangxian.spine.core.postgresql.keys import same_keys

        if not same_keys():  # before anything is written with them
            raise Problem("move.other_key")
    _migrate()
    if not config().database:  # a drill never lies on a server (config)
        mark(connection.connection, config().kind)
    tracks()  # made now, and not in the middle of somebody's transaction


def _prove_telemetry() -> None:
    """The telemetry file's sums are begun once; after that a file without them is a fault."""
    telemetry = store()
    defaults = {"n": 0, "total": b"", "since": clock.now()}
    with transaction.atomic():
        _, made = Evidence.objects.get_or_create(name=evidence.TELEMETRY, defaults=defaults)
        if made:
            telemetry.sum_up()


def _migrate() -> None:
    """Bring the tables up to this version. Their proofs are lifted while they are remade."""
    if "django_migrations" not in connection.introspection.table_names():
        _begin_tables()
    executor = MigrationExecutor(connection)
    broken: list[str] = []
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        broken = evidence.lift()
        call_command("migrate", verbosity=0)
    evidence.lay(broken)


def note_migrations() -> None:
    """Every migration is done: the tables are those of this version."""
    executor = MigrationExecutor(connection)
    executor.recorder.ensure_schema()
    for name in executor.loader.disk_migrations:
        executor.recorder.record_applied(*name)


def _begin_tables() -> None:
    """The tables of an empty database as the models have them, and every migration as done, in one
    transaction: what walking through the migrations ends at (a test compares the two), twenty
    times as fast. It serves while no migration brings rows of its own."""
    with connection.schema_editor() as editor:
        for app in apps.get_app_configs():
            for model in router.get_migratable_models(app, connection.alias):
                if model._meta.can_migrate(connection):
                    editor.create_model(model)
        note_migrations()
    emit_post_migrate_signal(verbosity=0, interactive=False, db=connection.alias)
