from django.urls import path

from customers.views import customers, datasets, imports

app_name = "customers"

urlpatterns = [
    # /datasets/
    path("datasets/", datasets.dataset_list, name="dataset-list"),
    path("datasets/new/", datasets.dataset_create, name="dataset-create"),
    path("datasets/<slug:slug>/", datasets.dataset_detail, name="dataset-detail"),
    path("datasets/<slug:slug>/overview/", datasets.dataset_overview, name="dataset-overview"),
    path("datasets/<slug:slug>/customers/", datasets.customer_list, name="customer-list"),
    path(
        "datasets/<slug:slug>/customers/<int:customer_id>/", customers.customer_detail, name="customer-detail"
    ),
    path("datasets/<slug:slug>/import/", imports.import_create, name="import-create"),
    # /imports/<id>/
    path("imports/<int:import_id>/", imports.import_detail, name="import-detail"),
    path("imports/<int:import_id>/begin/", imports.import_begin, name="import-begin"),
    path("imports/<int:import_id>/preview/", imports.import_preview, name="import-preview"),
    path("imports/<int:import_id>/discard/", imports.import_discard, name="import-discard"),
    path("imports/<int:import_id>/undo/", imports.import_undo, name="import-undo"),
    path("imports/<int:import_id>/rejected.csv", imports.import_rejects, name="import-rejects"),
]
