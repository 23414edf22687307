from django.urls import path, register_converter

from common import url_converters
from segmentation.views import (
    charts,
    comparison,
    deletion,
    editing,
    exports,
    rules,
    runs,
    segmentations,
    segments,
)

register_converter(url_converters.ChartConverter, "chart")
register_converter(url_converters.FormatConverter, "format")
register_converter(url_converters.ListFormatConverter, "list_format")
register_converter(rules.RuleFormConverter, "rule_form")

app_name = "segmentation"

urlpatterns = [
    # /datasets/<slug>/
    path("datasets/<slug:slug>/delete/", deletion.dataset_delete, name="dataset-delete"),
    path("datasets/<slug:slug>/runs/new/", runs.run_create, name="run-create"),
    path("datasets/<slug:slug>/runs/new/customers/", runs.run_participants, name="run-participants"),
    path("datasets/<slug:slug>/customers/export/", exports.customers_export, name="customers-export"),
    path(
        "datasets/<slug:slug>/customers/export.<list_format:ending>",
        exports.customers_file,
        name="customers-file",
    ),
    # /segmentations/<id>/
    path(
        "segmentations/<int:segmentation_id>/", segmentations.segmentation_detail, name="segmentation-detail"
    ),
    path(
        "segmentations/<int:segmentation_id>/rename/",
        editing.segmentation_rename,
        name="segmentation-rename",
    ),
    path(
        "segmentations/<int:segmentation_id>/charts/sizes.<format:format>",
        charts.segmentation_sizes,
        name="segmentation-sizes",
    ),
    path(
        "segmentations/<int:segmentation_id>/segments/<int:segment_id>/",
        editing.segment_edit,
        name="segment-edit",
    ),
    # /runs/
    path("runs/", runs.run_list, name="run-list"),
    path("runs/compare/", comparison.run_compare, name="run-compare"),
    path("runs/<int:run_id>/", runs.run_detail, name="run-detail"),
    path("runs/<int:run_id>/again/", runs.run_again, name="run-again"),
    path("runs/<int:run_id>/k/<int:k>/", runs.run_k, name="run-k"),
    path("runs/<int:run_id>/pictures/", runs.run_picture, name="run-picture"),
    path("runs/<int:run_id>/export/", exports.run_export, name="run-export"),
    path("runs/<int:run_id>/export.<list_format:ending>", exports.run_file, name="run-file"),
    path("runs/<int:run_id>/rule/<rule_form:form>/", rules.run_rule, name="run-rule"),
    path("runs/<int:run_id>/delete/", deletion.run_delete, name="run-delete"),
    path("runs/<int:run_id>/charts/<chart:name>.<format:format>", charts.chart, name="chart"),
    # /runs/<id>/segments/<number>/
    path("runs/<int:run_id>/segments/<int:number>/", segments.segment_detail, name="segment-detail"),
    path("runs/<int:run_id>/segments/<int:number>/rename/", editing.segment_rename, name="segment-rename"),
    path("runs/<int:run_id>/segments/<int:number>/export/", exports.segment_export, name="segment-export"),
    path(
        "runs/<int:run_id>/segments/<int:number>/export.<list_format:ending>",
        exports.segment_file,
        name="segment-file",
    ),
    # /exports/<id>/
    path("exports/<int:export_id>/", exports.export_detail, name="export-detail"),
    path("exports/<int:export_id>/download/", exports.export_download, name="export-download"),
]
