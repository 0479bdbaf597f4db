"""The bases of keras.applications that a check sends, as frozen bases and in files."""

from __future__ import annotations

from harness.architectures.applications import LIGHT, application, known
from harness.architectures.vocabulary import Vocabulary
from harness.check.result import Options
from harness.check.sender import Table
from harness.protocol.architecture import Architecture

ROUTES = ("transfer", "keras_zip", "hdf5")
Sent = list[tuple[Architecture, Table]]


def bases(options: Options, table: Table, vocabulary: Vocabulary) -> tuple[Sent, Sent]:
    """The light ones, and the large ones, that the profile asks for; none where layers or topologies were named.

    The light ones are to be sent first, that none of them is waited for at the end; the large ones last, for a time
    limit must not leave layers unseen for them.
    """
    rows: Table = {route: row for route, row in table.items() if route in ROUTES}
    wanted = () if options.layers or options.topologies or not rows else options.profile.applications
    names = [name for name in known(vocabulary) if name in wanted]

    def sent(*, light: bool) -> Sent:
        return [(application(each), rows) for each in names if (each in LIGHT) is light]

    return sent(light=True), sent(light=False)
