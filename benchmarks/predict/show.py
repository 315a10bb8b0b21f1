"""A judgement as a card in the terminal."""

from rich.console import Console
from rich.table import Table

from benchmarks.predict.judge import Judgement
from crm_backend.analytics.competition.describe import correlation_groups, rank_columns
from crm_backend.analytics.competition.measures import measure_p, ranges_p
from crm_backend.analytics.evaluate import calibration_table

N_COLUMNS = 10


def show(console: Console, judged: Judgement, outcome: str) -> None:
    """Print what was chosen, how good it is and what it learned from."""
    base_rate = judged.outcome.mean()
    console.print(f"{outcome}: {base_rate:.1%} of {len(judged.outcome):,} rows")
    console.print(f"Validation: {judged.how}")
    console.print(f"Chosen: {judged.chosen}", markup=False)
    for nth, chosen in enumerate(judged.chosen_in_folds, start=1):
        console.print(f"  fold {nth}: {chosen}", markup=False)
    console.print(_figures(judged))
    console.print(_trials(judged))
    console.print(_calibration(judged))
    console.print(_columns(judged))
    for group in correlation_groups(judged.table, judged.columns):
        console.print("go along: " + ", ".join(group), markup=False)
    for name, reason in judged.columns.left_out.items():
        console.print(f"left out: {name} ({reason})", markup=False)
    scores = measure_p(judged.outcome, judged.p)
    naive = measure_p(judged.outcome, judged.p_naive)
    if scores["roc_auc"] <= naive["roc_auc"] or scores["log_loss"] >= naive["log_loss"]:
        console.print("NOT better than the simple rule: use the rule.")


def _figures(judged: Judgement) -> Table:
    table = Table(
        "figure", "value", "19 in 20 resamples", f"{judged.naive_column} alone"
    )
    scores = measure_p(judged.outcome, judged.p, judged.threshold)
    ranges = ranges_p(judged.outcome, judged.p, judged.threshold)
    naive = measure_p(judged.outcome, judged.p_naive, judged.threshold)
    for name, value in scores.items():
        low, high = ranges[name]
        table.add_row(
            name, f"{value:.4f}", f"{low:.4f} to {high:.4f}", f"{naive[name]:.4f}"
        )
    table.add_row("f1 by each fold's threshold", f"{judged.f1:.4f}", "", "")
    table.add_row("threshold", f"{judged.threshold:.3f}", "", "")
    return table


def _trials(judged: Judgement) -> Table:
    table = Table("candidate", "log loss", "ROC AUC", title="The competition")
    for trial in judged.competition.trials:
        table.add_row(trial.name, f"{trial.log_loss:.4f}", f"{trial.roc_auc:.4f}")
    return table


def _calibration(judged: Judgement) -> Table:
    table = Table("rows", "predicted", "seen", title="Calibration")
    for row in calibration_table(judged.outcome, judged.p):
        table.add_row(
            f"{row['n_customers']:,}",
            f"{row['p_purchase']:.3f}",
            f"{row['share_bought']:.3f}",
        )
    return table


def _columns(judged: Judgement) -> Table:
    table = Table("column", "ANOVA F", "mutual information", title="Columns")
    ranked = rank_columns(judged.table, judged.learned, judged.columns)
    for row in ranked[:N_COLUMNS]:
        table.add_row(
            row["column"], f"{row['anova_f']:,.1f}", f"{row['mutual_information']:.3f}"
        )
    return table
