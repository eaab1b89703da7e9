"""What scipy and statsmodels say of made-up figures that tests/compare/compare_test.cpp asks about, as statistics.json beside
this file.

    python3 -m venv /tmp/s && /tmp/s/bin/pip install scipy==1.17.1 statsmodels==0.15.0 numpy==2.4.6
    /tmp/s/bin/python tests/golden/statistics.py
"""

import json
from pathlib import Path

import numpy as np
import scipy
import statsmodels
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint


def wilson(successes: int, n: int) -> dict:
    low, high = proportion_confint(successes, n, method="wilson")
    return {"successes": successes, "n": n, "low": float(low), "high": float(high)}


def mcnemar_case(both: int, lost: int, gained: int, neither: int) -> dict:
    test = mcnemar([[both, lost], [gained, neither]], exact=True)
    # Agresti and Min 2005, equation (8), as the mean of weighted differences: half a pair more in each cell.
    weights = np.array([both, lost, gained, neither]) + 0.5
    differences = np.array([0, -1, 1, 0])
    mean = np.average(differences, weights=weights)
    error = np.sqrt(np.average((differences - mean) ** 2, weights=weights) / weights.sum())
    low, high = stats.norm.interval(0.95, mean, error)
    return {
        "n": both + lost + gained + neither,
        "lost": lost,
        "gained": gained,
        "p": float(test.pvalue),
        "low": max(float(low), -1.0),
        "high": min(float(high), 1.0),
    }


def wilcoxon_case(name: str, d: np.ndarray) -> dict:
    case = {"name": name, "differences": d.tolist()}
    kept = d[d != 0]
    case["n"] = len(kept)
    if len(kept) == 0:
        return case
    ties = len(np.unique(np.abs(kept))) < len(kept)
    if len(kept) > 50:
        p = stats.wilcoxon(d, zero_method="wilcox", correction=False, method="asymptotic").pvalue
    elif not ties:
        p = stats.wilcoxon(kept, method="exact").pvalue
    else:  # all signs of the ranks at hand, which scipy does itself for up to 13
        exact = stats.PermutationMethod(n_resamples=2 ** len(kept), batch=4096)
        p = stats.wilcoxon(kept, method=exact).pvalue
    ranks = stats.rankdata(np.abs(kept))
    case["p"] = float(p)
    case["rank_biserial"] = float((ranks * np.sign(kept)).sum() / ranks.sum())
    return case


def flips_case(d: np.ndarray) -> dict:
    exact = len(d) <= 16
    test = stats.permutation_test(
        (d,), np.sum, permutation_type="samples", n_resamples=2 ** len(d) if exact else 200_000, batch=4096, rng=1
    )
    return {"differences": d.tolist(), "exact": exact, "p": float(test.pvalue)}


def bootstrap_case(values: list[np.ndarray]) -> dict:
    sums, counts = np.array([v.sum() for v in values]), np.array([len(v) for v in values])
    test = stats.bootstrap(
        (sums, counts),
        lambda s, n, axis=-1: s.sum(axis) / n.sum(axis),
        paired=True,
        vectorized=True,
        n_resamples=400_000,
        batch=20_000,
        method="percentile",
        rng=1,
    )
    return {
        "sums": sums.tolist(),
        "counts": counts.tolist(),
        "mean": float(sums.sum() / counts.sum()),
        "low": float(test.confidence_interval.low),
        "high": float(test.confidence_interval.high),
    }


def main() -> None:
    random = np.random.default_rng(7)

    def normal(n: int, mean: float, digits: int) -> np.ndarray:
        return random.normal(mean, 1, n).round(digits) + 0.0

    zeros = np.zeros(9)
    cases = {
        "wilson": [wilson(*case) for case in ((0, 1), (1, 1), (1, 22), (22, 22), (7, 40), (512, 1000))],
        "mcnemar": [
            mcnemar_case(*case)
            for case in (
                (3, 0, 0, 4),  # none differs
                (0, 0, 12, 0),  # all differ, one way
                (0, 9, 0, 0),
                (0, 5, 5, 0),
                (1, 0, 1, 0),
                (40, 3, 11, 20),
                (400, 60, 41, 499),
            )
        ],
        "wilcoxon": [
            wilcoxon_case(*case)
            for case in (
                ("one", np.array([0.25])),
                ("five", normal(5, 1, 4)),
                ("twenty", normal(20, 0.9, 4)),
                ("fifty, the most that is exact", normal(50, 0.3, 6)),
                ("fifty-one, the fewest that are not", normal(51, 0.3, 6)),
                ("two hundred", normal(200, 0.2, 6)),
                ("ties", normal(12, 0.5, 0)),
                ("more ties", normal(18, 0.6, 1)),
                ("zeros", np.concatenate([normal(9, 0.5, 4), zeros])),
                ("many ties and zeros", normal(150, 0.1, 1)),
                ("all alike", np.full(7, 1.5)),
                ("all fall", -np.arange(1.0, 11.0)),
                ("nothing but zeros", zeros),
            )
        ],
        "sign_flips": [
            flips_case(d) for d in (normal(6, 1, 3), normal(12, 0, 0), normal(16, 0.5, 3), normal(40, 0.3, 3), zeros)
        ],
        "bootstrap": [
            bootstrap_case([normal(1, 3, 3) for _ in range(20)]),
            bootstrap_case([normal(1 + i % 4, i % 3, 3) for i in range(12)]),
            bootstrap_case([normal(2, 0, 3) for _ in range(200)]),
        ],
        "holm": [
            {"p": p, "adjusted": multipletests(p, method="holm")[1].tolist()}
            for p in ([0.01, 0.04, 0.03, 0.005], [0.5], [0.6, 0.7, 0.02], [0.02, 0.02, 1.0, 1e-9])
        ],
    }
    tool = json.dumps(f"scipy {scipy.__version__}, statsmodels {statsmodels.__version__}, numpy {np.__version__}")
    parts = [f'"tool": {tool}']
    for name, list_of in cases.items():
        parts.append(f'"{name}": [\n  ' + ",\n  ".join(json.dumps(case) for case in list_of) + "\n ]")
    (Path(__file__).resolve().parent / "statistics.json").write_text("{\n " + ",\n ".join(parts) + "\n}\n")


main()
