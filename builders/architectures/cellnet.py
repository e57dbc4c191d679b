"""Our own network, trained from random weights; it is not part of the study of 2021."""

from builders.architecture import Architecture, imported_when_called

ARCHITECTURES = {
    "cellnet": Architecture(
        imported_when_called("builders.cellnet:cellnet"),
        parameters=78_912,
    ),
}
