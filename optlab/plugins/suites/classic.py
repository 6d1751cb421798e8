from optlab import suite

IN_ANY_DIMENSION = (
    "ackley",
    "ellipsoid",
    "griewank",
    "levy",
    "rastrigin",
    "rosenbrock",
    "schwefel",
    "sphere",
    "styblinski_tang",
)

IN_THE_PLANE = (
    "beale",
    "booth",
    "branin",
    "easom",
    "goldstein_price",
    "himmelblau",
    "matyas",
    "mccormick",
    "michalewicz",
    "ravine",
    "saddle",
    "six_hump_camel",
    "three_hump_camel",
)


@suite
def classic(*, functions=(*IN_ANY_DIMENSION, *IN_THE_PLANE), dim=(2, 10, 50)):
    """The built-in test functions, in 2, 10 and 50 dimensions where their formula allows it.

    Nine are for any dimension, thirteen are functions of two parameters. Each starts at its own start and has a known
    global minimum.
    """
    tables = []
    for name in functions:
        dims = [n for n in dim if n == 2 or name in IN_ANY_DIMENSION]
        if dims:
            tables.append({"name": name} if name in IN_THE_PLANE else {"name": name, "dim": dims})
    return tables
