from optlab import suite


@suite
def bbob(*, functions=tuple(range(1, 25)), dim=(2, 3, 5, 10, 20, 40), instances=tuple(range(1, 16))):
    """The 24 noiseless functions of bbob with their instances (Hansen, Finck, Ros & Auger, 2009), as in COCO.

    The instances of a function in a dimension are one sweep. Each run starts at a random point of [-5, 5]^n. Other
    instances are available by name: `name = "bbob_f8"`, `instance = [71, 72]`.
    """
    return [{"name": f"bbob_f{number}", "dim": list(dim), "instance": list(instances)} for number in functions]
