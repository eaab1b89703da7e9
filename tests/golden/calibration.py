"""AUC, balanced accuracy and true accept rates of made-up people, as scikit-learn 1.9.1 gives them.

    python tests/golden/calibration.py > tests/golden/calibration.json

tests/judge/verification_test.cpp makes the same people by the same formula and compares.
"""

import json

import numpy as np
from sklearn.metrics import roc_auc_score, roc_curve

PEOPLE, LENGTH = 30, 16


def number(a: int, b: int, c: int) -> float:
    """In [-1,1), exact in any language."""
    return ((a * 7919 + b * 104729 + c * 1299709 + (a * b + c) * 31) % 20011) / 20011 * 2 - 1


def faces_of(person: int) -> np.ndarray:
    rows = []
    for photo in range(1 + person % 5):
        row = [number(person + 1, 0, i) + 0.8 * number(person + 1, photo + 1, i + 100) for i in range(LENGTH)]
        rows.append(np.array(row) / np.linalg.norm(row))
    return np.array(rows)


def main() -> None:
    people = [faces_of(person) for person in range(PEOPLE)]
    whose = np.concatenate([[i] * len(faces) for i, faces in enumerate(people)])
    faces = np.concatenate(people)
    left, right = np.triu_indices(len(faces), 1)
    cosine = np.einsum("ij,ij->i", faces[left], faces[right])
    same = whose[left] == whose[right]
    false_rate, true_rate, _ = roc_curve(same, cosine, drop_intermediate=False)
    print(
        json.dumps(
            {
                "people": PEOPLE,
                "faces": len(faces),
                "same": int(same.sum()),
                "different": int((~same).sum()),
                "auc": roc_auc_score(same, cosine),
                "accuracy": float(np.max((true_rate + 1 - false_rate) / 2)),
                "tar": {str(rate): float(true_rate[false_rate <= rate].max()) for rate in (0.1, 0.01, 0.001)},
            },
            indent=2,
        )
    )


if __name__ == "__main__":
    main()
