"""The 24 noiseless functions of bbob (Hansen, Finck, Ros & Auger, 2009; revised 2014), in five groups as in the report.

instances        the data of an instance: position of the minimum, rotations, offset
transformations  the transformations that the functions are composed of
separable, moderate, ill_conditioned, multimodal, weak_structure   f1-f5, f6-f9, f10-f14, f15-f19, f20-f24
"""
