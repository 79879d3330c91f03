"""What ends a run early.

BenchFailure
├── ServerFailure   a server did not start, or ended by itself
├── BadAnswer       an answer we cannot frame or read
└── Refused         answers other than 200 where only 200 is expected
"""


class BenchFailure(Exception):
    """The run cannot give figures worth reading."""


class ServerFailure(BenchFailure):
    pass


class BadAnswer(BenchFailure):
    pass


class Refused(BenchFailure):
    pass
