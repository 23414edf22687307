"""Are the segments worth something? A shop's customers of 1997, and what they bought in 1998.

`BENCH_CDNOW` names CDNOW_master.txt, the public purchases of a music shop (Fader and Hardie): customer, date,
number of CDs, dollars. Everything proposed is accepted.
"""

import os
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from bench.truth.answers import Answer, answer
from bench.truth.customer_sets import judge, workers

FILE = os.environ.get("BENCH_CDNOW")
END = pd.Timestamp("1997-12-31")
# The last twelve of the eighteen months: by then everyone had come who ever came.
MONTHS = tuple(pd.date_range("1997-07-31", "1998-06-30", freq="ME"))
LEAST_AUC, LEAST_ETA_SQUARED = 0.785, 0.285
MOST_OTHERS = 1


def main() -> int:
    """Print what the segments of 1997 tell of 1998, and the k of each month; return 1 if a bar is missed."""
    print("CDNOW: recency, orders and revenue of 1997 against the purchases of 1998")
    if FILE is None:
        print("  not measured; BENCH_CDNOW names the file")
        return 0
    purchases = read_purchases(Path(FILE))
    return max(_foresight(purchases), _months(purchases))


def read_purchases(path: Path) -> pd.DataFrame:
    """Read the purchases; several of one customer on one day are one order."""
    columns = ["customer", "date", "cds", "revenue"]
    lines = pd.read_csv(path, sep=r"\s+", header=0, names=columns, dtype={"customer": str, "date": str})
    lines["date"] = pd.to_datetime(lines["date"], format="%Y%m%d")
    return lines.groupby(["customer", "date"])["revenue"].sum().reset_index()


def features_until(purchases: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    """Return recency in days, orders and revenue in dollars of everyone who had bought by that day."""
    customers = purchases[purchases["date"] <= day].groupby("customer")
    return pd.DataFrame(
        {
            "recency": (day - customers["date"].max()).dt.days,
            "orders": customers.size(),
            "revenue": customers["revenue"].sum(),
        }
    )


def _ask(features: pd.DataFrame) -> Answer:
    return answer(features.to_numpy(dtype=np.float64), names=[str(name) for name in features])


def _foresight(purchases: pd.DataFrame) -> int:
    """Score each customer by the segment: the share of it that bought again, and its mean of log revenue."""
    features = features_until(purchases, END)
    found = _ask(features)
    later = purchases[purchases["date"] > END].groupby("customer")["revenue"].sum()
    revenue = np.log1p(later.reindex(features.index).fillna(0.0))
    again = pd.Series(features.index.isin(later.index), features.index).astype(float)
    auc = float(roc_auc_score(again, again.groupby(found.labels).transform("mean")))
    explained = float(revenue.groupby(found.labels).transform("mean").var(ddof=0) / revenue.var(ddof=0))
    n_segments = len(np.unique(found.labels))
    print(f"  {len(features):,} customers: {found.verdict}, {n_segments} segments, {found.seconds:.1f} s")
    return max(
        judge("AUC of “buys again in 1998”", auc >= LEAST_AUC, f"{auc:.3f}", f"≥ {LEAST_AUC}"),
        judge(
            "share of the variance of log revenue in 1998",
            explained >= LEAST_ETA_SQUARED,
            f"{explained:.3f}",
            f"≥ {LEAST_ETA_SQUARED}",
        ),
    )


def _months(purchases: pd.DataFrame) -> int:
    """Ask at the end of each month."""
    with workers() as map_in_order:
        answers = list(map_in_order(_ask, [features_until(purchases, day) for day in MONTHS]))
    ks = [len(np.unique(found.labels)) for found in answers]
    most = max(ks.count(k) for k in ks)
    print(
        "  k month by month: "
        + ", ".join(f"{k} {found.verdict}" for k, found in zip(ks, answers, strict=True))
    )
    least = len(MONTHS) - MOST_OTHERS
    return judge("months with the most frequent k", most >= least, f"{most} of {len(MONTHS)}", f"≥ {least}")


if __name__ == "__main__":
    raise SystemExit(main())
