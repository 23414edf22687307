"""Every address of the site."""

from django.conf import settings
from django.urls import include, path, register_converter

from common import url_converters
from segmenter.views import (
    audit,
    charts,
    customers,
    deleting,
    editing,
    errors,
    exports,
    glossary,
    health,
    history,
    home,
    login,
    people,
    run_pages,
    runs,
    segmentations,
    segments,
)

register_converter(url_converters.ChartConverter, "chart")
register_converter(url_converters.FormatConverter, "format")
register_converter(url_converters.ListFormatConverter, "list_format")

segmenter_patterns = [
    # /datasets/<slug>/
    path("datasets/<slug:slug>/delete/", deleting.dataset_delete, name="dataset-delete"),
    path("datasets/<slug:slug>/runs/new/", runs.run_create, name="run-create"),
    path(
        "datasets/<slug:slug>/customers/<int:customer_id>/", customers.customer_detail, name="customer-detail"
    ),
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
        segmentations.segmentation_sizes,
        name="segmentation-sizes",
    ),
    path(
        "segmentations/<int:segmentation_id>/segments/<int:segment_id>/",
        editing.segment_edit,
        name="segment-edit",
    ),
    # /runs/
    path("runs/", history.run_list, name="run-list"),
    path("runs/compare/", history.run_compare, name="run-compare"),
    path("runs/<int:run_id>/", run_pages.run_detail, name="run-detail"),
    path("runs/<int:run_id>/again/", run_pages.run_again, name="run-again"),
    path("runs/<int:run_id>/k/<int:k>/", run_pages.run_k, name="run-k"),
    path("runs/<int:run_id>/pictures/", run_pages.run_picture, name="run-picture"),
    path("runs/<int:run_id>/export/", exports.run_export, name="run-export"),
    path("runs/<int:run_id>/export.<list_format:ending>", exports.run_file, name="run-file"),
    path("runs/<int:run_id>/delete/", deleting.run_delete, name="run-delete"),
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

people_patterns = [
    # /people/
    path("people/", people.person_list, name="person-list"),
    path("people/invite/", people.person_invite, name="person-invite"),
    # /people/<id>/
    path("people/<int:person_id>/", people.person_detail, name="person-detail"),
    path("people/<int:person_id>/role/", people.person_role, name="person-role"),
    path("people/<int:person_id>/activity/", people.person_activity, name="person-activity"),
    path("people/<int:person_id>/reset/", people.person_reset, name="person-reset"),
    path("people/<int:person_id>/forget-factor/", people.person_forget_factor, name="person-forget-factor"),
]

# Parts of allauth that have no use here: who may log in, and by which address, is the administrators' to say.
closed_patterns = [
    path("email/", errors.closed),
    path("confirm-email/", errors.closed),
    path("confirm-email/<str:key>/", errors.closed),
    path("login/code/confirm/", errors.closed),
    path("social/<path:rest>", errors.closed),
]
if not settings.OIDC_ISSUER:
    closed_patterns += [path("3rdparty/", errors.closed), path("3rdparty/<path:rest>", errors.closed)]
if not settings.EMAIL_URL:
    closed_patterns += [
        path("password/reset/", login.ask_administrator),
        path("password/reset/done/", errors.closed),
    ]

handler400 = errors.bad_request

urlpatterns = [
    path("", home.home, name="home"),
    path("glossary/", glossary.glossary, name="glossary"),
    path("healthz", health.healthz, name="healthz"),
    path("metrics", health.metrics, name="metrics"),
    path("audit/", audit.audit_list, name="audit-list"),
    path("accounts/login/", login.ThrottledLoginView.as_view(), name="account_login"),
    path("accounts/", include(closed_patterns)),
    path("accounts/", include("allauth.urls")),
    path("", include("jobs.urls")),
    path("", include("customers.urls")),
    path("", include((segmenter_patterns, "segmenter"))),
    path("", include((people_patterns, "people"))),
]
