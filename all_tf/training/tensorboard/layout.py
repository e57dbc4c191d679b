"""The charts that TensorBoard shows together in Custom Scalars: F1, kappa, loss and AUROC."""

from tensorboard.plugins.custom_scalar import layout_pb2
from tensorboard.plugins.custom_scalar.summary import pb
from tensorflow.core.framework.summary_pb2 import Summary

_TAG_OF_CHART = {"F1": "f1", "Cohen's kappa": "kappa", "loss": "loss", "AUROC": "more/auc"}
_CURVES_OF_STEPS = {"loss of the steps": "steps/loss", "images a second": "steps/images_per_second"}


def pinned_charts() -> Summary:
    """The layout, the same for every run: TensorBoard joins those of several."""
    categories = {"selection and training, by epoch": _TAG_OF_CHART, "by step": _CURVES_OF_STEPS}
    layout = layout_pb2.Layout(
        category=[
            layout_pb2.Category(title=title, chart=[_chart(*each) for each in tag_of_chart.items()])
            for title, tag_of_chart in categories.items()
        ]
    )
    return pb(layout)


def _chart(title: str, tag: str) -> layout_pb2.Chart:
    # The tag is a regular expression that is searched for.
    content = layout_pb2.MultilineChartContent(tag=[f"^{tag}$"])
    return layout_pb2.Chart(title=title, multiline=content)
