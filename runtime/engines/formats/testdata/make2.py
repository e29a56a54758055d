# usage: python2.7 make2.py: the values that Python 2 has without numpy, in its three protocols.
import pickle
from collections import OrderedDict


class Old:
    pass


class New(object):
    pass


old, new = Old(), New()
old.a = 1
new.b = "x"
Old.__module__ = New.__module__ = "sklearn.made_up"
import sys, types
made_up = types.ModuleType("sklearn.made_up")
made_up.Old, made_up.New = Old, New
sys.modules["sklearn"] = types.ModuleType("sklearn")
sys.modules["sklearn.made_up"] = made_up

values = {
    "none": None, "true": True, "int": 7, "long": 7L, "big": 2 ** 70, "float": 0.1,
    "text": "a\\b\n'\xe9\x00", "quote": 'it\'s "so"', "unicode": u"a\\b\n\u00e9\u20ac",
    "list": [1, (2,), set([4])], "ordered": OrderedDict([("b", 1)]), "old": old, "new": new,
}
for protocol in range(3):
    with open("python2.values.%d.pkl" % protocol, "wb") as file:
        pickle.dump(values, file, protocol=protocol)
