from dataclasses import replace

import pytest

from crm_backend.errors import Conflict
from crm_backend.jobs import registry
from crm_backend.jobs.job import Job
from crm_backend.jobs.registry import JOBS, list_jobs, run_jobs


def test_names_are_unique_within_a_step():
    keys = [(job.step, job.name) for job in JOBS]
    assert len(keys) == len(set(keys))


def test_everything_scored_can_be_trained_before():
    trained = {job.name for job in list_jobs("train")}
    assert {job.name for job in list_jobs("score")} <= trained


async def test_refused_job_does_not_stop_the_others(monkeypatch, tmp_path):
    done = []

    async def refuse(sessions, var_dir, *, as_of=None, report=None):
        raise Conflict("not_enough_data", "needs 1 orders, found 0")

    async def work(sessions, var_dir, *, as_of=None, report=None):
        done.append(var_dir)

    jobs = [Job("a", "train", "", refuse), Job("b", "train", "", work)]
    monkeypatch.setattr(registry, "JOBS", (*jobs, replace(jobs[1], step="score")))
    said = []
    assert await run_jobs("train", None, tmp_path, report=said.append) == ["a"]
    assert said == ["a: needs 1 orders, found 0"]
    assert done == [tmp_path]


async def test_unknown_job_is_refused_before_anything_runs(tmp_path):
    with pytest.raises(
        ValueError, match="knows no nonsense; only cleaning, purchase, "
    ):
        await run_jobs("train", None, tmp_path, names=["nonsense"])
