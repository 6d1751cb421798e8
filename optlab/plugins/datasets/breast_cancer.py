from pathlib import Path

import numpy as np

from optlab import dataset


@dataset
def breast_cancer():
    """Breast cancer: 569 tumours, 30 features of their cell nuclei, malignant (0) or benign (1).

    Wolberg, Mangasarian, Street and Street, "Breast Cancer Wisconsin (Diagnostic)", UCI Machine Learning
    Repository (1995), CC BY 4.0, in the version of scikit-learn's `load_breast_cancer`. Every feature is standardised
    to mean 0 and standard deviation 1 over all 569 examples, so both statistics include the test examples.
    """
    with np.load(Path(__file__).parent / "data" / "breast_cancer.npz", allow_pickle=False) as file:
        features, labels = file["numerators"] / file["scales"], file["labels"]
    return (features - features.mean(axis=0)) / features.std(axis=0), labels
