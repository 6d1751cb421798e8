from pathlib import Path

import numpy as np

from optlab import dataset


@dataset
def digits():
    """Handwritten digits: 1,797 grey images of 8x8 pixels from 0 to 1, ten classes.

    Alpaydin and Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning Repository (1998),
    CC BY 4.0: its test set, in the version of scikit-learn's `load_digits`, divided by 16.
    """
    with np.load(Path(__file__).parent / "data" / "digits.npz", allow_pickle=False) as file:
        return file["inputs"] / 16.0, file["labels"]
